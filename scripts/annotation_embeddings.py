"""Cluster, score and draw the embeddings of a dataset."""

from scbench.annotation import embeddings
from scbench.annotation.scrobust.pretrained import Pretrained
from scbench.figures import embeddings as figure
from scbench.figures import style
from scbench.io import read_column, read_prepared, write_table
from scbench.script import guarded

with guarded(snakemake.log[0]):
    files, params, output = snakemake.input, snakemake.params, snakemake.output
    data, row, seed = read_prepared(files.data), params.row, params.seed
    name = row.get("covariate")
    cells = embeddings.sample(data.labels, seed)
    found = embeddings.embeddings(Pretrained.load(files.encoder), data.X[cells], row["features"], seed=seed)
    covariate = None if name is None else read_column(files.data, name)[cells]
    scores, points = embeddings.study(found, data.labels[cells], covariate, kind=row["layout"], seed=seed)
    write_table(scores, output.table)
    write_table(points, output.points)
    style.save(figure.plot(scores, points, covariate=name, title=params.title), output.png, output.pdf)
