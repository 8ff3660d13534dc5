"""Rebuild the structure of one tissue from sets of called genes."""

import numpy as np

from scbench.atomic import atomic
from scbench.figures import style, svg_structure
from scbench.figures._tissue_maps import Tissue
from scbench.io import read_prepared, read_table, write_table
from scbench.script import guarded
from scbench.svg.structure.calls import gene_sets
from scbench.svg.structure.study import structures

with guarded(snakemake.log[0]):
    params, out = snakemake.params, snakemake.output
    data, called = read_prepared(snakemake.input.data), read_table(snakemake.input.called)
    sets = gene_sets(called, params.row["methods"])
    found = structures(data, sets, seed=params.seed, n_layers=params.row.get("layers"))
    write_table(found.table, out.table)
    with atomic(out.structures) as part:
        np.savez_compressed(part, **found.codes)
    tissue, sizes = Tissue(data.coords, data.obs.get("sample")), {name: len(genes) for name, genes in sets.items()}
    drawn = {"sizes": sizes, "layers": found.layers, "methods": params.labels["methods"], "title": params.titles["all"]}
    style.save(svg_structure.plot(found.table, found.codes, tissue, **drawn), out.png, out.pdf)
