# Time and memory against the number of cells. The runs themselves are those of the rule `run`, one per size.
rule svg_scaling:
    input:
        statuses=get_scaling_statuses,
        facts=get_scaling_facts,
        code=get_code("scbench.svg.scaling", "scbench.report.tables"),
    output:
        runs="results/svg/scaling.tsv",
        fits="results/svg/scaling_fits.tsv",
        page=report(
            "results/tables/svg-scaling.html",
            caption="../report/svg_scaling.rst",
            category="Spatially variable genes",
            labels={"figure": "Table: growth with cells"},
        ),
    log:
        "results/logs/svg_scaling.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        families=svg_plan.families(SVG),
        confidence=PLAN.config["confidence"],
    script:
        "../../scripts/svg_scaling.py"


rule svg_scaling_figure:
    input:
        runs="results/svg/scaling.tsv",
        fits="results/svg/scaling_fits.tsv",
        code=get_code("scbench.figures.scaling"),
    output:
        png=report(
            "results/figures/svg-scaling-{family}.png",
            caption="../report/svg_scaling.rst",
            category="Spatially variable genes",
            labels={"figure": "Growth with cells, {family}"},
        ),
        pdf="results/figures/svg-scaling-{family}.pdf",
    log:
        "results/logs/figures/svg-scaling-{family}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        methods=get_scaling_labels,
        budgets=get_budgets,
        confidence=PLAN.config["confidence"],
    script:
        "../../scripts/svg_scaling_figure.py"
