"""Read what a GEO series matrix says of its samples."""

import csv
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from scbench.data.loaders.assembly import reading
from scbench.data.loaders.text import open_text
from scbench.errors import UserError

_SAMPLE = "!Sample_"
_CHARACTERISTICS = "characteristics_ch"


def series_matrix(path: Path) -> pd.DataFrame:
    """Read the samples of a series matrix, plain or compressed by gzip.

    Parameters
    ----------
    path
        The file. Its lines ``!Sample_NAME`` have one field for each sample.

    Returns
    -------
    DataFrame
        Text, a row for each sample: a column for each NAME (``title``, ``geo_accession``, ``source_name_ch1``, ...; of
        lines with one NAME the first), and one for each key of the lines ``!Sample_characteristics_ch1``, whose fields
        are ``key: value``; empty where a sample does not have the key.

    Raises
    ------
    UserError
        If the file cannot be read, or lines do not have one field for each of the same samples.

    Notes
    -----
    Memory: that of the lines about samples; reading ends at the table of values.
    """
    with reading(path, "a GEO series matrix"), open_text(path) as file:
        lines = list(_sample_lines(file))
    if not lines:
        raise UserError(f"{path} has no lines that start with {_SAMPLE}, as a GEO series matrix has.")
    samples = len(lines[0][1])
    columns: dict[str, list[str]] = {}
    for name, fields in lines:
        if len(fields) != samples:
            raise UserError(
                f"{path}: {_SAMPLE}{name} has {len(fields)} fields. Expected one for each of {samples} samples."
            )
        if not name.startswith(_CHARACTERISTICS):
            columns.setdefault(name, fields)
            continue
        for i, field in enumerate(fields):
            key, colon, value = field.partition(":")
            if colon:
                columns.setdefault(key.strip(), [""] * samples)[i] = value.strip()
    return pd.DataFrame(columns)


def _sample_lines(lines: Iterable[str]) -> Iterable[tuple[str, list[str]]]:
    for line in lines:
        if line.startswith("!series_matrix_table_begin"):
            return
        if line.startswith(_SAMPLE):
            name, *fields = next(csv.reader([line.rstrip("\r\n")], delimiter="\t"))
            yield name.removeprefix(_SAMPLE), fields
