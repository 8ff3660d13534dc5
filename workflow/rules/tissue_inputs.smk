# What the rules of the experiments on tissue look up.
from scbench import plan_tissue
from scbench.seeds import seed as derive_seed


wildcard_constraints:
    tissue="|".join(plan_tissue.rows(PLAN.tracks.get("svg", {"tissue": []}))) or "none",


def get_tissue(wildcards):
    """The experiment: dataset, methods and reference."""
    return plan_tissue.rows(PLAN.tracks["svg"])[wildcards.tissue]


def get_tissue_data(wildcards):
    return PLAN.prepared(get_tissue(wildcards)["dataset"], 0)


def get_tissue_called(wildcards):
    return f"results/svg/{get_tissue(wildcards)['dataset']}/called.tsv"


def get_tissue_runs(name):
    """One file of the first replicate of each method of the experiment."""

    def files(wildcards):
        row = get_tissue(wildcards)
        return [f"results/svg/{row['dataset']}/{method}/r0/{name}" for method in row["methods"]]

    return files


def get_first_run(name):
    return lambda wildcards: get_tissue_runs(name)(wildcards)[0]


def get_tissue_seed(wildcards):
    return derive_seed(PLAN.config["seed"], "tissue", wildcards.tissue)


def get_tissue_reference(wildcards):
    return {"labels": "annotated", "common": "common"}[get_tissue(wildcards)["reference"]]


def get_tissue_labels(wildcards):
    return PLAN.labels("svg")


def get_tissue_titles(wildcards):
    row, labels = get_tissue(wildcards), PLAN.labels("svg")
    dataset = labels["datasets"][row["dataset"]]["label"]
    methods = [labels["methods"][name]["label"] for name in row["methods"]]
    reference = {"annotated": "the annotated layers", "common": "the structure of the common genes"}
    return {
        "first": f"{dataset}: {methods[0]}",
        "all": f"{dataset}: {', '.join(methods)}",
        "reference": f"{dataset}: distance to {reference[get_tissue_reference(wildcards)]}",
    }


def get_called_methods(wildcards):
    """Methods whose calls are counted: all of the track but controls."""
    methods = PLAN.tracks["svg"]["methods"]
    return [name for name in methods if PLAN.registry.method(name)["role"] == "method"]


def get_called_runs(name):
    def files(wildcards):
        return [f"results/svg/{wildcards.dataset}/{method}/r0/{name}" for method in get_called_methods(wildcards)]

    return files


def get_fdr(wildcards):
    return PLAN.tracks["svg"]["fdr"]


def get_confidence(wildcards):
    return PLAN.config["confidence"]
