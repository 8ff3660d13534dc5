"""The datasets that a configuration needs with those that they are made of, and what kept any of them away."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from scbench.script import ERROR

if TYPE_CHECKING:
    from scbench.plan import Plan

_RAW, _PREPARED = "resources/raw/", "resources/prepared/"


def instance(plan: "Plan", prepared: str) -> tuple[str, str]:
    """Dataset and replicate of a prepared file."""
    return plan.instance(prepared.removeprefix(_PREPARED).removesuffix(".h5ad"))


def lineage(plan: "Plan", prepared: Iterable[str]) -> list[str]:
    """Prepared files with those that they are made of."""
    known = set(prepared)
    sources = {source for path in known for source in plan.source(*instance(plan, path)).values()}
    above = {source for source in sources if source.startswith(_PREPARED)}
    return sorted(known) if above <= known else lineage(plan, known | above)


def unprepared(plan: "Plan", prepared: Iterable[str], folder: Path) -> dict[str, tuple[str, str]]:
    """State of each dataset of which a file is not there, and why.

    Parameters
    ----------
    plan
        The plan.
    prepared
        Prepared files.
    folder
        The working folder.

    Returns
    -------
    dict
        By dataset ``failed`` with the last words of the job that failed, or ``not prepared`` where no job of its own
        did: one that it is made of is not there, or the run ended before.
    """
    absent = [path for path in prepared if not _there(folder, path)]
    return {instance(plan, path)[0]: _outcome(plan, path, folder) for path in absent}


def _there(folder: Path, prepared: str) -> bool:
    return (folder / prepared).with_suffix(".json").exists()  # the last that its job writes


def _outcome(plan: "Plan", prepared: str, folder: Path) -> tuple[str, str]:
    sources = plan.source(*instance(plan, prepared)).values()
    lacking = [source for source in sources if source.startswith(_PREPARED) and not _there(folder, source)]
    if lacking:
        return "not prepared", f"made of {', '.join(instance(plan, source)[0] for source in lacking)}"
    raw = [source for source in sources if source.startswith(_RAW) and not (folder / source).exists()]
    logs = [f"download/{source.removeprefix(_RAW)}.log" for source in raw]
    logs = logs or [f"prepare/{prepared.removeprefix(_PREPARED).removesuffix('.h5ad')}.log"]
    reasons = [reason for log in logs if (reason := _last_words(folder / "results/logs" / log))]
    return ("failed", " ".join(reasons)) if reasons else ("not prepared", "the run ended before, or its job was killed")


def _last_words(log: Path) -> str:
    """Error that a job ended with, in one line; nothing if its log has none."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return " ".join(text.rpartition(ERROR)[2].split()) if ERROR in text else ""
