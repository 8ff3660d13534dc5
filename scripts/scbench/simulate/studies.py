"""Cell types in studies: on several platforms, in samples of donors, or over time."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scbench.data.options import check_number
from scbench.errors import UserError, did_you_mean
from scbench.simulate._types import draw_types, express

if TYPE_CHECKING:
    from anndata import AnnData


def batches(
    *,
    n_cells: int,
    n_genes: int,
    n_types: int,
    depths: Mapping[str, float],
    seed: int,
    missing: Mapping[str, str] | None = None,
    gene_sd: float = 0.5,
    markers_per_type: int = 5,
    fold_change: float = 8.0,
    dispersion: float = 0.3,
) -> "AnnData":
    """Simulate cell types that were measured on several platforms.

    Each platform sees each gene more or less well: its means are multiplied by a lognormal factor of mean 1.

    Parameters
    ----------
    n_cells, n_genes, n_types
        Numbers of cells, genes and cell types.
    depths
        For each platform what the means are multiplied by; cells of each type are shared out evenly.
    seed
        Decides everything that is random.
    missing
        For some platforms a type that they lack.
    gene_sd
        Standard deviation of the logarithm of the factors.
    markers_per_type, fold_change, dispersion
        See `scbench.simulate.cells.cell_types`.

    Returns
    -------
    AnnData
        As `scbench.simulate.cells.cell_types` returns it, with the platform in ``obs["batch"]``.

    Raises
    ------
    UserError
        If a parameter is out of range, `missing` names an unknown platform or type, or all platforms lack a type.

    Notes
    -----
    Memory: 10 bytes per non-zero count and a few dense blocks of 16 MB.
    """
    if not (isinstance(depths, Mapping) and depths):
        raise UserError(f"The 'depths' parameter must name platforms and the depth of each. Got {depths!r} instead.")
    rng = np.random.default_rng(seed)
    types, names = draw_types(n_cells, n_types, rng), _names("type", n_types)
    check_number("gene_sd", gene_sd, 0)
    for name, depth in depths.items():
        check_number(f"depths.{name}", depth, 0)
    platform_names = list(map(str, depths))
    platform = _share_out(types, names, platform_names, missing or {}, rng)
    factors = np.array(list(depths.values()))[:, None] * _factors(len(depths), n_genes, gene_sd, rng)
    adata = express(
        types,
        names,
        n_genes,
        rng,
        markers_per_type=markers_per_type,
        fold_change=fold_change,
        dispersion=dispersion,
        groups=platform,
        factors=factors,
    )
    adata.obs["batch"] = pd.Categorical(np.array(platform_names)[platform])
    return adata


def donors(
    *,
    n_cells: int,
    n_genes: int,
    n_types: int,
    n_samples: int,
    seed: int,
    programme: int = 20,
    effect: float = 4.0,
    depth: float = 1.0,
    gene_sd: float = 0.1,
    markers_per_type: int = 5,
    fold_change: float = 8.0,
    dispersion: float = 0.3,
) -> "AnnData":
    """Simulate cell types in samples of donors, who differ in a number that moves a programme of genes in all types.

    Parameters
    ----------
    n_cells, n_genes, n_types, n_samples
        Numbers of cells, genes, cell types and samples; cells of each type are shared out evenly.
    seed
        Decides everything that is random.
    programme
        Number of genes that follow the donors' number, every other one downwards.
    effect
        Ratio of such a gene's mean in the donor with the highest number to that in the one with the lowest.
    depth
        What the means are multiplied by.
    gene_sd
        Standard deviation of the logarithm of a lognormal factor of each gene in each sample, whatever the number.
    markers_per_type, fold_change, dispersion
        See `scbench.simulate.cells.cell_types`.

    Returns
    -------
    AnnData
        As `scbench.simulate.cells.cell_types` returns it, with the sample in ``obs["sample"]``, its donor's number,
        evenly spaced from 4.5 to 9 (as HbA1c has it, in per cent), in ``obs["hba1c"]``, and in ``var["programme"]``
        1 for genes that follow it upwards, -1 for those that follow it downwards, else 0.

    Raises
    ------
    UserError
        If a parameter is out of range.

    Notes
    -----
    Memory: 10 bytes per non-zero count and a few dense blocks of 16 MB.
    """
    rng = np.random.default_rng(seed)
    types, names = draw_types(n_cells, n_types, rng), _names("type", n_types)
    check_number("n_samples", n_samples, 2, integer=True)
    check_number("programme", programme, 0, n_genes, integer=True)
    check_number("effect", effect, 1)
    check_number("depth", depth, 0)
    check_number("gene_sd", gene_sd, 0)
    samples = _names("sample", n_samples)
    sample = _share_out(types, names, samples, {}, rng)
    level = rng.permutation(np.linspace(0, 1, n_samples))
    follows = np.zeros(n_genes, dtype=int)
    follows[rng.permutation(n_genes)[:programme]] = np.where(np.arange(programme) % 2, -1, 1)
    moved = effect ** (follows * (level[:, None] - 0.5))
    adata = express(
        types,
        names,
        n_genes,
        rng,
        markers_per_type=markers_per_type,
        fold_change=fold_change,
        dispersion=dispersion,
        groups=sample,
        factors=depth * moved * _factors(n_samples, n_genes, gene_sd, rng),
    )
    adata.obs["sample"] = pd.Categorical(np.array(samples)[sample])
    adata.obs["hba1c"] = (4.5 + 4.5 * level)[sample]
    adata.var["programme"] = follows
    return adata


def time_course(
    *,
    n_cells: int,
    n_genes: int,
    stages: Mapping[str, Sequence[int]],
    seed: int,
    behind: float = 0.1,
    depth: float = 1.0,
    gene_sd: float = 0.2,
    markers_per_type: int = 5,
    fold_change: float = 8.0,
    dispersion: float = 0.3,
) -> "AnnData":
    """Simulate cells that go from one stage to the next over days, and are measured in one batch a day.

    Day and batch are one, as in studies of drug tolerance: what differs between days may be either. With a
    `fold_change` of 1 it is the batch alone.

    Parameters
    ----------
    n_cells, n_genes
        Numbers of cells and genes; the same number of cells on each day, give or take one.
    stages
        Days on which each stage is the common one, in the order of the stages.
    seed
        Decides everything that is random.
    behind
        Share of the cells, in [0, 1], that are in the stage before it.
    depth
        What the means are multiplied by.
    gene_sd
        Standard deviation of the logarithm of a lognormal factor of each gene on each day: the batch.
    markers_per_type, fold_change, dispersion
        See `scbench.simulate.cells.cell_types`, with stages for types.

    Returns
    -------
    AnnData
        As `scbench.simulate.cells.cell_types` returns it, with the true stage of each cell as its label, and the day
        in ``obs["day"]``.

    Raises
    ------
    UserError
        If a parameter is out of range, there are fewer than two stages, or a day belongs to two of them.

    Notes
    -----
    Memory: 10 bytes per non-zero count and a few dense blocks of 16 MB.
    """
    days = [day for found in stages.values() for day in found]
    if len(stages) < 2 or len(set(days)) < len(days) or not all(stages.values()):
        raise UserError(
            f"The 'stages' parameter must give the days of two stages or more, each day once. Got {dict(stages)}."
        )
    check_number("n_cells", n_cells, 2 * len(days), integer=True)
    check_number("behind", behind, 0, 1)
    check_number("depth", depth, 0)
    check_number("gene_sd", gene_sd, 0)
    rng = np.random.default_rng(seed)
    day = rng.permutation(np.arange(n_cells) % len(days))
    stage = np.repeat(np.arange(len(stages)), [len(found) for found in stages.values()])[day]
    stage = np.maximum(stage - (rng.random(n_cells) < behind), 0)
    adata = express(
        stage,
        list(map(str, stages)),
        n_genes,
        rng,
        markers_per_type=markers_per_type,
        fold_change=fold_change,
        dispersion=dispersion,
        groups=day,
        factors=depth * _factors(len(days), n_genes, gene_sd, rng),
    )
    adata.obs["day"] = np.array(days)[day]
    return adata


def _names(stem: str, number: int) -> list[str]:
    return [f"{stem}{i}" for i in range(number)]


def _factors(groups: int, n_genes: int, sd: float, rng: np.random.Generator) -> np.ndarray:
    """Draw a (groups, genes) factor of mean 1 for each gene in each group of cells."""
    return rng.lognormal(-(sd**2) / 2, sd, (groups, n_genes))


def _share_out(
    types: np.ndarray,
    names: Sequence[str],
    groups: Sequence[str],
    missing: Mapping[str, str],
    rng: np.random.Generator,
) -> np.ndarray:
    """Share the cells of each type out to the groups that have it, as evenly as can be; numbers of the groups."""
    for group, name in missing.items():
        for what, word, known in (("group", group, groups), ("type", name, names)):
            if word not in known:
                raise UserError(f"The 'missing' parameter names no {what}: {word!r}. {did_you_mean(word, known)}")
    found = np.empty(len(types), dtype=int)
    for number, name in enumerate(names):
        having = [i for i, group in enumerate(groups) if missing.get(group) != name]
        if not having:
            raise UserError(f"The 'missing' parameter must leave each type somewhere. Nothing has {name!r}.")
        cells = np.flatnonzero(types == number)
        found[cells] = rng.permutation(np.resize(rng.permutation(having), len(cells)))
    return found
