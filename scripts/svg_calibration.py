"""Look at the p-values of all tests on a dataset without any pattern."""

import pandas as pd

from scbench.atomic import read_json
from scbench.figures import calibration as figure
from scbench.figures import style
from scbench.io import read_table, write_table
from scbench.script import guarded
from scbench.svg.calibration import by_method, calibrate, pool

with guarded(snakemake.log[0]):
    params, output = snakemake.params, snakemake.output
    runs = by_method(params.names, map(read_table, snakemake.input.outputs))
    states = by_method(params.names, (read_json(path)["status"] for path in snakemake.input.statuses))
    table = calibrate(runs, fdr=params.fdr, confidence=params.confidence)
    write_table(table, output.table)
    pvalues = {name: pool(tables) for name, tables in runs.items() if sum(map(len, tables))}
    words = {name: style.outcome(pd.Series(found)) for name, found in states.items()}
    shared = {"methods": params.labels["methods"], "title": params.title, "confidence": params.confidence}
    style.save(figure.plot(pvalues, table, words=words, **shared), output.png, output.pdf)
