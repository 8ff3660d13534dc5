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
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        name=get_dataset,
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
