"""Claims about the course of training."""

import numpy as np

from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.question import Question
from scbench.claims.results import Results
from scbench.registry import Registry


def fall(question: Question, results: Results, registry: Registry) -> Measurement | Unmeasured:
    """Change of a loss over pre-training, as a share of what it was at the end of the first epoch.

    One value for each replicate on each dataset that has run. Options: ``loss``, ``part``.
    """
    loss, part, track = question.option("loss"), question.option("part"), question.claim.track
    claimed = {}
    for dataset in question.datasets:
        changes = []
        for replicate in results.replicates(track, dataset, question.variant[0]):
            extra = results.arrays(f"results/{track}/{dataset}/{question.variant[0]}/r{replicate}/extra.npz")
            if extra is None or "history_value" not in extra:
                continue
            rows = (extra["history_part"] == part) & (extra["history_loss"] == loss)
            values = extra["history_value"][rows]
            if len(values) > 1:
                changes.append((values[-1] - values[0]) / abs(values[0]))
        if changes:
            claimed[dataset] = np.array(changes)
    if not claimed:
        return Unmeasured("not_tested", f"Not run yet: {question.variant[0]} on {', '.join(question.datasets)}.")
    absent = {name: "not run" for name in question.datasets if name not in claimed}
    quantity = f"trend of the {loss} loss ({part}) over pre-training"
    return Measurement(claimed, quantity, absent=absent, evidence=tuple(results.used))
