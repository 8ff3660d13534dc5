# What the rules of encoders, embeddings and stages look up.
from scbench import plan_encoder


def get_encoder_entry(wildcards):
    """Parameters of a variant of scRobust."""
    return PLAN.registry.method(wildcards.method)["params"]


def get_encoder_seed(kind):
    return lambda wildcards: plan_encoder.seed(PLAN.config["seed"], kind, wildcards.dataset, wildcards.method)


def get_encoder_row(kind):
    """The experiment of this kind with a dataset and a method."""
    return lambda wildcards: plan_encoder.rows(ANNOTATION, kind)[f"{wildcards.dataset}-{wildcards.method}"]
