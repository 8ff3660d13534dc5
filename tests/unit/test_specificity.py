"""How chosen markers are expressed in their class and outside."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from scbench.errors import UserError
from scbench.io import read_table, write_table
from scbench.markers.specificity import COLUMNS, specificity
from scbench.report.tables import page

GENES = np.array(["g0", "g1", "g2"], dtype=object)
LABELS = np.array(["a", "a", "b", "c", "c", "c"], dtype=object)
X = sp.csr_matrix(
    [[2.0, 0.0, 1.0], [4.0, 0.0, 1.0], [1.0, 0.0, 1.0], [0.0, 0.0, 1.0], [0.0, 3.0, 1.0], [1.5, 6.0, 1.0]]
)
EMPTY = pd.DataFrame(columns=["within", "class", "gene", "rank", "score"])


def ranking(rows):
    return pd.DataFrame(rows, columns=["class", "gene", "rank"]).assign(score=0.0, within="")


def test_a_marker_by_hand():
    table = specificity(X, LABELS, GENES, {"m": ranking([("a", "g0", 1), ("c", "g1", 1)])})
    assert table.columns.tolist() == COLUMNS
    first, second = table.to_dict("records")
    assert first == {
        "method": "m",
        "class": "a",
        "rank": 1,
        "gene": "g0",
        "mean": 3.0,
        "mean_next": 1.0,
        "next_class": "b",
        "share": 1.0,
        "share_outside": 0.5,
        "tau": pytest.approx((2 / 3 + 5 / 6) / 2),  # means 3, 1 and 0.5
        "own_list": True,
    }
    assert (second["mean"], second["share"], second["share_outside"]) == (3.0, pytest.approx(2 / 3), 0.0)
    assert (second["mean_next"], second["tau"]) == (0.0, 1.0)


def test_a_marker_of_the_wrong_class_is_seen():
    row = specificity(X, LABELS, GENES, {"m": ranking([("b", "g0", 1)])}).iloc[0]
    assert (row["mean"], row["mean_next"], row["next_class"]) == (1.0, 3.0, "a")


def test_only_the_first_k_and_in_the_order_of_the_methods():
    many = ranking([("a", "g2", 2), ("a", "g0", 1), ("a", "g1", 3), ("b", "g1", 1)])
    table = specificity(X, LABELS, GENES, {"z": many, "m": many}, k=2)
    assert table["method"].tolist() == ["z"] * 3 + ["m"] * 3
    assert table["gene"].tolist()[:3] == ["g0", "g2", "g1"]


def test_genes_of_a_global_list_go_where_they_are_highest():
    table = specificity(X, LABELS, GENES, {"m": ranking([("", "g1", 1), ("", "g0", 2)])}, k=1)
    assert table["class"].tolist() == ["c", "a"]
    assert table["rank"].tolist() == [1, 2]
    assert not table["own_list"].any()


def test_a_failed_method_has_a_row_without_values():
    for rankings in ({"bad": EMPTY}, {"m": ranking([("a", "g0", 1)]), "bad": EMPTY}):
        table = specificity(X, LABELS, GENES, rankings)
        assert table["method"].tolist() == list(rankings)
        assert table.set_index("method").loc["bad"].isna().all()


def test_one_class_has_no_other():
    row = specificity(X, np.full(6, "a"), GENES, {"m": ranking([("a", "g0", 1)])}).iloc[0]
    assert row["next_class"] == ""
    assert row[["mean_next", "share_outside", "tau"]].isna().all()


@pytest.mark.parametrize(("rows", "message"), [(("a", "gx", 1), "gene 'gx'"), (("d", "g0", 1), "class 'd'")])
def test_names_that_the_data_lack(rows, message):
    with pytest.raises(UserError, match=rf"The {message} of a ranking is not in the data\."):
        specificity(X, LABELS, GENES, {"m": ranking([rows])})


def test_written_read_and_shown_as_a_page(tmp_path):
    table = specificity(X, LABELS, GENES, {"m": ranking([("a", "g0", 1)]), "bad": EMPTY})
    write_table(table, tmp_path / "t.tsv")
    back = read_table(tmp_path / "t.tsv")
    assert back["gene"].tolist()[0] == "g0"
    assert back["mean"].tolist()[0] == 3.0
    assert '["bad",null,null,null' in page({"specificity": table}, "Markers")
