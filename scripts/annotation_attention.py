"""Find marker genes of types by attention, judge them as the marker track does, and draw them."""

from scbench.annotation.attention_markers import judge_markers, rank_genes
from scbench.annotation.gene_sets import owners
from scbench.annotation.scrobust.pretrained import Pretrained
from scbench.figures import attention as figure
from scbench.figures import style
from scbench.io import read_prepared, write_table
from scbench.script import guarded
from scbench.splits import fold

with guarded(snakemake.log[0]):
    files, params, output = snakemake.input, snakemake.params, snakemake.output
    data, asked, folds = read_prepared(files.data), params.judge, params.folds
    attention = Pretrained.load(files.encoder).attention(data.X)
    splits = [fold(data.labels, replicate=number, **folds) for number in range(folds["folds"])]
    table = judge_markers(data, attention, splits, owner=owners(files.data), **asked)
    write_table(table, output.table)
    ranking = rank_genes(attention, data.labels, data.genes, n_genes=asked["top"])
    write_table(ranking, output.genes)
    shared = {"title": params.title, "top": asked["top"], "confidence": params.confidence}
    style.save(figure.plot(data, attention, ranking, table, **shared), output.png, output.pdf)
