# What a pre-trained encoder knows without labels: types by gene sets, and markers by attention.
rule annotation_pathways:
    input:
        data=get_first_data,
        encoder="results/annotation/{dataset}/pretrained/{method}/encoder.npz",
        gene_sets=get_gene_sets,
        code=get_code("scbench.annotation.pathways", "scbench.annotation.untrained", "scbench.figures.pathways"),
    output:
        table="results/annotation/pathways-{dataset}-{method}.tsv",
        points="results/annotation/pathways-map-{dataset}-{method}.tsv",
        png=report(
            "results/figures/annotation-pathways-{dataset}-{method}.png",
            caption="../report/annotation_pathways.rst",
            category="Cell type annotation",
            labels={"figure": "Types by gene sets, {dataset}, {method}"},
        ),
        pdf="results/figures/annotation-pathways-{dataset}-{method}.pdf",
    log:
        "results/logs/annotation/pathways-{dataset}-{method}.log",
    conda:
        "../../envs/annotation.yaml"
    threads: 1
    resources:
        mem_mb=8000,
    params:
        types=get_pathway_types,
        seed=get_pathway_seed,
        title=get_encoder_title,
    script:
        "../../scripts/annotation_pathways.py"


rule annotation_attention:
    input:
        data=get_first_data,
        encoder="results/annotation/{dataset}/pretrained/{method}/encoder.npz",
        code=get_code(
            "scbench.annotation.attention_markers",
            "scbench.annotation.gene_sets",
            "scbench.annotation.untrained",
            "scbench.figures.attention",
        ),
    output:
        table="results/annotation/attention-{dataset}-{method}.tsv",
        genes="results/annotation/attention-genes-{dataset}-{method}.tsv",
        png=report(
            "results/figures/annotation-attention-{dataset}-{method}.png",
            caption="../report/annotation_attention.rst",
            category="Cell type annotation",
            labels={"figure": "Markers by attention, {dataset}, {method}"},
        ),
        pdf="results/figures/annotation-attention-{dataset}-{method}.pdf",
    log:
        "results/logs/annotation/attention-{dataset}-{method}.log",
    conda:
        "../../envs/annotation.yaml"
    threads: 1
    resources:
        mem_mb=8000,
    params:
        judge=get_attention_options,
        folds=get_attention_folds,
        title=get_encoder_title,
        confidence=PLAN.config["confidence"],
    script:
        "../../scripts/annotation_attention.py"
