"""Gene sets from GMT files, and their genes in a dataset."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from scbench.annotation import gene_sets
from scbench.annotation.gene_sets import locate, read_gmt, simulated_sets
from scbench.errors import UserError

GENES = np.array(["INS", "GCG", "SST", "PPY", "ACTB"], dtype=object)


@pytest.fixture
def gmt(tmp_path):
    def write(content):
        path = tmp_path / "sets.gmt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_sets_are_read_in_the_order_of_the_file(gmt):
    sets = read_gmt(gmt("Z\thttp://x\tINS\tIAPP\nA\tna\tGCG\n"))
    assert list(sets) == ["Z", "A"]
    assert sets["Z"].genes == ("INS", "IAPP")
    assert sets["A"].source.endswith("sets.gmt, line 2")


def test_what_programs_write_besides(gmt):
    content = "\ufeffA\t\tINS\tINS\t IAPP \t\t\r\n\r\nB\tna\tGCG"
    sets = read_gmt(gmt(content))
    assert sets["A"].genes == ("INS", "IAPP"), "byte order mark, no description, a gene twice, spaces, empty fields"
    assert sets["B"].genes == ("GCG",), "a blank line before, no line end"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "has no gene set"),
        ("\n \n", "has no gene set"),
        ("A\tna\tINS\nB na GCG\n", "line 2: tabs must part name, description and genes of a set. Got 'B na GCG'"),
        ("A\tINS\n", "line 1: tabs"),
        ("A\tna\tINS\nA\tna\tGCG\n", "line 2: the set 'A' has the name of the set in line 1"),
        ("A\tna\t\t \n", "line 1: the set 'A' has no genes"),
        ("\tna\tINS\n", "line 1: a set must have a name"),
        ("A\x00\tna\tINS\n", "line 1: a set must have a name of printable letters"),
        (b"A\tna\tINS\nB\tna\t\xe9\n", "line 2: not UTF-8 text .byte 0xe9"),
        (b"\x1f\x8b\x08\x00\x00", "line 1: not UTF-8 text .byte 0x8b"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(gmt, content, message):
    with pytest.raises(UserError, match=message):
        read_gmt(gmt(content))


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(UserError, match=r"none\.gmt cannot be read: No such file"):
        read_gmt(tmp_path / "none.gmt")
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        read_gmt(tmp_path)


def test_limits_of_size(gmt, monkeypatch):
    path = gmt("A\tna\tINS\nB\tna\tGCG\n")
    monkeypatch.setattr(gene_sets, "LARGEST_FILE", path.stat().st_size)
    assert len(read_gmt(path)) == 2
    monkeypatch.setattr(gene_sets, "MOST_SETS", 1)
    with pytest.raises(UserError, match="more than 1 sets"):
        read_gmt(path)
    monkeypatch.setattr(gene_sets, "LARGEST_FILE", path.stat().st_size - 1)
    with pytest.raises(UserError, match="is larger than"):
        read_gmt(path)


def test_genes_are_found_by_name_and_the_others_named(gmt):
    sets = read_gmt(gmt("BETA\tna\tPPY\tIAPP\tINS\tMAFA\nALPHA\tna\tGCG\n"))
    found = locate(sets, {"beta": "BETA", "alpha": "ALPHA"}, GENES)
    assert list(found) == ["beta", "alpha"]
    assert found["beta"].members.tolist() == [0, 3], "increasing, whatever the order of the set"
    assert found["beta"].missing == ("IAPP", "MAFA")
    assert (found["beta"].size, found["alpha"].size) == (4, 1)


def test_case_is_not_guessed(gmt):
    sets = read_gmt(gmt("M\tna\tIns\tGcg\tIapp\nN\tna\tFoo\n"))
    with pytest.raises(
        UserError, match=r"line 1: no gene of the set 'M'.*case 2 of 3 are: is the set of another species"
    ):
        locate(sets, {"beta": "M"}, GENES)
    with pytest.raises(UserError, match=r"line 2: no gene of the set 'N'.*It has 'Foo', say; the data have 'INS'"):
        locate(sets, {"beta": "N"}, GENES)


def test_an_unknown_set_is_named(gmt):
    sets = read_gmt(gmt("BETA_CELL\tna\tINS\n"))
    with pytest.raises(UserError, match=r"no gene set 'BETA' \(of 'beta'\). Did you mean 'BETA_CELL'\? Allowed"):
        locate(sets, {"beta": "BETA"}, GENES)
    many = read_gmt(gmt("".join(f"SET_{place}\tna\tINS\n" for place in range(40))))
    with pytest.raises(UserError, match=r"Did you mean 'SET_\d+'\? There are 40, such as 'SET_0'"):
        locate(many, {"beta": "SET"}, GENES)


def test_the_markers_of_a_simulation(tmp_path):
    from anndata import AnnData

    var = pd.DataFrame({"marker_of": pd.Categorical(["b", "", "a", "b"])}, index=["g0", "g1", "g2", "g3"])
    AnnData(sp.csr_matrix((1, 4)), var=var).write_h5ad(path := tmp_path / "sim.h5ad")
    sets = simulated_sets(path)
    assert {name: each.genes for name, each in sets.items()} == {"a": ("g2",), "b": ("g0", "g3")}

    AnnData(sp.csr_matrix((1, 4)), var=var.assign(marker_of="")).write_h5ad(path)
    with pytest.raises(UserError, match=r"No gene of .* marks a type"):
        simulated_sets(path)
    AnnData(sp.csr_matrix((1, 4)), var=var[[]]).write_h5ad(path)
    with pytest.raises(UserError, match="has no column 'marker_of'"):
        simulated_sets(path)


def test_the_sets_that_come_with_the_project(root):
    for path in (root / "config/gene_sets").glob("*.gmt"):
        sets = read_gmt(path)
        assert all(len(each.genes) >= 5 for each in sets.values())
        assert all("doi:" in line.split("\t")[1] for line in path.read_text().splitlines()), "a source is named"
