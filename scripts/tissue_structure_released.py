"""Rebuild the structure of one tissue from sets of called genes as the released code of scGCO does."""

import numpy as np

from scbench.atomic import atomic
from scbench.io import read_prepared, read_table, write_table
from scbench.script import guarded
from scbench.svg.structure.calls import gene_sets
from scbench.svg.structure.study import structures

with guarded(snakemake.log[0]):
    params, out = snakemake.params, snakemake.output
    sets = gene_sets(read_table(snakemake.input.called), params.row["methods"])
    options = {"seed": params.seed, "n_layers": params.row.get("layers"), "released": True}
    found = structures(read_prepared(snakemake.input.data), sets, **options)
    write_table(found.table, out.table)
    with atomic(out.structures) as part:
        np.savez_compressed(part, **found.codes)
