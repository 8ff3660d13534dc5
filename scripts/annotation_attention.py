"""Find marker genes of types by attention, judge them as the marker track does, and draw them."""

from scbench.annotation.attention_markers import judge_markers, rank_genes
from scbench.annotation.gene_sets import owners
from scbench.annotation.scrobust.pretrained import Pretrained
from scbench.annotation.untrained import untrained
from scbench.figures import attention as figure
from scbench.figures import style
from scbench.io import read_prepared, write_table
from scbench.script import guarded
from scbench.splits import fold

with guarded(snakemake.log[0]):
    files, params, output = snakemake.input, snakemake.params, snakemake.output
    data, encoder, asked, folds = read_prepared(files.data), Pretrained.load(files.encoder), params.judge, params.folds
    encoders = {"pretrained": encoder, "untrained": untrained(encoder, asked["seed"])}
    attentions = {name: each.attention(data.X) for name, each in encoders.items()}
    splits = [fold(data.labels, replicate=number, **folds) for number in range(folds["folds"])]
    write_table(judged := judge_markers(data, attentions, splits, owner=owners(files.data), **asked), output.table)
    ranking = rank_genes(attentions["pretrained"], data.labels, data.genes, n_genes=asked["top"])
    write_table(ranking, output.genes)
    drawn = {"title": params.title, "top": asked["top"], "confidence": params.confidence}
    style.save(figure.plot(data, attentions["pretrained"], ranking, judged, **drawn), output.png, output.pdf)
