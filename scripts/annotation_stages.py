"""Find stages over time in embeddings of cells without batch effects, and marker genes of the stages."""

from scbench.annotation import stages
from scbench.annotation.pretraining import pretrained
from scbench.figures import stages as figure
from scbench.figures import style
from scbench.io import read_column, read_prepared, write_table
from scbench.script import guarded

with guarded(snakemake.log[0], snakemake.resources.gpu):
    params, output, row = snakemake.params, snakemake.output, snakemake.params.row
    data, times = read_prepared(snakemake.input.data), read_column(snakemake.input.data, row["time"]).astype(str)
    stages.check_times(times, row["stages"], row["time"])
    keep_zeros = params.entry.get("variant") != "faithful"
    corrected = stages.without_batches(data.X, times, keep_zeros=keep_zeros)
    options = {"seed": params.seed, "threads": snakemake.threads, "output": output.table}
    with pretrained(corrected, data.genes, params.entry, **options) as encoder:
        found = stages.study(encoder, data.X, corrected, times, row["stages"], share=row["share"], seed=params.seed)
        write_table(found.scores, output.scores)
        write_table(found.clusters, output.clusters)
        write_table(found.markers, output.table)
        style.save(figure.plot(found, row, keep_zeros=keep_zeros, title=params.title), output.png, output.pdf)
