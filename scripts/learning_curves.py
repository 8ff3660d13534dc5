"""Cross-validate a method's classifier inside the training cells of the first replicate."""

import importlib

import numpy as np

from scbench.io import read_prepared, write_table
from scbench.script import guarded

with guarded(snakemake.log[0], snakemake.resources.gpu):
    spec, wildcards = snakemake.params.spec, snakemake.wildcards
    module, _, name = spec["entry"].partition(":")
    method = getattr(importlib.import_module(module), name)(**spec["params"])
    data = read_prepared(snakemake.input.data, spec["input_scale"])
    train = np.load(snakemake.input.split)["train"]
    labels = data.obs.get("broad", data.labels)
    curves = method.learning_curves(
        data.X[train], labels[train], data.genes, seed=spec["seed"], folds=snakemake.params.folds
    )
    write_table(curves.assign(dataset=wildcards.dataset, method=wildcards.method), snakemake.output[0])
