"""Annotate the cells of a dataset by gene sets alone, and draw them with the sets."""

import numpy as np

from scbench.annotation import pathways
from scbench.annotation.gene_sets import locate, read_gmt, simulated_sets
from scbench.annotation.scrobust.pretrained import Pretrained
from scbench.figures import pathways as figure
from scbench.figures import style
from scbench.io import read_prepared, write_table
from scbench.script import guarded

with guarded(snakemake.log[0]):
    files, params, output = snakemake.input, snakemake.params, snakemake.output
    data, encoder = read_prepared(files.data), Pretrained.load(files.encoder)
    sets = read_gmt(files.gene_sets[0]) if files.gene_sets else simulated_sets(files.data)
    found = locate(sets, pathways.candidates(data.labels, params.types, sets), data.genes)
    table = pathways.study(encoder, data.X, data.labels, found, seed=params.seed)
    write_table(table, output.table)
    shown = np.isin(data.labels, list(found))
    embedding = encoder.embed(data.X[shown])[-1]
    vectors = {kind: encoder.pathway(each.members) for kind, each in found.items()}
    points = pathways.place_points(embedding, data.labels[shown], vectors, seed=params.seed)
    write_table(points, output.points)
    style.save(figure.plot(table, points, title=params.title), output.png, output.pdf)
