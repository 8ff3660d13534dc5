"""Draw the confusion matrices of all methods on one dataset."""

import pandas as pd

from scbench.figures import confusion, style
from scbench.io import read_table
from scbench.script import guarded

with guarded(snakemake.log[0]):
    labels = snakemake.params.labels
    tables = pd.concat([read_table(path) for path in snakemake.input.tables], ignore_index=True)
    figure = confusion.plot(
        tables,
        methods=labels["methods"],
        title=labels["datasets"][snakemake.wildcards.dataset]["label"],
        scenario=snakemake.params.scenario or None,
    )
    style.save(figure, *snakemake.output)
