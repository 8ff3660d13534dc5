# What the rules of the svg track look up.
import scbench.plan_svg as svg_plan

SVG = PLAN.tracks.get("svg", {"series": {}, "methods": []})


wildcard_constraints:
    series="|".join(SVG["series"]) or "none",
    scenario="|".join(svg_plan.SCENARIOS),


def get_series(wildcards):
    """What the figure of a series needs to know of it."""
    chosen = SVG["series"][wildcards.series]
    return {
        "levels": chosen["levels"],
        "axis": chosen["axis"],
        "title": wildcards.series.replace("_", " ").capitalize(),
    }


def get_series_data(wildcards):
    """First replicate of each dataset of a series, by level."""
    return [PLAN.prepared(dataset, 0) for dataset in svg_plan.levels(SVG, wildcards.series)]


def get_first_of_series(wildcards):
    return get_series_data(wildcards)[0]


def get_series_runs(name):
    """One file of the first replicate of a method on each dataset of a series, by level."""

    def files(wildcards):
        datasets = svg_plan.levels(SVG, wildcards.series)
        return [f"results/svg/{dataset}/{wildcards.method}/r0/{name}" for dataset in datasets]

    return files


def get_series_labels(wildcards):
    """Label of the first dataset of a series, by level."""
    return PLAN.registry.dataset(svg_plan.levels(SVG, wildcards.series)[0])["label"]


def get_leak_data(wildcards):
    return [PLAN.prepared(dataset, 0) for dataset in SVG["leak"]]


def get_leak_datasets(wildcards):
    return {dataset: PLAN.registry.dataset(dataset)["label"] for dataset in SVG["leak"]}


def get_calibrated(wildcards):
    return svg_plan.calibrated(SVG, PLAN.registry, wildcards.dataset)


def get_calibrated_runs(name):
    """One file of each independent replicate of each calibrated method, all replicates of the first method first."""

    def files(wildcards):
        runs = svg_plan.replicates(PLAN, wildcards.dataset)
        return [
            f"results/svg/{wildcards.dataset}/{method}/r{r}/{name}"
            for method in get_calibrated(wildcards)
            for r in runs
        ]

    return files


def get_testing_methods(wildcards):
    """Methods that give p-values."""
    return [name for name in SVG["methods"] if PLAN.registry.method(name)["pvalues"]]


def get_testing_outputs(wildcards):
    """Outputs of the methods that give p-values, all replicates of the first method first."""
    runs = PLAN.replicates("svg", wildcards.dataset)
    methods = get_testing_methods(wildcards)
    return [f"results/svg/{wildcards.dataset}/{method}/r{r}/output.tsv" for method in methods for r in runs]


def get_testing_data(wildcards):
    return [PLAN.prepared(wildcards.dataset, r) for r in PLAN.replicates("svg", wildcards.dataset)]


def get_svg_labels(wildcards):
    return PLAN.labels("svg")


def get_svg_dataset_label(wildcards):
    return PLAN.registry.dataset(wildcards.dataset)["label"]


def get_calibrations(wildcards):
    return [f"results/svg/{dataset}/calibration.tsv" for dataset in SVG["calibration"]]


# --- scaling ----------------------------------------------------------------------------------------------------------

SIZES = svg_plan.sizes(SVG)


wildcard_constraints:
    family="|".join(svg_plan.families(SVG)) or "none",


def get_scaling_statuses(wildcards):
    return [
        f"results/svg/{dataset}/{method}/r0/status.json" for dataset in SIZES for method in SVG["scaling"]["methods"]
    ]


def get_scaling_facts(wildcards):
    return [facts_of(PLAN.prepared(dataset, 0)) for dataset in SIZES]


def get_scaling_labels(wildcards):
    return svg_plan.scaling_labels(PLAN)


def get_budgets(wildcards):
    return svg_plan.budgets(PLAN)
