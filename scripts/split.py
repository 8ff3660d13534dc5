"""Split the cells of one dataset for one replicate."""

import numpy as np

from scbench import splits
from scbench.io import atomic, read_labels
from scbench.script import guarded

with guarded(snakemake.log[0]):
    scheme = dict(snakemake.params.scheme)
    make = getattr(splits, scheme.pop("kind"))
    train, test = make(read_labels(snakemake.input.data), **scheme)
    with atomic(snakemake.output[0]) as part:
        np.savez(part, train=train, test=test)
