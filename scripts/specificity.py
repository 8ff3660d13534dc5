"""Describe the first markers of all methods on the test cells of one dataset."""

import numpy as np

from scbench.atomic import atomic
from scbench.io import read_prepared, read_table, write_table
from scbench.markers.specificity import specificity
from scbench.report.tables import page
from scbench.script import guarded

with guarded(snakemake.log[0]):
    labels, output = snakemake.params.labels, snakemake.output
    data, test = read_prepared(snakemake.input.data), np.load(snakemake.input.split)["test"]
    classes = data.obs.get("broad", data.labels)
    # The reference's list is every gene.
    rankings = {
        name: read_table(path)
        for (name, entry), path in zip(labels["methods"].items(), snakemake.input.outputs, strict=True)
        if entry["role"] != "reference"
    }
    table = specificity(data.X[test], classes[test], data.genes, rankings)
    write_table(table, output.table)
    title = f"Specificity of the first markers: {labels['datasets'][snakemake.wildcards.dataset]['label']}"
    with atomic(output.page) as part:
        part.write_text(page({"specificity": table}, title))
