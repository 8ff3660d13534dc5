# What the marker track shows besides scores, time and confusion.
rule learning_curves:
    input:
        data=get_first_data,
        split="resources/splits/markers/{dataset}/r0.npz",
        code=get_method_code,
    output:
        "results/markers/{dataset}/{method}/curves.tsv",
    log:
        "results/logs/learning_curves/{dataset}/{method}.log",
    conda:
        get_env
    threads: get_threads
    resources:
        mem_mb=get_mem_mb,
        gpu=get_gpu,
        gpu_model=get_gpu_model,
    params:
        spec=get_first_spec,
        folds=get_folds,
    script:
        "../../scripts/learning_curves.py"


rule figure_learning:
    input:
        curves=get_curves,
        code=get_code("scbench.figures.learning"),
    output:
        png=report(
            "results/figures/{track}-learning-{dataset}.png",
            caption="../report/learning.rst",
            category=get_track_title,
            labels={"figure": "Learning curves, {dataset}"},
        ),
        pdf="results/figures/{track}-learning-{dataset}.pdf",
    log:
        "results/logs/figures/{track}-learning-{dataset}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_labels,
        names=get_curve_methods,
    script:
        "../../scripts/figure_learning.py"


rule figure_shapley:
    input:
        extra="results/{track}/{dataset}/{method}/r0/extra.npz",
        code=get_code("scbench.figures.shapley"),
    output:
        png=report(
            "results/figures/{track}-shapley-{method}-{dataset}.png",
            caption="../report/shapley.rst",
            category=get_track_title,
            labels={"figure": "Shapley values, {method}, {dataset}"},
        ),
        pdf="results/figures/{track}-shapley-{method}-{dataset}.pdf",
    log:
        "results/logs/figures/{track}-shapley-{method}-{dataset}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_labels,
    script:
        "../../scripts/figure_shapley.py"


use rule figure_scores as figure_panel_size with:
    input:
        scores="results/{track}/scores.tsv",
        ranks="results/{track}/ranks.tsv",
        code=get_code("scbench.figures.panel_size"),
    output:
        png=report(
            "results/figures/{track}-panel-size.png",
            caption="../report/panel_size.rst",
            category=get_track_title,
            labels={"figure": "Scores by size of the panel"},
        ),
        pdf="results/figures/{track}-panel-size.pdf",
    log:
        "results/logs/figures/{track}-panel-size.log",
    params:
        labels=get_labels,
        module="panel_size",
        options={},


use rule figure_scores as figure_classifiers with:
    input:
        scores="results/{track}/scores.tsv",
        ranks="results/{track}/ranks.tsv",
        code=get_code("scbench.figures.classifiers"),
    output:
        png=report(
            "results/figures/{track}-classifiers.png",
            caption="../report/classifiers.rst",
            category=get_track_title,
            labels={"figure": "Other classifiers"},
        ),
        pdf="results/figures/{track}-classifiers.pdf",
    log:
        "results/logs/figures/{track}-classifiers.log",
    params:
        labels=get_labels,
        module="classifiers",
        options=get_classifier_options,


use rule figure_scores as figure_comparison with:
    input:
        scores="results/{track}/scores.tsv",
        ranks="results/{track}/ranks.tsv",
        code=get_code("scbench.figures.comparison"),
    output:
        png=report(
            "results/figures/{track}-comparison-{group}.png",
            caption="../report/comparison.rst",
            category=get_track_title,
            labels={"figure": "Comparison: {group}"},
        ),
        pdf="results/figures/{track}-comparison-{group}.pdf",
    log:
        "results/logs/figures/{track}-comparison-{group}.log",
    params:
        labels=get_labels,
        module="comparison",
        options=get_comparison_options,


use rule figure_scores as figure_two_step with:
    input:
        scores="results/{track}/scores.tsv",
        ranks="results/{track}/ranks.tsv",
        code=get_code("scbench.figures.two_step"),
    output:
        png=report(
            "results/figures/{track}-two-step.png",
            caption="../report/two_step.rst",
            category=get_track_title,
            labels={"figure": "One step or two"},
        ),
        pdf="results/figures/{track}-two-step.pdf",
    log:
        "results/logs/figures/{track}-two-step.log",
    params:
        labels=get_labels,
        module="two_step",
        options=get_two_step_options,


rule figure_matrix:
    input:
        data=get_first_data,
        outputs=get_matrix_outputs,
        code=get_code("scbench.figures.matrix"),
    output:
        png=report(
            "results/figures/{track}-matrix-{dataset}.png",
            caption="../report/matrix.rst",
            category=get_track_title,
            labels={"figure": "Markers by class, {dataset}"},
        ),
        pdf="results/figures/{track}-matrix-{dataset}.pdf",
    log:
        "results/logs/figures/{track}-matrix-{dataset}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_labels,
        names=get_matrix_methods,
    script:
        "../../scripts/figure_matrix.py"


rule overlap:
    input:
        data=get_first_data,
        outputs=get_all_runs("output.tsv"),
        code=get_code("scbench.markers.overlap", "scbench.figures.overlap"),
    output:
        table="results/{track}/{dataset}/overlap.tsv",
        png=report(
            "results/figures/{track}-overlap-{dataset}.png",
            caption="../report/overlap.rst",
            category=get_track_title,
            labels={"figure": "Overlap of methods, {dataset}"},
        ),
        pdf="results/figures/{track}-overlap-{dataset}.pdf",
    log:
        "results/logs/overlap/{track}/{dataset}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_labels,
        top_k=get_top_k,
        replicates=get_replicates,
    script:
        "../../scripts/overlap.py"


rule specificity:
    input:
        data=get_first_data,
        split="resources/splits/{track}/{dataset}/r0.npz",
        outputs=get_of_dataset("r0/output.tsv"),
        code=get_code("scbench.markers.specificity", "scbench.report.tables"),
    output:
        table="results/{track}/{dataset}/specificity.tsv",
        page=report(
            "results/tables/{track}-specificity-{dataset}.html",
            caption="../report/specificity.rst",
            category=get_track_title,
            labels={"figure": "Specificity of the first markers, {dataset}"},
        ),
    log:
        "results/logs/specificity/{track}/{dataset}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_labels,
    script:
        "../../scripts/specificity.py"


rule localisation:
    input:
        data=get_localised_data,
        ranking=get_localised_ranking,
        tissue=get_localised_tissue,
        code=get_code("scbench.markers.localisation", "scbench.figures.localisation"),
    output:
        table="results/{track}/localisation-{map}.tsv",
        png=report(
            "results/figures/{track}-localisation-{map}.png",
            caption="../report/localisation.rst",
            category=get_track_title,
            labels={"figure": "Localisation, {map}"},
        ),
        pdf="results/figures/{track}-localisation-{map}.pdf",
    log:
        "results/logs/localisation/{track}-{map}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        chosen=get_localisation,
        seed=get_localisation_seed,
    script:
        "../../scripts/localisation.py"


rule summary:
    input:
        ranks="results/{track}/ranks.tsv",
        facts=get_track_facts,
        code=get_code("scbench.report.summary"),
    output:
        report(
            "results/tables/{track}-summary.html",
            caption="../report/summary.rst",
            category=get_track_title,
            labels={"figure": "Tables: datasets, and scores at a glance"},
        ),
    log:
        "results/logs/tables/{track}-summary.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_labels,
        scenario=get_scenario,
        title=get_track_title,
    script:
        "../../scripts/summary.py"
