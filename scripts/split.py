"""Split the cells of one dataset for one replicate."""

import numpy as np

from scbench.atomic import atomic
from scbench.script import guarded
from scbench.splits import make

with guarded(snakemake.log[0]):
    split = make(snakemake.input.data, snakemake.params.scheme)
    with atomic(snakemake.output[0]) as part:
        np.savez(part, **split._asdict())
