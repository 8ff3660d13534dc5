"""Draw the learning curves of one dataset."""

import pandas as pd

from scbench.figures import learning, style
from scbench.io import read_table
from scbench.script import guarded

with guarded(snakemake.log[0]):
    labels, names = snakemake.params.labels, snakemake.params.names
    curves = pd.concat([read_table(path) for path in snakemake.input.curves], ignore_index=True)
    title = labels["datasets"][snakemake.wildcards.dataset]["label"]
    figure = learning.plot(curves, methods=labels["methods"], title=title, names=names)
    style.save(figure, *snakemake.output)
