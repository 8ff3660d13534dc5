# What the rules of pathways and markers from attention look up.


def get_pathways(wildcards):
    """The experiment with the gene sets of a dataset."""
    return plan_encoder.rows(ANNOTATION, "pathways")[f"{wildcards.dataset}-{wildcards.method}"]


def get_gene_sets(wildcards):
    return plan_encoder.gene_sets(get_pathways(wildcards))


def get_pathway_types(wildcards):
    return get_pathways(wildcards)["types"]


def get_pathway_seed(wildcards):
    return plan_encoder.seed(PLAN.config["seed"], "pathways", wildcards.dataset, wildcards.method)


def get_attention_options(wildcards):
    """Arguments of `scbench.annotation.attention_markers.judge_markers`."""
    row = plan_encoder.rows(ANNOTATION, "attention")[f"{wildcards.dataset}-{wildcards.method}"]
    return {
        "top": row["top"],
        "classifiers": plan_encoder.classifiers(PLAN.tracks),
        "seed": plan_encoder.seed(PLAN.config["seed"], "attention", wildcards.dataset, wildcards.method),
    }


def get_attention_folds(wildcards):
    """Arguments of `scbench.splits.fold`, those of the track's own folds."""
    return {
        "base_seed": PLAN.config["seed"],
        "dataset": PLAN.registry.same_cells(wildcards.dataset),
        "folds": ANNOTATION["folds"],
    }


def get_encoder_title(wildcards):
    """Labels of a dataset and of the variant of scRobust that was pre-trained on it."""
    dataset, method = PLAN.registry.dataset(wildcards.dataset), PLAN.registry.method(wildcards.method)
    return f"{dataset['label']}: {method['label']}"
