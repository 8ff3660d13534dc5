# What the rules of the annotation track look up.
from scbench import plan_annotation

ANNOTATION = PLAN.tracks.get("annotation", {"series": {}})


wildcard_constraints:
    family="|".join([*ANNOTATION["series"], *svg_plan.families(SVG)]) or "none",


def get_rare(wildcards):
    return ANNOTATION["rare"]


def get_reject(wildcards):
    return ANNOTATION["novel"]["reject"]


def get_dataset_label(wildcards):
    return PLAN.registry.dataset(wildcards.dataset)["label"]


def get_dropout_options(wildcards):
    """What the figure of a family of datasets needs to know of it."""
    return {
        "lines": plan_annotation.dropout_lines(ANNOTATION, wildcards.family),
        "axis": "Share of each cell's non-zero counts that was lost in addition",
        "title": f"{wildcards.family.replace('_', ' ').capitalize()} · additional dropout",
    }


def get_size_options(wildcards):
    return {
        "lines": plan_annotation.size_lines(ANNOTATION, wildcards.dataset),
        "axis": "Training cells",
        "title": f"{get_dataset_label(wildcards)} · number of training cells",
        "log": True,
    }


def get_novel_options(wildcards):
    return plan_annotation.novel_strips(ANNOTATION)


def get_platform_options(wildcards):
    return plan_annotation.platform_strips(ANNOTATION)


def get_sub_track_runs(track, name):
    """One file of each replicate of each method of a sub-track on a dataset."""

    def files(wildcards):
        methods, replicates = PLAN.tracks[track]["methods"], PLAN.replicates(track, wildcards.dataset)
        return [f"results/{track}/{wildcards.dataset}/{method}/r{r}/{name}" for method in methods for r in replicates]

    return files


def get_novel_data(wildcards):
    replicates = PLAN.replicates("annotation-novel", wildcards.dataset)
    return [PLAN.prepared(wildcards.dataset, r) for r in replicates]


def get_novel_facts(wildcards):
    return [facts_of(path) for path in get_novel_data(wildcards)]


def get_novel_splits(wildcards):
    replicates = PLAN.replicates("annotation-novel", wildcards.dataset)
    return [path for r in replicates for path in PLAN.split("annotation-novel", wildcards.dataset, r)]


def get_novel_labels(wildcards):
    return PLAN.labels("annotation-novel")


def get_size_labels(wildcards):
    return PLAN.labels("annotation-sizes")


def get_platform_labels(wildcards):
    return PLAN.labels("annotation-platforms")
