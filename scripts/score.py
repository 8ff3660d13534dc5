"""Score all replicates of one method on one dataset."""

from scbench.io import write_table
from scbench.provenance import git_commit
from scbench.score import read_runs, score
from scbench.script import guarded

with guarded(snakemake.log[0]):
    files, params = snakemake.input, snakemake.params
    runs = read_runs(files.statuses, files.outputs, files.data, files.facts, files.splits)
    scores, confusion = score(runs, params.metrics, params.scoring, params.method, git_commit())
    write_table(scores, snakemake.output.scores)
    write_table(confusion, snakemake.output.confusion)
