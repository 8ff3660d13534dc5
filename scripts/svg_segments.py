"""Draw how a method segments genes along a series of datasets."""

import numpy as np

from scbench.figures import segments, style
from scbench.io import read_prepared, read_table
from scbench.script import guarded

with guarded(snakemake.log[0]):
    labels, series = snakemake.params.labels, snakemake.params.series
    levels = []
    paths = (snakemake.input.data, snakemake.input.outputs, snakemake.input.extras)
    for level, data, output, extra in zip(sorted(series["levels"].values()), *paths, strict=True):
        with np.load(extra) as arrays:
            levels.append(segments.level_of(level, read_prepared(data), read_table(output), dict(arrays)))
    title = f"{labels['methods'][snakemake.wildcards.method]['label']} · {series['title']}"
    style.save(segments.plot(levels, axis=series["axis"], title=title), *snakemake.output)
