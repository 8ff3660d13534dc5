"""A claim and what was measured of it, in words and numbers as a reader wants them."""

import re
from typing import Any

_PAPERS = {"smash": "SMaSH", "scgco": "scGCO", "scrobust": "scRobust"}
ABOUT = {"results": "results", "design": "sizes and constants"}
TRACKS = {"markers": "marker genes", "svg": "spatially variable genes", "annotation": "cell type annotation"}

_SPELLED = {
    "f1": "F1", "svg": "SVG", "fpr": "FPR", "hvg": "HVG", "ks": "KS", "nes": "NES", "gmm": "GMM", "pca": "PCA",
    "pvalue": "p-value", "jaccard": "Jaccard", "hamming": "Hamming", "hausdorff": "Hausdorff", "fdr": "FDR",
}  # fmt: skip
_WORDS = {
    "~": "about",
    "best_of": "best, compared with",
    "second_best_of": "second best, compared with",
    "third_best_of": "third best, compared with",
    "worst_of": "worst, compared with",
    "not_best_of": "not the best, compared with",
    "in_top_2": "among the best two, compared with",
    "<": "less than",
    ">": "more than",
}
_SIGNS = {"<=": "\N{LESS-THAN OR EQUAL TO}", ">=": "\N{GREATER-THAN OR EQUAL TO}"}


def paper(name: str) -> str:
    """Name of a paper's method, or the id of a paper that has none here."""
    return _PAPERS.get(name, name)


def metric(name: str) -> str:
    """Name of a metric; its unit is written beside the value.

    Examples
    --------
    >>> metric("macro_f1"), metric("wall_time_s"), metric("n_svg"), metric("param_n_hvg")
    ('macro F1', 'wall time', 'number of SVG', 'protocol: number of HVG')
    """
    name = re.sub(r"^param_", "protocol: ", re.sub(r"_(s|gb)$", "", name))
    name = re.sub(r"^hardware_", "hardware: ", name)
    name = re.sub(r"(^|\s)n_", r"\1number of ", name)
    return " ".join(_SPELLED.get(word, word) for word in re.split(r"[_ ]", name))


_TESTABLE = {
    "embedded": "inside installed packages, simulated, or a constant of the code",
    "shared-data": "small public files",
    "needs-download": "public, to be downloaded",
    "not-public": "never released",
    "needs-gpu-weights": "needs pre-trained weights and a GPU",
}


def data(testable_here: str) -> str:
    """What it takes to test a claim."""
    return _TESTABLE.get(testable_here, testable_here)


def unit(name: str) -> str:
    r"""Unit after a number, with the space before it.

    Examples
    --------
    >>> unit("percent"), unit("genes"), unit("fraction")
    ('\xa0%', '\xa0genes', '')
    """
    if name in ("", "fraction", "ratio"):
        return ""
    return "\N{NO-BREAK SPACE}" + {"percent": "%", "um": "µm"}.get(name, name)


def published(row: dict[str, Any]) -> str:
    r"""What the paper says of the claim's quantity; numbers are as printed.

    Examples
    --------
    >>> row = dict(kind="value", relation="", value="13.0", sd="0.5", unit="percent")
    >>> published(row)
    '13.0 ± 0.5\xa0%'
    >>> published(row | {"kind": "bound", "relation": "<", "sd": ""})
    '< 13.0\xa0%'
    >>> published(dict(kind="ordering", relation="best_of", comparators="a;b@dropout-0", value="4", n=6))
    'best, compared with a, b (dropout-0), in 4 of 6'
    """
    relation = row["relation"]
    if row["kind"] == "shape":
        return relation.replace("~", "about ").replace("_", " ")
    if row["kind"] == "ordering":
        said = f"{_WORDS.get(relation, relation.replace('_', ' '))} {sides(row['comparators'])}"
        return f"{said}, in {row['value']} of {row['n']:g}" if row["value"] else said
    before = {"": "", "~": "about "}.get(relation, f"{_SIGNS.get(relation, relation)} ")
    return before + row["value"] + (f" ± {row['sd']}" if row["sd"] else "") + unit(row["unit"])


def sides(comparators: str) -> str:
    """Comparators of a claim.

    Examples
    --------
    >>> sides("spark;ciform@dropout-0")
    'spark, ciform (dropout-0)'
    """
    return ", ".join(re.sub(r"@(.*)", r" (\1)", side) for side in comparators.split(";"))


def digits(row: dict[str, Any], value: float | None) -> str:
    """One of our values with one digit more than the paper printed; empty if there is none.

    A number that the paper's digits are enough for (a count, most often, or one with an exponent) has no more.

    Examples
    --------
    >>> row = dict(printed_decimals="1", value="13.0")
    >>> digits(row, 12.345), digits(row, 13.0), digits(row, None)
    ('12.35', '13.0', '')
    >>> digits(dict(printed_decimals="2", value="9.60e-52"), 3.21e-40)
    '3.21e-40'
    """
    if value is None:
        return ""
    if not row["printed_decimals"]:
        return f"{value:.4g}"
    decimals = int(row["printed_decimals"])
    if "e" in row["value"]:
        return f"{value:.{decimals}e}"
    return f"{value:.{decimals + (round(value, decimals) != value)}f}"


def ours(row: dict[str, Any]) -> str:
    r"""What we measured; empty if nothing was.

    Examples
    --------
    >>> ours(dict(kind="value", printed_decimals="1", value="13.0", unit="percent", ours=12.345))
    '12.35\xa0%'
    >>> ours(dict(kind="ordering", printed_decimals="", value="4", n=6, ours=5.0))
    'in 5 of 6'
    """
    if row["ours"] is None:
        return ""
    if row["kind"] == "ordering" and row["value"]:
        return f"in {row['ours']:g} of {row['n']:g}"
    return digits(row, row["ours"]) + mean_unit(row)


def mean_unit(row: dict[str, Any]) -> str:
    """Unit of our means, with the space before it; what tells a shape has none."""
    return "" if row["kind"] == "shape" else unit(row["unit"])


def interval(row: dict[str, Any]) -> str:
    r"""Our interval; empty if there is none.

    Examples
    --------
    >>> interval(dict(printed_decimals="1", value="13.0", ours_low=12.0, ours_high=13.45))
    '12.0\xa0to\xa013.45'
    """
    ends = [digits(row, row[name]) for name in ("ours_low", "ours_high")]
    return "\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}".join(ends) if all(ends) and ends[0] != ends[1] else ""


def replicates(row: dict[str, Any]) -> str:
    r"""How often something was measured; a size or a constant was looked up.

    Examples
    --------
    >>> row = dict(about="results", n_replicates=5.0)
    >>> replicates(row), replicates(row | {"n_replicates": 1.0}), replicates(row | {"n_replicates": None})
    ('5\xa0replicates', '1\xa0run', '')
    """
    n = row["n_replicates"]
    if n is None or (n == 1 and row["about"] == "design"):
        return ""
    return "1\N{NO-BREAK SPACE}run" if n == 1 else f"{n:.0f}\N{NO-BREAK SPACE}replicates"
