"""Fail if a quality check did."""

from scbench import qc
from scbench.io import read_table
from scbench.script import guarded

with guarded(snakemake.log[0]):
    qc.gate(read_table(snakemake.input[0]))
