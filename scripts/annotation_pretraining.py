"""Draw the losses of a method's pre-training on one dataset."""

import numpy as np

from scbench.figures import pretraining, style
from scbench.script import guarded

with guarded(snakemake.log[0]):
    labels, wildcards = snakemake.params.labels, snakemake.wildcards
    title = " · ".join([labels["datasets"][wildcards.dataset]["label"], labels["methods"][wildcards.method]["label"]])
    with np.load(snakemake.input.extra) as extra:
        style.save(pretraining.plot(dict(extra), title=title), *snakemake.output)
