# Encoders that are pre-trained on all cells of a dataset without labels, and their embeddings.
rule annotation_pretrain:
    input:
        data=get_first_data,
        code=get_code("scbench.annotation.pretraining"),
    output:
        "results/annotation/{dataset}/pretrained/{method}/encoder.npz",
    log:
        "results/logs/annotation/pretrain-{dataset}-{method}.log",
    benchmark:
        "results/benchmarks/annotation/pretrain-{dataset}-{method}.jsonl"
    conda:
        get_env
    threads: get_threads
    resources:
        mem_mb=get_mem_mb,
        runtime=get_runtime,
        gpu=get_gpu,
        gpu_model=get_gpu_model,
    params:
        entry=get_encoder_entry,
        seed=get_encoder_seed("pretrain"),
    script:
        "../../scripts/annotation_pretrain.py"


rule annotation_embeddings:
    input:
        data=get_first_data,
        encoder="results/annotation/{dataset}/pretrained/{method}/encoder.npz",
        code=get_code(
            "scbench.annotation.embeddings", "scbench.annotation.scrobust.pretrained", "scbench.figures.embeddings"
        ),
    output:
        table="results/annotation/embeddings-{dataset}-{method}.tsv",
        points="results/annotation/embeddings-map-{dataset}-{method}.tsv",
        png=report(
            "results/figures/annotation-embeddings-{dataset}-{method}.png",
            caption="../report/annotation_embeddings.rst",
            category="Cell type annotation",
            labels={"figure": "Embeddings, {dataset}, {method}"},
        ),
        pdf="results/figures/annotation-embeddings-{dataset}-{method}.pdf",
    log:
        "results/logs/annotation/embeddings-{dataset}-{method}.log",
    conda:
        "../../envs/annotation.yaml"
    threads: 1
    resources:
        mem_mb=8000,
    params:
        row=get_encoder_row("embeddings"),
        seed=get_encoder_seed("embeddings"),
        title=get_encoder_title,
    script:
        "../../scripts/annotation_embeddings.py"


rule annotation_stages:
    input:
        data=get_first_data,
        code=get_code("scbench.annotation.stages", "scbench.annotation.pretraining", "scbench.figures.stages"),
    output:
        table="results/annotation/stages-{dataset}-{method}.tsv",
        clusters="results/annotation/stages-clusters-{dataset}-{method}.tsv",
        scores="results/annotation/stages-scores-{dataset}-{method}.tsv",
        png=report(
            "results/figures/annotation-stages-{dataset}-{method}.png",
            caption="../report/annotation_stages.rst",
            category="Cell type annotation",
            labels={"figure": "Stages over time, {dataset}, {method}"},
        ),
        pdf="results/figures/annotation-stages-{dataset}-{method}.pdf",
    log:
        "results/logs/annotation/stages-{dataset}-{method}.log",
    conda:
        "../../envs/annotation.yaml"
    threads: get_threads
    resources:
        mem_mb=8000,
        runtime=get_runtime,
        gpu=get_gpu,
        gpu_model=get_gpu_model,
    params:
        row=get_encoder_row("stages"),
        entry=get_encoder_entry,
        seed=get_encoder_seed("stages"),
        title=get_encoder_title,
    script:
        "../../scripts/annotation_stages.py"
