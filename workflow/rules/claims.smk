# Published claims beside what was measured of them.
from scbench import plan_claims


def get_judged(wildcards):
    """Tables that are judged beside those that exist: `snakemake claims` without an experiment runs nothing."""
    alone = set(workflow.dag_settings.targets) == {"claims"} and "experiment" not in config
    return [] if alone else [path for track in PLAN.tracks for path in PLAN.targets(track) if path.endswith(".tsv")]


def get_claim_targets(wildcards):
    """The page, and what the experiment draws."""
    drawn = [path for track in PLAN.tracks for path in PLAN.targets(track)] if "experiment" in config else []
    return ["results/claims/verdicts.tsv", *drawn]


def get_existing(wildcards):
    """Digest of the results that exist, so that new ones are judged; of a run, its tables are inputs."""
    return "" if get_judged(wildcards) else plan_claims.digest()


localrules:
    claims,
    judge,


rule claims:
    input:
        get_claim_targets,


rule judge:
    input:
        tables=get_judged,
        ledger=plan_claims.ledger(),
        code=get_code("scbench.claims.judge", *plan_claims.MEASURES),
    output:
        "results/claims/verdicts.tsv",
    log:
        "results/logs/claims/judge.log",
    conda:
        "../../envs/base.yaml"
    threads: 1
    params:
        existing=get_existing,
        confidence=PLAN.config["confidence"],
        seed=PLAN.config["seed"],
    script:
        "../../scripts/claims.py"
