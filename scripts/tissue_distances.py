"""Measure how far called genes are from the structure of one tissue."""

import numpy as np

from scbench.figures import style, svg_distances
from scbench.io import read_prepared, read_table, write_table
from scbench.script import guarded
from scbench.svg.structure.calls import gene_sets
from scbench.svg.structure.study import compare_sets

with guarded(snakemake.log[0]):
    params, out, given = snakemake.params, snakemake.output, snakemake.input
    sets = gene_sets(read_table(given.called), params.row["methods"])
    left = {name: dict(np.load(path)) for name, path in zip(params.row["methods"], given.extras, strict=True)}
    reference = dict(np.load(given.structures)).get(params.reference)
    data, options = read_prepared(given.data), {"confidence": params.confidence, "seed": params.seed}
    found = compare_sets(data, sets, reference, left=left, **options)
    write_table(found.table, out.table)
    write_table(found.cutoffs, out.cutoffs)
    write_table(found.tests, out.tests)
    titles = {"methods": params.labels["methods"], "title": params.titles["reference"]}
    style.save(svg_distances.plot(*found, **titles), out.png, out.pdf)
