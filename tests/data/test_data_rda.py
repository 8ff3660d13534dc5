"""Labels that R saved, in files that are written out by hand in R's own text format."""

import bz2

import anndata
import numpy as np
import pandas as pd
import pytest

from scbench.data.labels import labels
from scbench.data.rda import rda
from scbench.errors import UserError

END = ["254"]
HEAD = ["RDA3", "A", "3", "262146", "197888", "5", "UTF-8"]


def _text(*values):
    return ["16", str(len(values)), *(line for value in values for line in ("262153", str(len(value)), value))]


def _pairs(**items):
    """A list of pairs, which R has for attributes and for what a file holds."""
    node = [["1026", "1", "262153", str(len(name)), name, *value] for name, value in items.items()]
    return [line for part in node for line in part] + END


def _list(**items):
    return ["531", str(len(items)), *(line for item in items.values() for line in item), *_pairs(names=_text(*items))]


def _frame(rows, **columns):
    attributes = {"names": _text(*columns), "class": _text("data.frame"), "row.names": _text(*rows)}
    values = (line for column in columns.values() for line in column)
    return ["787", str(len(columns)), *values, *_pairs(**attributes)]


def _numbers(*values, **attributes):
    return ["526" if attributes else "14", str(len(values)), *values, *(_pairs(**attributes) if attributes else [])]


def _factor(*codes, levels, names=None):
    attributes = {"levels": _text(*levels), "class": _text("factor")} | ({"names": _text(*names)} if names else {})
    return ["781", str(len(codes)), *codes, *_pairs(**attributes)]


BULB = _list(
    pos=_frame(["AC", "GT", "TT"], x=_numbers("7.948", "21.01", "3"), y=_numbers("14.067", "23.944", "0.5")),
    annot=_factor("2", "1", levels=["1: Granule", "5: Nerve"], names=["TT", "AC"]),
    depth=_numbers("12", "NA", names=_text("GT", "AC")),
    plain=_numbers("1", "2"),
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "mOB.rda"
    path.write_bytes(bz2.compress("\n".join([*HEAD, *_pairs(mOB=BULB), ""]).encode()))
    return path


def test_objects_are_joined_by_the_names_of_their_rows(path):
    table = rda(path, ["mOB.pos", "mOB.annot", "mOB.depth"])
    assert table.to_dict("list") == {
        "": ["AC", "GT", "TT"],
        "x": ["7.948", "21.01", "3"],
        "y": ["14.067", "23.944", "0.5"],
        "annot": ["1: Granule", "", "5: Nerve"],
        "depth": ["", "12", ""],
    }


def test_spots_are_found_by_their_place_and_keep_no_label_where_they_have_none(path):
    adata = anndata.AnnData(np.eye(3), obs=pd.DataFrame(index=["3x0.5", "21.01x23.944", "7.948x14.067"]))
    options = {"reader": "rda", "objects": ["mOB.pos", "mOB.annot"], "columns": {"label": "annot"}}
    found = labels(adata, path, cell=["x", "y"], matrix_regex="^(.+)x(.+)$", least=1, **options)
    assert found.obs["label"].tolist() == ["5: Nerve", "", "1: Granule"]
    assert found.uns["labels"] == {"matched": 3, "unmatched": 0}
    adata.obs_names = ["TT", "GT", "AC"]
    assert labels(adata, path, cell="", **options).obs["label"].tolist() == ["5: Nerve", "", "1: Granule"]


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        (None, r"the option 'objects' lists objects of an R data file\. Got None instead"),
        ("mOB.pos", "the option 'objects' .* Got 'mOB.pos' instead"),
        (["mOB.annott"], "unknown object 'annott'. Did you mean 'annot'"),
        (["MOB"], "unknown object 'MOB'"),
        (["mOB.pos.x"], "unknown object 'x'"),
        (["mOB"], "'mOB' must be a data frame, a vector or a factor, with names"),
        (["mOB.plain"], "'mOB.plain' must be a data frame, a vector or a factor, with names"),
        (["mOB.pos", "mOB.pos"], "names of columns repeat an earlier one \\(first: 'x'"),
    ],
)
def test_what_is_not_there_is_named(path, objects, message):
    with pytest.raises(UserError, match=rf"mOB\.rda: {message}"):
        rda(path, objects)


def test_rows_of_one_name_are_named(tmp_path):
    twice = _list(annot=_factor("1", "1", levels=["a"], names=["AC", "AC"]))
    path = tmp_path / "twice.rda"
    path.write_text("\n".join([*HEAD, *_pairs(mOB=twice), ""]))
    with pytest.raises(UserError, match=r"names of rows of 'mOB\.annot' repeat an earlier one \(first: 'AC'\)"):
        rda(path, ["mOB.annot"])


def test_what_is_no_such_file_or_only_half_of_one_is_named(path, tmp_path):
    whole = path.read_bytes()
    for name, content in {
        "half.rda": whole[: len(whole) // 2],
        "text.rda": b"cell,label\na,b\n",
        "empty.rda": b"",
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UserError, match=rf"{name} cannot be read as an R data file"):
            rda(tmp_path / name, ["mOB.pos"])
