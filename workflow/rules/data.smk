rule download:
    output:
        "resources/raw/{file}",
    log:
        "results/logs/download/{file}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        download=1,
    params:
        source=get_download,
        note=get_download_note,
    message:
        "Download {output} <- {params.note}"
    script:
        "../../scripts/download.py"


rule prepare:
    input:
        source=get_sources,
        code=get_data_code,
    output:
        data="resources/prepared/{instance}.h5ad",
        facts="resources/prepared/{instance}.json",
    log:
        "results/logs/prepare/{instance}.log",
    group:
        get_prepare_group
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=get_prepare_memory,
    params:
        name=get_dataset,
        roles=get_roles,
        entry=get_entry,
        seed=get_data_seed,
    script:
        "../../scripts/prepare.py"


rule split:
    input:
        data=get_data,
        code=get_code("scbench.splits"),
    output:
        "resources/splits/{track}/{dataset}/r{replicate}.npz",
    log:
        "results/logs/split/{track}/{dataset}/r{replicate}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        scheme=get_scheme,
    script:
        "../../scripts/split.py"


rule datasets:
    input:
        facts=get_data_facts,
        code=get_code("scbench.data.summary", "scbench.report.tables"),
    output:
        table="results/datasets.tsv",
        page=report(
            "results/tables/datasets.html",
            caption="../report/datasets.rst",
            category="Datasets",
            labels={"figure": "Datasets"},
        ),
    log:
        "results/logs/datasets.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        registry=get_summarised,
        left_out=PLAN.left_out,
    script:
        "../../scripts/datasets.py"


# The rule above never runs when a dataset could not be had, which is when its table matters most.
onerror:
    from scbench.data import summary

    summary.publish_failures(PLAN, get_data_targets(None), "results/datasets.tsv", "results/tables/datasets.html")
