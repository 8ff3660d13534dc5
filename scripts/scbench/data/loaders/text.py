"""Delimited text, plain or compressed by gzip: where fields end, and the lines of a header."""

import csv
import gzip
from pathlib import Path
from typing import TextIO

from scbench.data.loaders.assembly import check_known

SEPARATORS = {"comma": ",", "tab": "\t", "semicolon": ";", "space": r"\s+"}


def separator_of(path: Path, word: str | None) -> str:
    """Give the separator of a word; without one, a comma for ``.csv`` and ``.csv.gz`` and a tab for other files."""
    if word is None:
        return "," if ".csv" in path.suffixes[-2:] else "\t"
    check_known(path, "separator", word, SEPARATORS)
    return SEPARATORS[word]


def open_text(path: Path) -> TextIO:
    """Open UTF-8 text; whether it is compressed is decided by its content, not by its name."""
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rt", encoding="utf-8-sig") if compressed else path.open(encoding="utf-8-sig")


def fields_of(line: str, separator: str) -> list[str]:
    """Split a line into fields as pandas does."""
    if separator == SEPARATORS["space"]:
        line, separator = " ".join(line.split()), " "
    return next(csv.reader([line.rstrip("\r\n")], delimiter=separator), [])
