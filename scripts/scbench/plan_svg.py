"""What the experiments of the svg track run and draw: series, leak, calibration, power and scaling."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scbench.plan import Plan
    from scbench.registry import Registry

# Parts of the track's configuration that no score depends on.
KEYS = ("series", "leak", "calibration", "power", "fidelity", "scaling")
SCENARIOS = ("bh", "authors")


def figures(run: dict[str, Any], registry: "Registry") -> list[str]:
    """Names of the figures, without the track and suffix."""
    return [
        *(f"series-{name}-{scenario}" for name in run["series"] for scenario in SCENARIOS),
        *(f"patterns-{name}" for name in run["series"]),
        *(f"segments-{name}-{method}" for name in run["series"] for method in cutters(run, registry)),
        *(["leak"] if "leak" in run else []),
        *(f"calibration-{dataset}" for dataset in run["calibration"]),
        *(f"power-{dataset}" for dataset in run["power"]),
        *(f"scaling-{family}" for family in families(run)),
    ]


def tables(run: dict[str, Any]) -> list[str]:
    """Paths of the tables."""
    return [
        *(f"results/svg/{dataset}/calibration.tsv" for dataset in run["calibration"]),
        *(f"results/svg/{dataset}/power.tsv" for dataset in run["power"]),
        *(["results/svg/scaling.tsv", "results/svg/scaling_fits.tsv"] if families(run) else []),
        *(["results/tables/svg-scaling.html"] if families(run) else []),
        *(["results/tables/svg-calibration.html"] if run["calibration"] else []),
    ]


def cutters(run: dict[str, Any], registry: "Registry") -> list[str]:
    """Methods that leave the segments of genes."""
    return [name for name in run["methods"] if "segments" in registry.method(name)["shows"]]


def levels(run: dict[str, Any], series: str) -> list[str]:
    """Datasets of a series, by level."""
    found = run["series"][series]["levels"]
    return sorted(found, key=found.get)


def calibrated(run: dict[str, Any], registry: "Registry", dataset: str) -> list[str]:
    """Methods whose p-values on a null dataset are looked at, in the order of the track."""
    named = run["calibration"][dataset]
    fitting = [name for name in run["methods"] if registry.method(name)["pvalues"]]
    # The truth is that no gene has a pattern: nothing to calibrate.
    real = [name for name in fitting if registry.method(name)["role"] != "positive_control"]
    return [name for name in fitting if name in named] or real


def replicates(plan: "Plan", dataset: str) -> range:
    """Replicates that are independent: one of a dataset that all of them share."""
    return plan.replicates("svg", dataset) if plan.registry.simulated(dataset) else range(1)


def families(run: dict[str, Any]) -> dict[str, list[str]]:
    """Datasets of growing size, by family."""
    return run["scaling"]["datasets"] if "scaling" in run else {}


def sizes(run: dict[str, Any]) -> list[str]:
    """Datasets of all families, each once."""
    return list(dict.fromkeys(name for names in families(run).values() for name in names))


def prepared(plan: "Plan") -> set[str]:
    """Prepared datasets that only the experiments need."""
    if "svg" not in plan.tracks:
        return set()
    run = plan.tracks["svg"]
    null = {plan.prepared(name, r) for name in run["calibration"] for r in replicates(plan, name)}
    return null | {plan.prepared(name, 0) for name in sizes(run)}


def measured(plan: "Plan", track: str, dataset: str, status: str) -> bool:
    """Whether a run ended in a result of the scaling experiment: it ran out of time or memory."""
    return track == "svg" and status in ("oom", "timeout") and dataset in sizes(plan.tracks["svg"])


def scaling_labels(plan: "Plan") -> dict[str, dict[str, Any]]:
    """Registry entries of the methods of the scaling experiment, after those of the track: looks are the same."""
    run = plan.tracks["svg"]
    names = dict.fromkeys([*run["methods"], *run["scaling"]["methods"]])
    return {name: {key: plan.registry.method(name)[key] for key in ("label", "role", "track")} for name in names}


def budgets(plan: "Plan") -> dict[str, dict[str, int]]:
    """Limits of the methods of the scaling experiment."""
    names = plan.tracks["svg"]["scaling"]["methods"]
    return {name: {key: plan.method(name)[key] for key in ("mem_mb", "timeout_s")} for name in names}
