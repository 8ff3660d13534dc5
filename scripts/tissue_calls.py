"""Count the genes that the methods call on one tissue, and compare the calls."""

from scbench.atomic import read_json
from scbench.figures import style, svg_calls
from scbench.io import read_prepared, read_table, write_table
from scbench.script import guarded
from scbench.svg.structure.calls import calls, compared, intersections, jaccard, summarise

with guarded(snakemake.log[0]):
    given, params, out = snakemake.input, snakemake.params, snakemake.output
    data = read_prepared(given.data)
    outputs = {name: read_table(path) for name, path in zip(params.names, given.outputs, strict=True)}
    statuses = {name: read_json(path)["status"] for name, path in zip(params.names, given.statuses, strict=True)}
    found = calls(outputs, data.genes, fdr=params.fdr)
    called = compared(found, outputs)
    summary = summarise(found, statuses, data.controls, confidence=params.confidence)
    ended = called[[name for name, status in statuses.items() if status == "ok"]]
    write_table(summary, out.table)
    write_table(called.reset_index().assign(n_spots=data.X.getnnz(axis=0)), out.called)
    write_table(intersections(ended), out.intersections)
    write_table(jaccard(ended), out.jaccard)
    labels = params.labels
    title = labels["datasets"][snakemake.wildcards.dataset]["label"]
    figure = svg_calls.plot(summary, called, methods=labels["methods"], title=title, fdr=params.fdr)
    style.save(figure, out.png, out.pdf)
