# Experiments of the svg track: series of datasets, leaking totals, calibration and power.
import scbench.plan_svg as svg_plan

SVG = PLAN.tracks.get("svg", {"series": {}, "methods": []})


wildcard_constraints:
    series="|".join(SVG["series"]) or "none",
    scenario="|".join(svg_plan.SCENARIOS),


def get_series(wildcards):
    """What the figure of a series needs to know of it."""
    chosen = SVG["series"][wildcards.series]
    return {
        "levels": chosen["levels"],
        "axis": chosen["axis"],
        "title": wildcards.series.replace("_", " ").capitalize(),
    }


def get_series_data(wildcards):
    """First replicate of each dataset of a series, by level."""
    return [PLAN.prepared(dataset, 0) for dataset in svg_plan.levels(SVG, wildcards.series)]


def get_first_of_series(wildcards):
    return get_series_data(wildcards)[0]


def get_series_runs(name):
    """One file of the first replicate of a method on each dataset of a series, by level."""

    def files(wildcards):
        datasets = svg_plan.levels(SVG, wildcards.series)
        return [f"results/svg/{dataset}/{wildcards.method}/r0/{name}" for dataset in datasets]

    return files


def get_series_labels(wildcards):
    """Label of the first dataset of a series, by level."""
    return PLAN.registry.dataset(svg_plan.levels(SVG, wildcards.series)[0])["label"]


def get_leak_data(wildcards):
    return [PLAN.prepared(dataset, 0) for dataset in SVG["leak"]]


def get_leak_datasets(wildcards):
    return {dataset: PLAN.registry.dataset(dataset)["label"] for dataset in SVG["leak"]}


def get_calibrated(wildcards):
    return svg_plan.calibrated(SVG, PLAN.registry, wildcards.dataset)


def get_calibrated_runs(name):
    """One file of each independent replicate of each calibrated method, all replicates of the first method first."""

    def files(wildcards):
        runs = svg_plan.replicates(PLAN, wildcards.dataset)
        return [
            f"results/svg/{wildcards.dataset}/{method}/r{r}/{name}"
            for method in get_calibrated(wildcards)
            for r in runs
        ]

    return files


def get_testing_methods(wildcards):
    """Methods that give p-values."""
    return [name for name in SVG["methods"] if PLAN.registry.method(name)["pvalues"]]


def get_testing_outputs(wildcards):
    """Outputs of the methods that give p-values, all replicates of the first method first."""
    runs = PLAN.replicates("svg")
    methods = get_testing_methods(wildcards)
    return [f"results/svg/{wildcards.dataset}/{method}/r{r}/output.tsv" for method in methods for r in runs]


def get_testing_data(wildcards):
    return [PLAN.prepared(wildcards.dataset, r) for r in PLAN.replicates("svg")]


def get_svg_labels(wildcards):
    return PLAN.labels("svg")


def get_svg_dataset_label(wildcards):
    return PLAN.registry.dataset(wildcards.dataset)["label"]


def get_calibrations(wildcards):
    return [f"results/svg/{dataset}/calibration.tsv" for dataset in SVG["calibration"]]


rule svg_series:
    input:
        scores="results/svg/scores.tsv",
        code=get_code("scbench.figures.series"),
    output:
        png=report(
            "results/figures/svg-series-{series}-{scenario}.png",
            caption="../report/svg_series.rst",
            category="Spatially variable genes",
            labels={"figure": "Series, {series}, {scenario}"},
        ),
        pdf="results/figures/svg-series-{series}-{scenario}.pdf",
    log:
        "results/logs/figures/svg-series-{series}-{scenario}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_svg_labels,
        series=get_series,
    script:
        "../../scripts/svg_series.py"


rule svg_patterns:
    input:
        data=get_first_of_series,
        code=get_code("scbench.figures.patterns"),
    output:
        png=report(
            "results/figures/svg-patterns-{series}.png",
            caption="../report/svg_patterns.rst",
            category="Spatially variable genes",
            labels={"figure": "Patterns, {series}"},
        ),
        pdf="results/figures/svg-patterns-{series}.pdf",
    log:
        "results/logs/figures/svg-patterns-{series}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        title=get_series_labels,
    script:
        "../../scripts/svg_patterns.py"


rule svg_segments:
    input:
        data=get_series_data,
        outputs=get_series_runs("output.tsv"),
        extras=get_series_runs("extra.npz"),
        code=get_code("scbench.figures.segments"),
    output:
        png=report(
            "results/figures/svg-segments-{series}-{method}.png",
            caption="../report/svg_segments.rst",
            category="Spatially variable genes",
            labels={"figure": "Segments, {series}, {method}"},
        ),
        pdf="results/figures/svg-segments-{series}-{method}.pdf",
    log:
        "results/logs/figures/svg-segments-{series}-{method}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_svg_labels,
        series=get_series,
    script:
        "../../scripts/svg_segments.py"


rule svg_leak:
    input:
        scores="results/svg/scores.tsv",
        data=get_leak_data,
        code=get_code("scbench.figures.leak"),
    output:
        png=report(
            "results/figures/svg-leak.png",
            caption="../report/svg_leak.rst",
            category="Spatially variable genes",
            labels={"figure": "Leaking totals"},
        ),
        pdf="results/figures/svg-leak.pdf",
    log:
        "results/logs/figures/svg-leak.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_svg_labels,
        datasets=get_leak_datasets,
        confidence=PLAN.config["confidence"],
    script:
        "../../scripts/svg_leak.py"


rule svg_calibration:
    input:
        outputs=get_calibrated_runs("output.tsv"),
        statuses=get_calibrated_runs("status.json"),
        code=get_code("scbench.svg.calibration", "scbench.figures.calibration"),
    output:
        table="results/svg/{dataset}/calibration.tsv",
        png=report(
            "results/figures/svg-calibration-{dataset}.png",
            caption="../report/svg_calibration.rst",
            category="Spatially variable genes",
            labels={"figure": "Calibration, {dataset}"},
        ),
        pdf="results/figures/svg-calibration-{dataset}.pdf",
    log:
        "results/logs/svg_calibration/{dataset}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_svg_labels,
        names=get_calibrated,
        title=get_svg_dataset_label,
        fdr=SVG.get("fdr"),
        confidence=PLAN.config["confidence"],
    script:
        "../../scripts/svg_calibration.py"


rule svg_calibration_page:
    input:
        tables=get_calibrations,
        code=get_code("scbench.report.tables"),
    output:
        report(
            "results/tables/svg-calibration.html",
            caption="../report/svg_calibration.rst",
            category="Spatially variable genes",
            labels={"figure": "Table: calibration"},
        ),
    log:
        "results/logs/tables/svg-calibration.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    script:
        "../../scripts/svg_calibration_page.py"


rule svg_power:
    input:
        data=get_testing_data,
        outputs=get_testing_outputs,
        scores="results/svg/scores.tsv",
        code=get_code("scbench.svg.power", "scbench.figures.power"),
    output:
        table="results/svg/{dataset}/power.tsv",
        png=report(
            "results/figures/svg-power-{dataset}.png",
            caption="../report/svg_power.rst",
            category="Spatially variable genes",
            labels={"figure": "False discoveries and power, {dataset}"},
        ),
        pdf="results/figures/svg-power-{dataset}.pdf",
    log:
        "results/logs/svg_power/{dataset}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_svg_labels,
        names=get_testing_methods,
        confidence=PLAN.config["confidence"],
    script:
        "../../scripts/svg_power.py"
