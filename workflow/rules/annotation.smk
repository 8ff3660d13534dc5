# What the annotation track shows besides scores, time and confusion.
rule annotation_classes:
    input:
        scores="results/{track}/scores.tsv",
        facts=get_first_facts,
        code=get_code("scbench.figures.annotation_classes"),
    output:
        png=report(
            "results/figures/{track}-classes-{dataset}.png",
            caption="../report/annotation_classes.rst",
            category=get_track_title,
            labels={"figure": "Accuracy by type, {dataset}"},
        ),
        pdf="results/figures/{track}-classes-{dataset}.pdf",
    log:
        "results/logs/figures/{track}-classes-{dataset}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_labels,
        rare=get_rare,
    script:
        "../../scripts/annotation_classes.py"


use rule figure_scores as annotation_dropout with:
    input:
        scores="results/{track}/scores.tsv",
        ranks="results/{track}/ranks.tsv",
        code=get_code("scbench.figures.annotation_lines"),
    output:
        png=report(
            "results/figures/{track}-dropout-{family}.png",
            caption="../report/annotation_dropout.rst",
            category=get_track_title,
            labels={"figure": "Additional dropout, {family}"},
        ),
        pdf="results/figures/{track}-dropout-{family}.pdf",
    log:
        "results/logs/figures/{track}-dropout-{family}.log",
    params:
        labels=get_labels,
        module="annotation_lines",
        options=get_dropout_options,


use rule figure_scores as annotation_sizes with:
    input:
        scores="results/{track}-sizes/scores.tsv",
        ranks="results/{track}-sizes/ranks.tsv",
        code=get_code("scbench.figures.annotation_lines"),
    output:
        png=report(
            "results/figures/{track}-sizes-{dataset}.png",
            caption="../report/annotation_sizes.rst",
            category=get_track_title,
            labels={"figure": "Number of training cells, {dataset}"},
        ),
        pdf="results/figures/{track}-sizes-{dataset}.pdf",
    log:
        "results/logs/figures/{track}-sizes-{dataset}.log",
    params:
        labels=get_size_labels,
        module="annotation_lines",
        options=get_size_options,


use rule figure_scores as annotation_novel with:
    input:
        scores="results/{track}-novel/scores.tsv",
        ranks="results/{track}-novel/ranks.tsv",
        code=get_code("scbench.figures.annotation_strips"),
    output:
        png=report(
            "results/figures/{track}-novel.png",
            caption="../report/annotation_novel.rst",
            category=get_track_title,
            labels={"figure": "Novel types"},
        ),
        pdf="results/figures/{track}-novel.pdf",
    log:
        "results/logs/figures/{track}-novel.log",
    params:
        labels=get_novel_labels,
        module="annotation_strips",
        options=get_novel_options,


use rule figure_scores as annotation_platforms with:
    input:
        scores="results/{track}-platforms/scores.tsv",
        ranks="results/{track}-platforms/ranks.tsv",
        code=get_code("scbench.figures.annotation_strips"),
    output:
        png=report(
            "results/figures/{track}-platforms.png",
            caption="../report/annotation_platforms.rst",
            category=get_track_title,
            labels={"figure": "Across platforms"},
        ),
        pdf="results/figures/{track}-platforms.pdf",
    log:
        "results/logs/figures/{track}-platforms.log",
    params:
        labels=get_platform_labels,
        module="annotation_strips",
        options=get_platform_options,


rule annotation_reliability:
    input:
        statuses=get_all_runs("status.json"),
        outputs=get_all_runs("output.tsv"),
        data=get_all_data,
        facts=get_all_facts,
        splits=get_all_splits,
        code=get_code("scbench.scoring.annotation", "scbench.figures.reliability"),
    output:
        png=report(
            "results/figures/{track}-reliability-{dataset}.png",
            caption="../report/annotation_reliability.rst",
            category=get_track_title,
            labels={"figure": "Reliability of confidences, {dataset}"},
        ),
        pdf="results/figures/{track}-reliability-{dataset}.pdf",
    log:
        "results/logs/figures/{track}-reliability-{dataset}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_labels,
    script:
        "../../scripts/annotation_reliability.py"


rule annotation_coverage:
    input:
        statuses=get_sub_track_runs("annotation-novel", "status.json"),
        outputs=get_sub_track_runs("annotation-novel", "output.tsv"),
        data=get_novel_data,
        facts=get_novel_facts,
        splits=get_novel_splits,
        code=get_code("scbench.scoring.annotation", "scbench.figures.coverage"),
    output:
        png=report(
            "results/figures/annotation-coverage-{dataset}.png",
            caption="../report/annotation_coverage.rst",
            category="Cell type annotation",
            labels={"figure": "Risk and coverage with novel types, {dataset}"},
        ),
        pdf="results/figures/annotation-coverage-{dataset}.pdf",
    log:
        "results/logs/figures/annotation-coverage-{dataset}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_novel_labels,
        reject=get_reject,
    script:
        "../../scripts/annotation_coverage.py"


rule annotation_pretraining:
    input:
        extra="results/{track}/{dataset}/{method}/r0/extra.npz",
        code=get_code("scbench.figures.pretraining"),
    output:
        png=report(
            "results/figures/{track}-pretraining-{method}-{dataset}.png",
            caption="../report/annotation_pretraining.rst",
            category=get_track_title,
            labels={"figure": "Losses of pre-training, {method}, {dataset}"},
        ),
        pdf="results/figures/{track}-pretraining-{method}-{dataset}.pdf",
    log:
        "results/logs/figures/{track}-pretraining-{method}-{dataset}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_labels,
    script:
        "../../scripts/annotation_pretraining.py"
