"""Draw example genes of one tissue with the borders of their segments."""

import numpy as np

from scbench.figures import style, svg_voronoi
from scbench.figures._tissue_maps import Tissue
from scbench.io import read_prepared, read_table
from scbench.script import guarded
from scbench.svg.structure.study import examples

with guarded(snakemake.log[0]):
    params, out, given = snakemake.params, snakemake.output, snakemake.input
    data, structure = read_prepared(given.data), dict(np.load(given.structures)).get(params.reference)
    tables = read_table(given.clusters), read_table(given.called), read_table(given.output)
    shown = examples(data, *tables, method=params.row["methods"][0], left=dict(np.load(given.extra)))
    tissue = Tissue(data.coords, data.obs.get("sample"))
    figure = svg_voronoi.plot(shown, tissue, structure=structure, title=params.titles["first"])
    style.save(figure, out.png, out.pdf)
