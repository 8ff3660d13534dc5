"""Read what an R data file says of the cells."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from scbench.data.loaders.assembly import check_known, reading
from scbench.errors import UserError

if TYPE_CHECKING:
    from rdata.parser import RObject


def rda(path: Path, objects: Sequence[str] | None) -> pd.DataFrame:
    """Read objects of a file that R's ``save`` wrote, and join them by the names of their rows.

    Parameters
    ----------
    path
        The file, plain or compressed. Nothing in it is run.
    objects
        The objects, with the lists that they lie in: ``mOB.pos`` is the element ``pos`` of the list ``mOB``. Data
        frames with names of rows, or vectors and factors with names.

    Returns
    -------
    DataFrame
        Text, as R writes it, and empty where a value is missing. First the names of all rows, under the heading "";
        then the columns of data frames, and vectors under their own name.

    Raises
    ------
    UserError
        If the file cannot be read, lacks an object, or an object has no names; or if names of rows or columns repeat.

    Notes
    -----
    Memory: the whole file, unpacked, twice. What it unpacks to is not limited, so a file from elsewhere should have its
    checksum in the registry.
    """
    import rdata

    if isinstance(objects, str) or not objects:
        raise UserError(f"{path}: the option 'objects' lists objects of an R data file. Got {objects!r} instead.")
    with reading(path, "an R data file"):
        kinds = {**rdata.conversion.DEFAULT_CLASS_MAP, "factor": _factor}
        held = rdata.conversion.convert(rdata.parser.parse_file(path, extension=".rda"), kinds)
    tables = [_table(path, name, held) for name in objects]
    for name, table in zip(objects, tables, strict=True):
        _unique(path, f"rows of {name!r}", table.index)
    _unique(path, "columns", tables[0].columns.append([table.columns for table in tables[1:]]))
    return pd.concat(tables, axis=1).rename_axis("").reset_index().map(_text)


def _factor(item: "RObject", attributes: Mapping[str, Any]) -> pd.Series | pd.Categorical:
    """Make a factor, with the names of its values where it has such."""
    from rdata.conversion import factor_constructor

    values = factor_constructor(item, attributes)
    return pd.Series(values, index=list(attributes["names"])) if "names" in attributes else values


def _table(path: Path, name: str, held: object) -> pd.DataFrame:
    for key in name.split("."):
        inside = held if isinstance(held, Mapping) else {}
        check_known(path, "object", key, inside)
        held = inside[key]
    if len(getattr(held, "dims", ())) == 1 and held.coords:  # a vector with names
        held = held.to_series()
    if isinstance(held, pd.Series):
        held = held.to_frame(name.rpartition(".")[2])
    if not isinstance(held, pd.DataFrame) or isinstance(held.index, pd.RangeIndex):
        raise UserError(f"{path}: {name!r} must be a data frame, a vector or a factor, with names. It is not.")
    return held.astype(object)


def _unique(path: Path, what: str, names: pd.Index) -> None:
    if not names.is_unique:
        twice = names[names.duplicated()][0]
        raise UserError(f"{path}: names of {what} repeat an earlier one (first: {str(twice)!r}).")


def _text(value: object) -> str:
    """Write a value as R does."""
    return "" if pd.isna(value) else f"{value:.15g}" if isinstance(value, float) else str(value)
