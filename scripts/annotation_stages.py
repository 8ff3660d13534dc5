"""Find stages over time in embeddings of cells without batch effects, and marker genes of the stages."""

import pandas as pd

from scbench.annotation import embeddings, stages
from scbench.annotation.scrobust.pretrained import Pretrained
from scbench.annotation.scrobust.settings import settings
from scbench.figures import stages as figure
from scbench.figures import style
from scbench.io import read_column, read_prepared, write_table
from scbench.script import guarded

with guarded(snakemake.log[0]):
    params, output = snakemake.params, snakemake.output
    data, row, seed = read_prepared(snakemake.input.data), params.row, params.seed
    times = read_column(snakemake.input.data, row["time"]).astype(str)
    corrected = stages.without_batches(data.X, times)
    chosen = settings(params.entry.get("variant"), params.entry.get("overrides", {}))
    encoder = Pretrained.fit(corrected, data.genes, settings=chosen, seed=seed, threads=snakemake.threads)
    found = {
        "HVGs": embeddings.components(embeddings.variable(data.X, 1000), seed=seed),
        "HVGs after ComBat": embeddings.components(embeddings.variable(corrected, 1000), seed=seed),
        "scRobust after ComBat": embeddings.components(encoder.embed(corrected)[-1], seed=seed),
    }
    scores, points = embeddings.study(found, times, None, kind="tsne", seed=seed)
    own = points[points["embedding"] == "scRobust after ComBat"]
    named, clusters = stages.by_cluster(own["cluster"].to_numpy(), times, row["stages"], row["share"])
    groups = {"clusters": named, "times": stages.by_time(times, row["stages"])}
    tables = [stages.markers(corrected, of, data.genes).assign(by=by) for by, of in groups.items()]
    write_table(pd.concat(tables, ignore_index=True), output.table)
    write_table(clusters, output.clusters)
    write_table(scores, output.scores)
    order = [time for own in row["stages"].values() for time in own]
    style.save(figure.plot(points, scores, named, order=order, title=params.title), output.png, output.pdf)
