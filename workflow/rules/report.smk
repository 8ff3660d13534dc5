rule qc:
    input:
        status=get_all_tracks("status.tsv"),
        scores=get_all_tracks("scores.tsv"),
        code=get_code("scbench.qc", "scbench.report.tables"),
    output:
        table="results/qc.tsv",
        page=report(
            "results/tables/qc.html",
            caption="../report/tables.rst",
            category="Quality checks",
            labels={"figure": "Checks"},
        ),
    log:
        "results/logs/qc.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        methods=PLAN.registry.methods,
        metrics=PLAN.registry.metrics,
    script:
        "../../scripts/qc.py"


localrules:
    gate,


rule fidelity:
    input:
        outputs=get_compared_runs("output.tsv"),
        statuses=get_compared_runs("status.json"),
        code=get_code("scbench.fidelity", "scbench.report.tables"),
    output:
        table="results/{track}/fidelity.tsv",
        page=report(
            "results/tables/{track}-fidelity.html",
            caption="../report/fidelity.rst",
            category=get_track_title,
            labels={"figure": "Table: fidelity"},
        ),
    log:
        "results/logs/fidelity/{track}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        top=get_compared_top,
    script:
        "../../scripts/fidelity.py"


# Apart from `qc`, so that the checks are there to be read when the gate is shut.
rule gate:
    input:
        "results/qc.tsv",
    output:
        touch("results/.gate"),
    log:
        "results/logs/gate.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    script:
        "../../scripts/gate.py"


rule manifest:
    input:
        tables=get_all_tracks("scores.tsv"),
        status=get_all_tracks("status.tsv"),
        qc="results/qc.tsv",
        facts=get_all_prepared_facts,
        code=get_code("scbench.manifest"),
    output:
        "results/manifest.json",
    log:
        "results/logs/manifest.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        config=PLAN.config,
    script:
        "../../scripts/manifest.py"
