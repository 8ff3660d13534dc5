"""Why there is nothing to judge a claim by."""

from scbench.claims.question import Question


def reason(question: Question, absent: dict[str, str]) -> str:
    """Say what has not run, else what is wrong with each dataset of a claim.

    Parameters
    ----------
    absent
        Dataset or comparator -> why there is no value of it.
    """
    lacking = [name for name in question.datasets if absent.get(name, "").startswith("not run")]
    if lacking:
        return f"Not run yet: {', '.join(lacking)}."
    if said := [f"{name}: {absent[name]}." for name in question.datasets if name in absent]:
        return " ".join(said)
    return f"{' and '.join(question.variant or question.each)}: no result on {', '.join(question.datasets)}."
