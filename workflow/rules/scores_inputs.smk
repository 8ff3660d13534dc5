# What the rules of scores, tables and figures of all tracks look up.
TITLES = {
    "markers": "Marker genes",
    "svg": "Spatially variable genes",
    "annotation": "Cell type annotation",
    "annotation-novel": "Cell type annotation, novel types",
    "annotation-platforms": "Cell type annotation, across platforms",
    "annotation-sizes": "Cell type annotation, number of cells",
}


def get_all_runs(name):
    """One file of each replicate of each method on a dataset, all replicates of the first method first."""

    def runs(wildcards):
        track, dataset = wildcards.track, wildcards.dataset
        methods, replicates = PLAN.tracks[track]["methods"], PLAN.replicates(track, dataset)
        return [f"results/{track}/{dataset}/{method}/r{r}/{name}" for method in methods for r in replicates]

    return runs


def get_of_dataset(name):
    """One file of each method of a track on a dataset."""

    def files(wildcards):
        methods = PLAN.tracks[wildcards.track]["methods"]
        return [f"results/{wildcards.track}/{wildcards.dataset}/{method}/{name}" for method in methods]

    return files


def get_of_datasets(name):
    """One file of each dataset of a track."""
    return lambda wildcards: [
        f"results/{wildcards.track}/{dataset}/{name}" for dataset in PLAN.tracks[wildcards.track]["datasets"]
    ]


def get_statuses(wildcards):
    track, run = wildcards.track, PLAN.tracks[wildcards.track]
    return [
        f"results/{track}/{dataset}/{method}/r{r}/status.json"
        for dataset in run["datasets"]
        for method in run["methods"]
        for r in PLAN.replicates(track, dataset)
    ]


def get_metric_code(wildcards):
    return PLAN.metric_code(wildcards.track)


def get_metrics(wildcards):
    return PLAN.registry.metrics_of(subtracks.base(wildcards.track))


def get_scoring(wildcards):
    return PLAN.scoring(wildcards.track)


def get_method_entries(wildcards):
    return {name: PLAN.registry.method(name) for name in PLAN.tracks[wildcards.track]["methods"]}


def get_statistics(wildcards):
    return PLAN.statistics(wildcards.track)


def get_compared_runs(name):
    """One file of each run of the authors' packages and of their reimplementations, each pair together."""
    return lambda wildcards: plan_fidelity.compared(PLAN, wildcards.track, name)


def get_compared_top(wildcards):
    return PLAN.tracks[wildcards.track]["fidelity"]["top"]


def get_labels(wildcards):
    """What figures write beside ids: the registry's entries of methods, metrics and datasets."""
    return PLAN.labels(wildcards.track)


def get_scenario(wildcards):
    return PLAN.confusion_scenario(wildcards.track)


def get_track_title(wildcards):
    return TITLES[wildcards.track]
