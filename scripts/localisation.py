"""Map the marker scores of one method's classes on a tissue."""

import numpy as np

from scbench.figures import localisation as figure
from scbench.figures import style
from scbench.io import read_prepared, read_table, write_table
from scbench.markers.localisation import localise
from scbench.script import guarded

with guarded(snakemake.log[0]):
    chosen, output = snakemake.params.chosen, snakemake.output
    cells, tissue = read_prepared(snakemake.input.data), read_prepared(snakemake.input.tissue)
    found = localise(
        read_table(snakemake.input.ranking),
        tissue,
        classes=np.unique(cells.obs.get("broad", cells.labels)),
        k=chosen["top"],
        seed=snakemake.params.seed,
        names=(chosen["dataset"], chosen["tissue"]),
    )
    write_table(found.table, output.table)
    title = f"{chosen['method']}: markers of {chosen['dataset']} on {chosen['tissue']}"
    style.save(figure.plot(found, tissue.coords, title=title), output.png, output.pdf)
