"""Cluster the genes that a method calls on one tissue."""

import numpy as np

from scbench.figures import style, svg_clusters
from scbench.figures._tissue_maps import Tissue
from scbench.io import read_prepared, read_table, write_table
from scbench.script import guarded
from scbench.svg.structure.calls import gene_sets
from scbench.svg.structure.clusters import cluster
from scbench.svg.structure.trends import trends

with guarded(snakemake.log[0]):
    params, out = snakemake.params, snakemake.output
    data, called = read_prepared(snakemake.input.data), read_table(snakemake.input.called)
    genes = np.flatnonzero(called[params.row["methods"][0]])
    found = cluster(data.X.tocsc(), genes, seed=params.seed)
    table = found.table.assign(gene=data.genes[found.table["gene"].astype(int)])
    write_table(table, out.table)
    localised = trends(data, gene_sets(called, params.row["methods"]), seed=params.seed)
    write_table(localised.table, out.trends)
    write_table(localised.layers, out.layers)
    tissue = Tissue(data.coords, data.obs.get("sample"))
    figure = svg_clusters.plot(table, found.means, tissue, title=params.titles["first"], n_called=len(genes))
    style.save(figure, out.png, out.pdf)
