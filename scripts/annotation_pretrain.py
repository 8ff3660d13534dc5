"""Pre-train an encoder on all cells of a dataset, without their labels."""

import shutil
from pathlib import Path

from scbench.annotation.scrobust.pretrained import Pretrained
from scbench.annotation.scrobust.settings import settings
from scbench.io import read_prepared
from scbench.script import guarded

with guarded(snakemake.log[0]):
    params, checkpoint = snakemake.params, Path(snakemake.output[0]).with_name(".checkpoint")
    data = read_prepared(snakemake.input.data)
    chosen = settings(params.entry.get("variant"), params.entry.get("overrides", {}))
    options = {"seed": params.seed, "threads": snakemake.threads, "checkpoint": checkpoint}
    Pretrained.fit(data.X, data.genes, settings=chosen, **options).save(snakemake.output[0])
    shutil.rmtree(checkpoint, ignore_errors=True)
