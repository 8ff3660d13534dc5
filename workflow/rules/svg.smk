# Experiments of the svg track: series of datasets, leaking totals, calibration and power.
rule svg_series:
    input:
        scores="results/svg/scores.tsv",
        code=get_code("scbench.figures.series"),
    output:
        png=report(
            "results/figures/svg-series-{series}-{scenario}.png",
            caption="../report/svg_series.rst",
            category="Spatially variable genes",
            labels={"figure": "Series, {series}, {scenario}"},
        ),
        pdf="results/figures/svg-series-{series}-{scenario}.pdf",
    log:
        "results/logs/figures/svg-series-{series}-{scenario}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_svg_labels,
        series=get_series,
    script:
        "../../scripts/svg_series.py"


rule svg_patterns:
    input:
        data=get_first_of_series,
        code=get_code("scbench.figures.patterns"),
    output:
        png=report(
            "results/figures/svg-patterns-{series}.png",
            caption="../report/svg_patterns.rst",
            category="Spatially variable genes",
            labels={"figure": "Patterns, {series}"},
        ),
        pdf="results/figures/svg-patterns-{series}.pdf",
    log:
        "results/logs/figures/svg-patterns-{series}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        title=get_series_labels,
    script:
        "../../scripts/svg_patterns.py"


rule svg_segments:
    input:
        data=get_series_data,
        outputs=get_series_runs("output.tsv"),
        extras=get_series_runs("extra.npz"),
        code=get_code("scbench.figures.segments"),
    output:
        png=report(
            "results/figures/svg-segments-{series}-{method}.png",
            caption="../report/svg_segments.rst",
            category="Spatially variable genes",
            labels={"figure": "Segments, {series}, {method}"},
        ),
        pdf="results/figures/svg-segments-{series}-{method}.pdf",
    log:
        "results/logs/figures/svg-segments-{series}-{method}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_svg_labels,
        series=get_series,
    script:
        "../../scripts/svg_segments.py"


rule svg_leak:
    input:
        scores="results/svg/scores.tsv",
        data=get_leak_data,
        code=get_code("scbench.figures.leak"),
    output:
        png=report(
            "results/figures/svg-leak.png",
            caption="../report/svg_leak.rst",
            category="Spatially variable genes",
            labels={"figure": "Leaking totals"},
        ),
        pdf="results/figures/svg-leak.pdf",
    log:
        "results/logs/figures/svg-leak.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_svg_labels,
        datasets=get_leak_datasets,
        confidence=PLAN.config["confidence"],
    script:
        "../../scripts/svg_leak.py"


rule svg_calibration:
    input:
        outputs=get_calibrated_runs("output.tsv"),
        statuses=get_calibrated_runs("status.json"),
        code=get_code("scbench.svg.calibration", "scbench.figures.calibration"),
    output:
        table="results/svg/{dataset}/calibration.tsv",
        png=report(
            "results/figures/svg-calibration-{dataset}.png",
            caption="../report/svg_calibration.rst",
            category="Spatially variable genes",
            labels={"figure": "Calibration, {dataset}"},
        ),
        pdf="results/figures/svg-calibration-{dataset}.pdf",
    log:
        "results/logs/svg_calibration/{dataset}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_svg_labels,
        names=get_calibrated,
        title=get_svg_dataset_label,
        fdr=SVG.get("fdr"),
        confidence=PLAN.config["confidence"],
    script:
        "../../scripts/svg_calibration.py"


rule svg_calibration_page:
    input:
        tables=get_calibrations,
        code=get_code("scbench.report.tables"),
    output:
        report(
            "results/tables/svg-calibration.html",
            caption="../report/svg_calibration.rst",
            category="Spatially variable genes",
            labels={"figure": "Table: calibration"},
        ),
    log:
        "results/logs/tables/svg-calibration.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    script:
        "../../scripts/svg_calibration_page.py"


rule svg_power:
    input:
        data=get_testing_data,
        outputs=get_testing_outputs,
        scores="results/svg/scores.tsv",
        code=get_code("scbench.svg.power", "scbench.figures.power"),
    output:
        table="results/svg/{dataset}/power.tsv",
        png=report(
            "results/figures/svg-power-{dataset}.png",
            caption="../report/svg_power.rst",
            category="Spatially variable genes",
            labels={"figure": "False discoveries and power, {dataset}"},
        ),
        pdf="results/figures/svg-power-{dataset}.pdf",
    log:
        "results/logs/svg_power/{dataset}.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        labels=get_svg_labels,
        names=get_testing_methods,
        confidence=PLAN.config["confidence"],
    script:
        "../../scripts/svg_power.py"
