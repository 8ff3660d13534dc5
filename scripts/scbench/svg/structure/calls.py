"""Which genes each method calls, what the calls of several methods have in common, and which controls are called."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from scbench.scoring.svg import called, decides

COMMON = "common"
SUMMARY_COLUMNS = [
    "method", "adjustment", "status", "n_genes", "n_called", "n_controls", "n_controls_called", "share", "low", "high",
]  # fmt: skip


def calls(outputs: Mapping[str, pd.DataFrame], genes: np.ndarray, *, fdr: float) -> dict[str, pd.DataFrame]:
    """Call the genes of each method at a false discovery rate.

    A method that neither has p-values nor calls genes itself calls as many of its first genes as the others do in the
    median.

    Parameters
    ----------
    outputs
        For each method its table (see `scbench.contract.SpatialTest`); empty for a run that failed.
    genes
        All genes of the dataset.
    fdr
        Level at which a gene is called.

    Returns
    -------
    dict
        By adjustment (see `scbench.scoring.svg.called`), booleans with a row per gene and a column per method. Methods
        without p-values are not under ``bh``, and those that only rank are under ``matched`` alone.
    """
    found: dict[str, dict[str, np.ndarray]] = {"bh": {}, "authors": {}, "matched": {}}
    ranks = {}
    for name, output in outputs.items():
        table = output.set_index("gene").reindex(genes)
        made = called(table, fdr) if len(output) else dict.fromkeys(("bh", "authors"), np.zeros(len(genes), dtype=bool))
        for kind, genes_called in made.items():
            found[kind][name] = genes_called
        if not made:
            ranks[name] = table["score"].rank(ascending=False, method="first").to_numpy()
    numbers = [called.sum() for name, called in found["bh"].items() if len(outputs[name])]
    found["matched"] = {name: rank <= int(np.median(numbers or [0])) for name, rank in ranks.items()}
    index = pd.Index(genes, name="gene")
    return {kind: pd.DataFrame(columns, index=index, dtype=bool) for kind, columns in found.items()}


def compared(found: Mapping[str, pd.DataFrame], outputs: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Take the calls of each method that it is compared by, in the order of `outputs`.

    Those by Benjamini and Hochberg, on the one yardstick; of a method that calls genes itself those, and of one that
    only ranks them its first genes.

    Parameters
    ----------
    found, outputs
        What `calls` gave, and was given.
    """
    kinds = {name: "authors" if decides(output) else "bh" for name, output in outputs.items()}
    kinds |= dict.fromkeys(found["matched"], "matched")
    return pd.DataFrame({name: found[kind][name] for name, kind in kinds.items()}, index=found["bh"].index, dtype=bool)


def summarise(
    found: Mapping[str, pd.DataFrame], statuses: Mapping[str, str], controls: np.ndarray | None, *, confidence: float
) -> pd.DataFrame:
    """Count the called genes of each method, and the negative controls among them.

    Parameters
    ----------
    found
        What `calls` gave.
    statuses
        How the run of each method ended, in the order of the rows.
    controls
        Whether each gene is a negative control (a blank, a spike-in), or None.
    confidence
        Level of the Wilson interval of the share of controls that are called.

    Returns
    -------
    DataFrame
        A row per method and adjustment, with `SUMMARY_COLUMNS`. ``share`` and its interval are missing without controls
        and for runs that did not end ``ok``.
    """
    from statsmodels.stats.proportion import proportion_confint

    rows = []
    n_controls = 0 if controls is None else int(controls.sum())
    for method, status in statuses.items():
        for kind, table in found.items():
            if method not in table:
                continue
            called = table[method].to_numpy()
            row = (method, kind, status, len(called), int(called.sum()), n_controls)
            if n_controls and status == "ok":
                hit = int((called & controls).sum())
                interval = proportion_confint(hit, n_controls, alpha=1 - confidence, method="wilson")
                rows.append((*row, hit, hit / n_controls, *interval))
            else:
                rows.append((*row, 0, np.nan, np.nan, np.nan))
    return pd.DataFrame(rows, columns=SUMMARY_COLUMNS)


def intersections(called: pd.DataFrame) -> pd.DataFrame:
    """Count the genes of each exact combination of methods: those that these methods call, and no other.

    Returns
    -------
    DataFrame
        One boolean column per method, and ``n``; the largest combination first. Genes that nobody calls are left out.
    """
    names = list(called)
    some = called[called.any(axis=1)]
    if some.empty:
        return pd.DataFrame(columns=[*names, "n"])
    counted = some.value_counts(names, sort=False).rename("n").reset_index()
    # Of combinations of one size, those of fewer methods first.
    order = np.lexsort([counted[names].sum(axis=1), -counted["n"]])
    return counted.iloc[order].reset_index(drop=True)


def jaccard(called: pd.DataFrame) -> pd.DataFrame:
    """Jaccard index of the calls of each two methods, and the number of genes that both call.

    Returns
    -------
    DataFrame
        ``method_a, method_b, n_a, n_b, n_both, jaccard``; the index is missing where neither calls a gene.
    """
    values = called.to_numpy(dtype=np.int64)
    both, size = values.T @ values, values.sum(axis=0)
    a, b = np.triu_indices(len(size), k=1)
    either = size[a] + size[b] - both[a, b]
    index = np.divide(both[a, b], either, out=np.full(len(a), np.nan), where=either > 0)
    names = called.columns.to_numpy(dtype=object)
    columns = {"method_a": names[a], "method_b": names[b], "n_a": size[a], "n_b": size[b], "n_both": both[a, b]}
    return pd.DataFrame(columns | {"jaccard": index})


def gene_sets(called: pd.DataFrame, methods: Sequence[str]) -> dict[str, np.ndarray]:
    """Sets of genes that the paper compares (Figs 3f-i and 4f-h).

    Returns
    -------
    dict
        Places of the genes: ``common`` to all methods, ``all`` of each (``"all spark"``), and ``only`` called by one of
        these methods (``"only spark"``).
    """
    chosen = called[list(methods)].to_numpy()
    number = chosen.sum(axis=1)
    sets = {COMMON: np.flatnonzero(number == len(methods))}
    sets |= {f"all {name}": np.flatnonzero(made) for name, made in zip(methods, chosen.T, strict=True)}
    return sets | {
        f"only {name}": np.flatnonzero(made & (number == 1)) for name, made in zip(methods, chosen.T, strict=True)
    }
