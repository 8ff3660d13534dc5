# One rule for every method of every track: environment, resources and parameters come from the registry.
rule run:
    input:
        data=get_data,
        split=get_split,
        environment=get_environment,
    output:
        status="results/{track}/{dataset}/{method}/r{replicate}/status.json",
        output="results/{track}/{dataset}/{method}/r{replicate}/output.tsv",
        extra="results/{track}/{dataset}/{method}/r{replicate}/extra.npz",
    log:
        "results/logs/run/{track}/{dataset}/{method}/r{replicate}.log",
    benchmark:
        "results/benchmarks/run/{track}/{dataset}/{method}/r{replicate}.jsonl"
    group:
        get_run_group
    conda:
        get_env
    threads: get_threads
    resources:
        mem_mb=get_run_mem_mb,
        runtime=get_run_runtime,
        gpu=get_gpu,
        gpu_model=get_gpu_model,
    params:
        spec=get_spec,
    script:
        "../../scripts/run_method.py"


# All methods of a dataset in one job: the data are read once, and a job costs more than the scores of a method.
rule score:
    input:
        statuses=get_all_runs("status.json"),
        outputs=get_all_runs("output.tsv"),
        data=get_all_data,
        facts=get_all_facts,
        splits=get_all_splits,
        code=get_metric_code,
    output:
        scores="results/{track}/{dataset}/scores.tsv",
        confusion="results/{track}/{dataset}/confusion.tsv",
    log:
        "results/logs/score/{track}/{dataset}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    resources:
        mem_mb=4000,
    params:
        metrics=get_metrics,
        scoring=get_scoring,
        methods=get_method_entries,
    script:
        "../../scripts/score.py"


rule collect:
    input:
        statuses=get_statuses,
        scores=get_of_datasets("scores.tsv"),
        code=get_code("scbench.collect"),
    output:
        scores="results/{track}/scores.tsv",
        scores_parquet="results/{track}/scores.parquet",
        status="results/{track}/status.tsv",
        status_parquet="results/{track}/status.parquet",
        ranks="results/{track}/ranks.tsv",
        ranks_parquet="results/{track}/ranks.parquet",
    log:
        "results/logs/collect/{track}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        methods=get_method_entries,
        metrics=get_metrics,
        statistics=get_statistics,
    script:
        "../../scripts/collect.py"
