# Experiments on real tissue: what is called, and how it agrees with the structure of the tissue.
rule tissue_calls:
    input:
        data=get_first_data,
        outputs=get_called_runs("output.tsv"),
        statuses=get_called_runs("status.json"),
        code=get_code("scbench.figures.svg_calls"),
    output:
        table="results/svg/{dataset}/calls.tsv",
        called="results/svg/{dataset}/called.tsv",
        intersections="results/svg/{dataset}/intersections.tsv",
        jaccard="results/svg/{dataset}/jaccard.tsv",
        png=report(
            "results/figures/svg-calls-{dataset}.png",
            caption="../report/tissue_calls.rst",
            category="Spatially variable genes",
            labels={"figure": "Called genes, {dataset}"},
        ),
        pdf="results/figures/svg-calls-{dataset}.pdf",
    log:
        "results/logs/tissue/calls-{dataset}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        names=get_called_methods,
        labels=get_tissue_labels,
        fdr=get_fdr,
        confidence=get_confidence,
    script:
        "../../scripts/tissue_calls.py"


rule tissue_clusters:
    input:
        data=get_tissue_data,
        called=get_tissue_called,
        code=get_code("scbench.figures.svg_clusters", "scbench.svg.structure.trends"),
    output:
        table="results/svg/tissue-{tissue}/clusters.tsv",
        trends="results/svg/tissue-{tissue}/cluster_trends.tsv",
        layers="results/svg/tissue-{tissue}/cluster_layers.tsv",
        png=report(
            "results/figures/svg-clusters-{tissue}.png",
            caption="../report/tissue_clusters.rst",
            category="Spatially variable genes",
            labels={"figure": "Clusters of called genes, {tissue}"},
        ),
        pdf="results/figures/svg-clusters-{tissue}.pdf",
    log:
        "results/logs/tissue/clusters-{tissue}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        row=get_tissue,
        seed=get_tissue_seed,
        titles=get_tissue_titles,
    script:
        "../../scripts/tissue_clusters.py"


rule tissue_structure:
    input:
        data=get_tissue_data,
        called=get_tissue_called,
        code=get_code("scbench.figures.svg_structure", "scbench.svg.structure.study"),
    output:
        table="results/svg/tissue-{tissue}/structure.tsv",
        structures="results/svg/tissue-{tissue}/structures.npz",
        png=report(
            "results/figures/svg-structure-{tissue}.png",
            caption="../report/tissue_structure.rst",
            category="Spatially variable genes",
            labels={"figure": "Tissue rebuilt from called genes, {tissue}"},
        ),
        pdf="results/figures/svg-structure-{tissue}.pdf",
    log:
        "results/logs/tissue/structure-{tissue}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        row=get_tissue,
        seed=get_tissue_seed,
        titles=get_tissue_titles,
        labels=get_tissue_labels,
    script:
        "../../scripts/tissue_structure.py"


rule tissue_structure_released:
    input:
        data=get_tissue_data,
        called=get_tissue_called,
        code=get_code("scbench.svg.structure.study"),
    output:
        table="results/svg/tissue-{tissue}/released/structure.tsv",
        structures="results/svg/tissue-{tissue}/released/structures.npz",
    log:
        "results/logs/tissue/structure-released-{tissue}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        row=get_tissue,
        seed=get_tissue_seed,
    script:
        "../../scripts/tissue_structure_released.py"


rule tissue_distances:
    input:
        data=get_tissue_data,
        called=get_tissue_called,
        structures="results/svg/tissue-{tissue}/structures.npz",
        extras=get_tissue_runs("extra.npz"),
        code=get_code("scbench.figures.svg_distances", "scbench.svg.structure.study"),
    output:
        table="results/svg/tissue-{tissue}/distances.tsv",
        cutoffs="results/svg/tissue-{tissue}/distance_cutoffs.tsv",
        tests="results/svg/tissue-{tissue}/distance_tests.tsv",
        png=report(
            "results/figures/svg-distances-{tissue}.png",
            caption="../report/tissue_distances.rst",
            category="Spatially variable genes",
            labels={"figure": "Distance of genes to the tissue, {tissue}"},
        ),
        pdf="results/figures/svg-distances-{tissue}.pdf",
    log:
        "results/logs/tissue/distances-{tissue}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        row=get_tissue,
        reference=get_tissue_reference,
        seed=get_tissue_seed,
        confidence=get_confidence,
        titles=get_tissue_titles,
        labels=get_tissue_labels,
    script:
        "../../scripts/tissue_distances.py"


rule tissue_voronoi:
    input:
        data=get_tissue_data,
        called=get_tissue_called,
        clusters="results/svg/tissue-{tissue}/clusters.tsv",
        structures="results/svg/tissue-{tissue}/structures.npz",
        output=get_first_run("output.tsv"),
        extra=get_first_run("extra.npz"),
        code=get_code("scbench.figures.svg_voronoi"),
    output:
        png=report(
            "results/figures/svg-voronoi-{tissue}.png",
            caption="../report/tissue_voronoi.rst",
            category="Spatially variable genes",
            labels={"figure": "Segments of example genes, {tissue}"},
        ),
        pdf="results/figures/svg-voronoi-{tissue}.pdf",
    log:
        "results/logs/tissue/voronoi-{tissue}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        row=get_tissue,
        reference=get_tissue_reference,
        titles=get_tissue_titles,
    script:
        "../../scripts/tissue_voronoi.py"
