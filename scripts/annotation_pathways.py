"""Annotate the cells of a dataset by gene sets alone, and draw them with the sets."""

import numpy as np

from scbench.annotation import pathways
from scbench.annotation.gene_sets import locate, read_gmt, simulated_sets
from scbench.annotation.scrobust.pretrained import Pretrained
from scbench.annotation.untrained import untrained
from scbench.figures import pathways as figure
from scbench.figures import style
from scbench.io import read_prepared, write_table
from scbench.script import guarded

with guarded(snakemake.log[0]):
    files, params, output = snakemake.input, snakemake.params, snakemake.output
    data, encoder = read_prepared(files.data), Pretrained.load(files.encoder)
    encoders = {"pretrained": encoder, "untrained": untrained(encoder, params.seed)}
    sets = read_gmt(files.gene_sets[0]) if files.gene_sets else simulated_sets(files.data)
    found = locate(sets, pathways.candidates(data.labels, params.types, sets), data.genes)
    table = pathways.study(encoders, data.X, data.labels, found, seed=params.seed)
    write_table(table, output.table)
    shown, vectors = np.isin(data.labels, list(found)), {k: encoder.pathway(each.members) for k, each in found.items()}
    points = pathways.place_points(encoder.embed(data.X)[-1][shown], data.labels[shown], vectors, seed=params.seed)
    write_table(points, output.points)
    style.save(figure.plot(table, points, title=params.title), output.png, output.pdf)
