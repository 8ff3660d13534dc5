rule figure_scores:
    input:
        scores="results/{track}/scores.tsv",
        ranks="results/{track}/ranks.tsv",
        code=get_code("scbench.figures.scores"),
    output:
        png=report(
            "results/figures/{track}-scores.png",
            caption="../report/scores.rst",
            category=get_track_title,
            labels={"figure": "Scores"},
        ),
        pdf="results/figures/{track}-scores.pdf",
    log:
        "results/logs/figures/{track}-scores.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_labels,
        module="scores",
        options={},
    script:
        "../../scripts/figure_scores.py"


rule figure_cost:
    input:
        status="results/{track}/status.tsv",
        code=get_code("scbench.figures.cost"),
    output:
        png=report(
            "results/figures/{track}-cost.png",
            caption="../report/cost.rst",
            category=get_track_title,
            labels={"figure": "Time and memory"},
        ),
        pdf="results/figures/{track}-cost.pdf",
    log:
        "results/logs/figures/{track}-cost.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_labels,
    script:
        "../../scripts/figure_cost.py"


rule figure_confusion:
    input:
        confusion="results/{track}/{dataset}/confusion.tsv",
        code=get_code("scbench.figures.confusion"),
    output:
        png=report(
            "results/figures/{track}-confusion-{dataset}.png",
            caption="../report/confusion.rst",
            category=get_track_title,
            labels={"figure": "Confusion, {dataset}"},
        ),
        pdf="results/figures/{track}-confusion-{dataset}.pdf",
    log:
        "results/logs/figures/{track}-confusion-{dataset}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_labels,
        scenario=get_scenario,
    script:
        "../../scripts/figure_confusion.py"


rule figure_tissue:
    input:
        data=get_first_data,
        outputs=get_of_dataset("r0/output.tsv"),
        code=get_code("scbench.figures.tissue"),
    output:
        png=report(
            "results/figures/{track}-tissue-{dataset}.png",
            caption="../report/tissue.rst",
            category=get_track_title,
            labels={"figure": "Tissue, {dataset}"},
        ),
        pdf="results/figures/{track}-tissue-{dataset}.pdf",
    log:
        "results/logs/figures/{track}-tissue-{dataset}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_labels,
        scoring=get_scoring,
    script:
        "../../scripts/figure_tissue.py"


rule table:
    input:
        ranks="results/{track}/ranks.tsv",
        scores="results/{track}/scores.tsv",
        status="results/{track}/status.tsv",
        code=get_code("scbench.report.tables"),
    output:
        report(
            "results/tables/{track}.html",
            caption="../report/tables.rst",
            category=get_track_title,
            labels={"figure": "Tables: ranks, scores, status"},
        ),
    log:
        "results/logs/tables/{track}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        title=get_track_title,
    script:
        "../../scripts/table.py"
