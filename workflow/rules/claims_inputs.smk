# What the rules of the published claims look up.
from scbench import plan_claims


wildcard_constraints:
    paper="|".join(plan_claims.PAPERS),


def get_judged(wildcards):
    """Tables that are judged, beside those that exist, and figures of them, of which only matters that they are there.

    `snakemake claims` without an experiment runs nothing.
    """
    alone = set(workflow.dag_settings.targets) == {"claims"} and "experiment" not in config
    made = [path for track in PLAN.tracks for path in PLAN.targets(track)]
    if alone:
        return []
    figures = [ancient(path) for path in made if path.endswith(".png")]
    return [path for path in made if path.endswith(".tsv")] + figures


def get_claim_targets(wildcards):
    """The page, and what the experiment draws."""
    drawn = [path for track in PLAN.tracks for path in PLAN.targets(track)] if "experiment" in config else []
    return [*plan_claims.targets(), *drawn]


def get_existing(wildcards):
    """Digest of the results that exist, so that new ones are judged; of a run, its tables are inputs."""
    return "" if get_judged(wildcards) else plan_claims.digest()
