"""First stage: leave out general genes, and genes that too few or too many classes express."""

import re
from collections.abc import Callable

import numpy as np
import scipy.sparse as sp

from scbench.errors import UserError
from scbench.markers.profiles import class_fractions
from scbench.markers.smash.settings import Settings

SPECIES = ("human", "mouse")

# Prefixes of the released code, with its case: mouse ribosomal genes are Rps and Rpl, so three of five never match.
_RELEASED = {
    "human": ("MT", "RPS", "RPL", "HSP", "HLA"),
    "mouse": ("mt", "rps", "rpl", "hsp", "hla"),
}

# Whole symbols, not prefixes: RPS6KA1 is a kinase, MTOR and the metallothionein MT1X are not mitochondrial, and CDH1 is
# no CD antigen. Surface proteins of the immune system: CD antigens, HLA or H2.
_FAMILIES = (
    r"MT-.+",
    r"M?RP[SL]\d+[ABLXY]{0,2}\d*",
    r"RP(LP[012]|SA)",
    r"HSP[ABDEH]\d+\w*|HSP90\w+|DNAJ[ABC]\d+",
    r"CD\d+[A-Z]?\d?",
)
_SURFACE = {"human": r"HLA-.+", "mouse": r"H2-.+"}

# Genes that quantitative PCR normalises by, as far as they are in no family above.
HOUSEKEEPING = frozenset({
    "ACTB", "ACTG1", "B2M", "C1ORF43", "CHMP2A", "EEF1A1", "EEF2", "EMC7", "GAPDH", "GPI", "GUSB", "HMBS", "HPRT1",
    "PGK1", "POLR2A", "PPIA", "PSMB2", "PSMB4", "RAB7A", "REEP5", "SDHA", "SNRPD3", "TBP", "TUBA1B", "TUBB", "UBC",
    "VCP", "VPS29", "YWHAZ",
})  # fmt: skip


def filter_genes(
    X: sp.csr_matrix, labels: np.ndarray, genes: np.ndarray, species: str | None, choices: Settings
) -> np.ndarray:
    """Find the genes that pass the filters.

    Parameters
    ----------
    X
        (cells, genes) values; what matters is which are zero.
    labels
        (cells,) classes.
    genes
        (genes,) symbols.
    species
        Whose general genes are left out; None to keep them; ``"auto"`` to tell by `likely_species`.

    Returns
    -------
    numpy.ndarray
        Sorted indices.
    """
    species = likely_species(genes) if species == "auto" else species
    fractions = class_fractions(X, labels, np.unique(labels))
    low = low_in_classes(fractions, cells=choices.low_cells, classes=choices.low_classes)
    high = np.zeros(len(genes), bool)
    if choices.high_cells is not None:
        high = high_in_classes(fractions, cells=choices.high_cells, classes=choices.high_classes)
    general = np.zeros(len(genes), bool)
    if species is not None:
        general = {"prefixes": released_general_genes, "symbols": general_genes}[choices.general](genes, species)
    return np.flatnonzero(~(low | high | general))


def likely_species(genes: np.ndarray) -> str | None:
    """Tell the species by how its gene symbols are written: human ones in capitals, mouse ones capitalised.

    Returns
    -------
    str or None
        None if less than half of the symbols are written either way: they are no symbols, then.

    Examples
    --------
    >>> likely_species(["CD3D", "LYZ", "C1orf43"]), likely_species(["Cd3d", "Lyz2", "mt-Co1"])
    ('human', 'mouse')
    >>> likely_species(["gene0", "gene1"])
    """
    patterns = {"human": r"(?!ENS)[A-Z][A-Z0-9.-]+", "mouse": r"[A-Z][a-z0-9.-]*[a-z][a-z0-9.-]*"}
    shares = {name: _matches(genes, re.compile(pattern).fullmatch).mean() for name, pattern in patterns.items()}
    best = max(shares, key=shares.__getitem__)
    return best if shares[best] >= 0.5 else None


def released_general_genes(genes: np.ndarray, species: str) -> np.ndarray:
    """Find general genes as the released code does: by prefix.

    Parameters
    ----------
    genes
        (genes,) symbols.
    species
        ``"human"`` or ``"mouse"``.

    Returns
    -------
    numpy.ndarray
        (genes,) booleans.

    References
    ----------
    smashpy 0.1.2, ``remove_general_genes``.
    """
    prefixes = _RELEASED[_species(species)]
    return _matches(genes, lambda gene: gene.startswith(prefixes))


def general_genes(genes: np.ndarray, species: str, housekeeping: frozenset[str] = HOUSEKEEPING) -> np.ndarray:
    """Find mitochondrial, ribosomal, heat shock, immune surface and housekeeping genes by their whole symbol.

    Parameters
    ----------
    genes
        (genes,) symbols. Human ones are upper case, mouse ones capitalised (but ``mt-``); both are read in any case.
    species
        ``"human"`` or ``"mouse"``.
    housekeeping
        Upper case symbols.

    Returns
    -------
    numpy.ndarray
        (genes,) booleans.

    References
    ----------
    Nelson et al. 2022, Methods, "gene filter". The text names the families, but gives neither patterns nor lists; the
    housekeeping genes are those of Eisenberg E., Levanon E.Y. Human housekeeping genes, revisited. Trends in Genetics
    29, 569-574 (2013), and usual references of quantitative PCR.
    """
    pattern = re.compile("|".join((*_FAMILIES, _SURFACE[_species(species)])))
    return _matches(genes, lambda gene: pattern.fullmatch(gene.upper()) or gene.upper() in housekeeping)


def low_in_classes(fractions: np.ndarray, *, cells: float, classes: float) -> np.ndarray:
    """Find genes that too few classes express.

    Parameters
    ----------
    fractions
        (classes, genes) share of the cells of each class in which a gene is not zero.
    cells
        A class expresses a gene if at least this share of its cells does; with 0, if any cell does.
    classes
        A gene is kept if more than this share of the classes express it; with 0, if any class does.
    """
    expressed = (fractions >= cells) & (fractions > 0)
    return expressed.mean(axis=0) <= classes


def high_in_classes(fractions: np.ndarray, *, cells: float, classes: float) -> np.ndarray:
    """Find genes that at least a share of the classes express in at least a share of their cells."""
    return (fractions >= cells).mean(axis=0) >= classes


def _species(species: str) -> str:
    if species not in SPECIES:
        raise UserError(f"The 'species' parameter of SMaSH must be one of {SPECIES}. Got {species!r} instead.")
    return species


def _matches(genes: np.ndarray, test: Callable[[str], object]) -> np.ndarray:
    return np.fromiter((bool(test(str(gene))) for gene in genes), bool, len(genes))
