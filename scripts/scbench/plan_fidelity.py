"""The part of a plan that compares reimplementations with the authors' packages."""

from typing import TYPE_CHECKING, Any

from scbench import plan_svg
from scbench.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from scbench.plan import Plan
    from scbench.registry import Registry


def tables(track: str, run: dict[str, Any]) -> list[str]:
    """Tables of a track and their page."""
    return [f"results/{track}/fidelity.tsv", f"results/tables/{track}-fidelity.html"] if pairs(run) else []


def pairs(run: dict[str, Any]) -> list[dict[str, str]]:
    """Pairs that a track's configuration names."""
    return run.get("fidelity", {"pairs": []})["pairs"]


def compared(plan: "Plan", track: str, name: str) -> list[str]:
    """One file of each run of the authors' packages and of their reimplementations, each pair together."""
    run = plan.tracks[track]
    replicates = plan_svg.replicates if track == "svg" else lambda plan, dataset: plan.replicates(track, dataset)
    return [
        f"results/{track}/{dataset}/{method}/r{r}/{name}"
        for pair in pairs(run)
        for dataset in run["datasets"]
        for r in replicates(plan, dataset)
        for method in (pair["upstream"], pair["ours"])
    ]


def check(track: str, run: dict[str, Any], registry: "Registry") -> None:
    """Check the pairs of a track's configuration, whose shape is right.

    Raises
    ------
    UserError
        Naming the key, the value and what is allowed.
    """
    able = [name for name in run["methods"] if track != "svg" or registry.method(name)["pvalues"]]
    what = "a method of the track with p-values" if track == "svg" else "a method of the track"
    for pair in pairs(run):
        for key, origin in (("upstream", "upstream"), ("ours", "reimplementation")):
            fitting = [name for name in able if registry.method(name)["origin"] == origin]
            if pair[key] not in fitting:
                at = f"config: 'tracks.{track}.fidelity.pairs.{key}'"
                why = f"which is not {what} and origin {origin!r}"
                raise UserError(f"{at} names {pair[key]!r}, {why}. {did_you_mean(pair[key], fitting)}")
