"""Score all methods of a track on one dataset."""

import pandas as pd

from scbench.io import write_table
from scbench.provenance import git_commit
from scbench.runs import by_method, read_runs
from scbench.score import score
from scbench.script import guarded

with guarded(snakemake.log[0]):
    files, params = snakemake.input, snakemake.params
    runs, commit = read_runs(files.statuses, files.outputs, files.data, files.facts, files.splits), git_commit()
    found = [
        score(own, params.metrics, params.scoring, params.methods[name], commit)
        for name, own in by_method(runs).items()
    ]
    for tables, path in zip(zip(*found, strict=True), snakemake.output, strict=True):
        write_table(pd.concat(tables, ignore_index=True), path)
