"""Score all methods of a track on one dataset."""

import pandas as pd

from scbench.io import write_table
from scbench.provenance import git_commit
from scbench.runs import read_runs
from scbench.score import score
from scbench.script import guarded

with guarded(snakemake.log[0]):
    files, params = snakemake.input, snakemake.params
    replicates, commit = len(files.data), git_commit()
    shared = (list(paths) * len(params.methods) for paths in (files.data, files.facts, files.splits))
    runs = read_runs(files.statuses, files.outputs, *shared)
    found = [
        score(runs[replicates * i : replicates * (i + 1)], params.metrics, params.scoring, entry, commit)
        for i, entry in enumerate(params.methods.values())
    ]
    for tables, path in zip(zip(*found, strict=True), snakemake.output, strict=True):
        write_table(pd.concat(tables, ignore_index=True), path)
