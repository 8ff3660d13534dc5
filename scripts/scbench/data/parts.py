"""Put the parts of a dataset, each in a file of its own, below one another."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scbench.data.loaders.assembly import check_known
from scbench.data.names import cut
from scbench.data.options import with_options
from scbench.errors import UserError

if TYPE_CHECKING:
    from anndata import AnnData

LOGGER = logging.getLogger(__name__)


@with_options
def parts(
    find: Callable[[str | list[str]], Mapping[str, Path]],
    load: Callable[[Path], "AnnData"],
    *,
    members: str | list[str],
    name: str | None = None,
    column: str | None = None,
    cell: str | None = None,
    genes: str = "outer",
) -> "AnnData":
    """Load each part and put the cells of all below one another.

    Parameters
    ----------
    find
        Gives name and path of each of `members`, see `scbench.data.files.Files.members`.
    load
        Reads one.
    members
        Pattern of the parts' files, or folders, inside the archive of counts; or a list of files by their roles.
    name
        Expression that cuts the names of the parts, see `scbench.data.names.cut`; it must match them all.
    column
        Column of ``obs`` for the name of the part, for instance ``donor``; ``label`` if each part is a class.
    cell
        New names of the cells, made of ``{part}`` and ``{cell}``, such as ``"{part}_{cell}"``, for parts with cells of
        the same names.
    genes
        ``outer`` keeps the genes of any part, with zeros where a part does not have them; ``inner`` those of all.

    Returns
    -------
    AnnData
        All cells, in the order of `members`; genes are sorted by name unless the parts agree on them.

    Raises
    ------
    UserError
        If there is no part, names of parts or of cells repeat, parts differ in scale, or no gene is left.

    Notes
    -----
    Memory: all parts, twice.
    """
    from anndata import concat

    check_known(Path("parts"), "value of 'genes'", genes, ("outer", "inner"))
    paths = find(members)
    names = cut(paths, name, "name")
    for member, label in zip(paths, names, strict=True):
        if label is None:
            raise UserError(f"parts: 'name' does not match the part {member!r}.")
    if len(set(names)) < len(names):
        twice = pd.Index(names)[pd.Index(names).duplicated()][0]
        raise UserError(f"parts: more than one part has the name {twice!r}; check the option 'name'.")
    loaded = []
    for label, path in zip(names, paths.values(), strict=True):
        part = load(path)
        if column is not None:
            part.obs[column] = pd.Categorical(np.full(part.n_obs, label))
        if cell is not None:
            part.obs_names = [cell.replace("{part}", label).replace("{cell}", old) for old in part.obs_names]
        LOGGER.info("%s: %d cells x %d genes", label, *part.shape)
        loaded.append(part)
    if len({tuple(part.layers) for part in loaded}) > 1:
        raise UserError(f"parts: the values of {names[0]!r} and of others differ in scale.")
    cells = pd.Index(np.concatenate([part.obs_names for part in loaded]))
    if not cells.is_unique:
        how = """with 'cell: "{part}_{cell}"' they get names of their own"""
        raise UserError(f"parts: the cell {cells[cells.duplicated()][0]!r} is in more than one part; {how}.")
    whole = concat(loaded, join=genes, merge="same", fill_value=0)
    if not whole.n_vars:
        raise UserError(f"parts: no gene is in all of {', '.join(names)}; do they name genes alike?")
    LOGGER.info("together: %d cells x %d genes (%s)", *whole.shape, "of all" if genes == "inner" else "of any")
    return whole
