"""Tables of delimited text, each in the form of a public file."""

import gzip
import importlib
import tarfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scbench.data.loaders import table
from scbench.errors import UserError

MODULE = importlib.import_module("scbench.data.loaders.table")


@pytest.fixture
def small_blocks(monkeypatch):
    """Several blocks even of small tables."""
    monkeypatch.setattr(MODULE, "BLOCK", 30)


@pytest.fixture
def frame(counts, obs, genes):
    """Cells x genes."""
    return pd.DataFrame(counts, obs.index, genes)


def same(found, counts, obs, genes):
    np.testing.assert_array_equal(found.X.toarray(), counts)
    assert found.X.nnz == np.count_nonzero(counts)
    assert found.cells.tolist() == list(obs.index)
    assert found.genes.tolist() == list(genes)


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize(
    ("name", "separator", "option"),
    [
        ("d.csv", ",", None),
        ("d.txt", "\t", None),
        ("d.tsv", " ", "space"),
        ("d.csv", "\t", "tab"),
        ("d", ";", "semicolon"),
    ],
)
@pytest.mark.parametrize("rows", ["rows", "columns"])
@pytest.mark.usefixtures("small_blocks")
def test_either_way_round_and_any_separator(
    through, tmp_path, frame, counts, obs, genes, compress, name, separator, option, rows
):
    path = tmp_path / name
    written = (frame.T if rows == "rows" else frame).rename_axis("id")
    text = written.to_csv(sep=separator).encode()
    path = tmp_path / (name + ".gz" if compress else name)
    path.write_bytes(gzip.compress(text) if compress else text)
    options = {"genes": rows} | ({"separator": option} if option else {})
    same(through(path, "table", options=options), counts, obs, genes)
    # read by the loader itself, compressed or not, as the parts of a dataset are
    assert table(path, **options).layers["counts"].dtype == np.int32


def test_a_table_of_r_has_no_heading_above_the_names(through, tmp_path, frame, counts, obs, genes):
    """What write.table writes: quoted names, and one field less in the first line."""
    lines = [" ".join(f'"{cell}"' for cell in frame.index)]
    lines += [f'"{gene}" ' + " ".join(map(str, frame[gene])) for gene in genes]
    (tmp_path / "d.txt").write_text("\n".join(lines) + "\n")
    same(through(tmp_path / "d.txt", "table", options={"genes": "rows", "separator": "space"}), counts, obs, genes)


def test_properties_left_of_the_values(through, tmp_path, frame, counts, obs, genes):
    """Baron: no heading above the names, then a barcode and the assigned cluster."""
    frame.insert(0, "barcode", [f"ACGT{i}" for i in range(30)])
    frame.insert(1, "assigned_cluster", obs["cell_type"])
    frame.to_csv(tmp_path / "d.csv", index_label="")
    options = {"genes": "columns", "first": 3, "columns": {"label": "assigned_cluster", "barcode": "barcode"}}
    found = through(tmp_path / "d.csv", "table", options=options, tracks=["markers"])
    same(found, counts, obs, genes)
    assert found.labels.tolist() == obs["cell_type"].tolist()
    assert found.obs["barcode"][4] == "ACGT4"
    named = through(tmp_path / "d.csv", "table", options=options | {"cell": "barcode"})
    assert named.cells.tolist() == [f"ACGT{i}" for i in range(30)]


@pytest.mark.usefixtures("small_blocks")
def test_coordinates_labels_and_a_gene_with_gaps(through, tmp_path, frame, counts, obs, genes):
    """MERFISH: linear values, coordinates among the properties, one gene not measured in all animals, blank probes."""
    frame = frame.rename(columns={"Sox2": "Fos", "7": "Blank_1"}) * 0.37
    frame.loc["c3", "Fos"] = np.nan
    xy = np.random.default_rng(0).normal(size=(30, 2)) * 1000
    for name, values in {
        "Y": xy[:, 1],
        "X": xy[:, 0],
        "Cell_class": obs["cell_type"],
        "Animal_ID": obs["batch"],
    }.items():
        frame.insert(0, name, values)
    frame.rename_axis("Cell_ID").to_csv(tmp_path / "d.csv")
    columns = {"label": "Cell_class", "animal": "Animal_ID"}
    options = {"genes": "columns", "first": 5, "columns": columns, "spatial": ["X", "Y"], "drop": ["Fos"]}
    keys = {"options": options | {"values": "linear"}, "target_sum": "median", "controls": "^Blank"}
    found = through(tmp_path / "d.csv", "table", "log1p", tracks=["svg", "annotation"], **keys)
    values = np.delete(counts, 3, axis=1) * 0.37
    totals = values.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.X.toarray(), np.log1p(values / totals * np.median(totals)), rtol=1e-6)
    np.testing.assert_array_equal(found.coords, xy)
    assert found.labels.tolist() == obs["cell_type"].tolist()
    assert found.obs["animal"].tolist() == obs["batch"].tolist()
    assert found.genes.tolist() == [g for g in frame.columns[4:] if g != "Fos"]
    assert found.controls.tolist() == [False] * 6 + [True]
    with pytest.raises(UserError, match=r"d\.csv: the field in row 'c3', column 'Fos' is empty"):
        table(tmp_path / "d.csv", **options | {"drop": []})
    with pytest.raises(UserError, match="controls: no gene matches 'Spike'"):
        through(tmp_path / "d.csv", "table", **keys | {"controls": "Spike"})


@pytest.mark.parametrize("gap", [[""] * 32, [""]])
@pytest.mark.usefixtures("small_blocks")
def test_a_block_of_annotation_above_the_genes(through, tmp_path, counts, obs, genes, gap):
    """Zeisel: ten lines with their key in the second column, an empty line, then genes and a number."""
    lines = [["", "tissue", *["cortex"] * 30], ["", "age", *range(30)], ["", "cell_id", *obs.index]]
    lines += [["", "level1class", *obs["cell_type"]], ["", "x", *range(30)], ["", "y", *range(30, 60)], gap]
    lines += [[gene, 1, *counts[:, i]] for i, gene in enumerate(genes)]
    (tmp_path / "d.txt").write_text("".join("\t".join(map(str, line)) + "\n" for line in lines))
    columns = {"label": "level1class", "age": "age"}
    options = {"genes": "rows", "head": 7, "first": 2, "cell": "cell_id", "columns": columns, "spatial": ["x", "y"]}
    found = through(tmp_path / "d.txt", "table", options=options, tracks=["markers", "svg"][:1])
    same(found, counts, obs, genes)
    assert found.labels.tolist() == obs["cell_type"].tolist()
    assert found.obs["age"].tolist() == list(range(30))
    np.testing.assert_array_equal(found.coords, np.arange(60).reshape(2, 30).T)
    with pytest.raises(UserError, match=r"unknown property of the cells 'level1clas'. Did you mean 'level1class'?"):
        table(tmp_path / "d.txt", **options | {"columns": {"label": "level1clas"}})


def test_names_of_spots_are_coordinates(through, tmp_path, frame, counts, genes):
    """Stahl: spots in rows, named by their place, the heading one field short or empty."""
    xy = np.round(np.random.default_rng(1).random((30, 2)) * 30, 3)
    frame.index = [f"{x}x{y}" for x, y in xy]
    frame.to_csv(tmp_path / "d.tsv", sep="\t")
    options = {"genes": "columns", "spatial": "XxY"}
    found = through(tmp_path / "d.tsv", "table", options=options, tracks=["svg"])
    np.testing.assert_array_equal(found.coords, xy)
    np.testing.assert_array_equal(found.X.toarray(), counts)
    frame.rename(index={frame.index[7]: "total"}).to_csv(tmp_path / "d.tsv", sep="\t")
    with pytest.raises(UserError, match="the name 'total' is not of the form XxY"):
        table(tmp_path / "d.tsv", **options)


@pytest.mark.usefixtures("small_blocks")
def test_headings_belong_to_the_last_columns(through, tmp_path, frame, counts, obs, genes):
    """Segerstolpe: names of cells once, but rows with a gene, ids, RPKM of all cells and then counts of all cells."""
    lines = ["\t".join(["#samples", *obs.index])]
    lines += [
        "\t".join([gene, "NM_1+NM_2", *(f"{n / 7:.3f}" for n in frame[gene]), *map(str, frame[gene])]) for gene in genes
    ]
    lines += ["\t".join(["Actb", "NM_3", *["0.5"] * 30, *["2"] * 30])]  # symbols are not unique there
    (tmp_path / "d.txt").write_text("\n".join(lines))
    found = through(tmp_path / "d.txt", "table", options={"genes": "rows", "first": 32, "unique": True})
    same(found, np.column_stack([counts, np.full(30, 2)]), obs, [*genes, "Actb-1"])
    with pytest.raises(UserError, match=r"1 gene names are not unique \(first: 'Actb'\)"):
        table(tmp_path / "d.txt", genes="rows", first=32)


def test_names_of_genes_are_cut(through, tmp_path, frame, counts, obs, genes):
    """Muraro: the chromosome behind each symbol."""
    frame.columns = [f"{gene}__chr{i}" for i, gene in enumerate(genes)]
    frame.T.to_csv(tmp_path / "d.csv", sep="\t")
    options = {"genes": "rows", "separator": "tab", "gene_regex": "^(.*)__chr"}
    same(through(tmp_path / "d.csv", "table", options=options), counts, obs, genes)
    with pytest.raises(UserError, match=r"gene_regex does not match the gene 'Actb__chr0' \(8 in all\)"):
        table(tmp_path / "d.csv", **options | {"gene_regex": "^(.*)__chx"})


def test_parts_come_out_of_an_archive(through, tmp_path, frame, counts, obs, genes):
    """Baron: one compressed table for each donor in a tar, species together; genes in one order only by name."""
    parts = {
        "GSM1_human1": frame.iloc[:12],
        "GSM2_human2": frame.iloc[12:, ::-1].drop(columns="nan"),
        "GSM3_mouse1": frame,
    }
    with tarfile.open(tmp_path / "raw.tar", "w") as archive:
        for name, part in parts.items():
            path = tmp_path / f"{name}_counts.csv.gz"
            part.to_csv(path)
            archive.add(path, path.name)
    keys = {"options": {"genes": "columns"}}
    human = {"members": "*human*.csv.gz", "name": "_(human[0-9])_", "column": "donor"}
    found = through(tmp_path / "raw.tar", "table", **keys, parts=human)
    assert found.cells.tolist() == list(obs.index)
    assert found.obs["donor"].tolist() == ["human1"] * 12 + ["human2"] * 18
    expected = counts.copy()
    expected[12:, genes.index("nan")] = 0
    by_name = pd.DataFrame(found.X.toarray(), columns=found.genes)[genes]
    np.testing.assert_array_equal(by_name, expected)
    assert found.X.dtype == np.int32
    found = through(tmp_path / "raw.tar", "table", **keys, parts=human | {"genes": "inner"})
    assert sorted(found.genes) == sorted(set(genes) - {"nan"})


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_matrix_comes_back_exactly(tmp_path_factory, data):
    shape = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    whole = st.integers(0, 2**31 - 1)
    real = st.floats(0, 1e6, width=32).map(float)
    values = data.draw(arrays(float, shape, elements=data.draw(st.sampled_from([whole, real])).map(float)))
    names = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=1)
    genes = data.draw(st.lists(names, min_size=shape[1], max_size=shape[1], unique=True))
    rows = data.draw(st.sampled_from(["rows", "columns"]))
    separator, word = data.draw(st.sampled_from([(",", "comma"), ("\t", "tab"), (";", "semicolon")]))
    block = data.draw(st.integers(1, 40))
    frame = pd.DataFrame(values, [f"c{i}" for i in range(shape[0])], genes)
    path = tmp_path_factory.mktemp("table") / "d.txt"
    (frame.T if rows == "rows" else frame).to_csv(path, sep=separator)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MODULE, "BLOCK", block)
        found = table(path, genes=rows, separator=word, values="linear")
    np.testing.assert_array_equal(found.layers["linear"].toarray(), values.astype(np.float32))
    assert found.var_names.tolist() == genes


LINES = ["id,g0,g1,g2", "c0,1,2,3", "c1,4,0,6", "c2,7,8,9", "c3,1,1,1"]


@pytest.mark.parametrize("block", [4, 8, 1000])
@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({3: "c2,7,8"}, {}, "line 4 has 3 fields. Expected 4, as in the lines before it"),
        ({3: "c2,7,,9"}, {}, "the field in row 'c2', column 'g1' is empty"),
        ({3: "c2,7,8,9,10"}, {}, "line 4 has 5 fields. Expected 4, as in the lines before it"),
        ({3: "c2,7,x8,9"}, {}, "the field in row 'c2', column 'g1' must be a number. Got 'x8'"),
        ({3: "c2,7,NA,9"}, {}, "the field in row 'c2', column 'g1' must be a number. Got 'NA'"),
        ({3: "c2,7,True,9"}, {}, "the field in row 'c2', column 'g1' must be a number. Got 'True'"),
        ({3: "c1,7,8,9"}, {}, r"1 cell names are not unique \(first: 'c1'\)"),
        ({0: "id,g0,g1,g1"}, {}, r"1 gene names are not unique \(first: 'g1'\)"),
        ({0: "id,g0,g1,g2,g3"}, {}, "a line of the head has 5 fields, the row below it 4"),
        ({0: "g0,g1"}, {}, "a line of the head has 2 fields, the row below it 4"),
        ({}, {"first": 4}, "has 4 columns, so none with values from column 4 on"),
        ({}, {"skip": 4}, "has no rows below"),
        ({}, {"skip": 40}, "has no rows below"),
        ({}, {"separator": "tab"}, "has 1 columns"),
        ({}, {"separator": "commas"}, "unknown separator 'commas'. Did you mean 'comma'?"),
        ({}, {"genes": "row"}, "unknown value of 'genes' 'row'. Did you mean 'rows'?"),
        ({}, {"genes": "columns", "head": 2}, "with 'genes: columns' one line names the genes. Got 'head: 2'"),
        ({}, {"drop": ["g7"]}, "there is no gene 'g7' to drop"),
        ({}, {"cell": "cell"}, "unknown property of the cells 'cell'"),
        ({}, {"columns": {"label": ["type"]}}, r"unknown property of the cells \['type'\]"),
        ({}, {"columns": ["type"]}, r"'columns' maps names in obs"),
        ({}, {"spatial": ["x"]}, r"'spatial' is XxY or a list of 2 or 3 properties. Got \['x'\]"),
        ({}, {"spatial": 2}, "'spatial' is XxY or a list of 2 or 3 properties. Got 2"),
        ({}, {"drop": "g1"}, "'drop' is a list of genes. Got 'g1'"),
        ({}, {"spatial": "xy"}, r"'spatial' is XxY or a list of 2 or 3 properties. Got 'xy'"),
        ({}, {"first": 0}, "'first' parameter must be an integer >= 1. Got 0"),
        ({}, {"gene_regex": "("}, "gene_regex: '\\(' is no regular expression"),
        ({}, {"gene_regex": "g"}, "gene_regex: 'g' has no group"),
        ({}, {"sep": ","}, "table: unknown option 'sep'"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, monkeypatch, block, change, options, message):
    monkeypatch.setattr(MODULE, "BLOCK", block)
    lines = [change.get(i, line) for i, line in enumerate(LINES)]
    (tmp_path / "d.csv").write_text("\n".join(lines))
    with pytest.raises(UserError, match=message) as error:
        table(tmp_path / "d.csv", **{"genes": "columns"} | options)
    assert "\n" not in str(error.value)


def test_files_that_are_no_text_are_named(tmp_path):
    whole = gzip.compress("\n".join(LINES * 500).encode())
    (tmp_path / "cut.csv").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)) * 10)
    (tmp_path / "latin.csv").write_bytes(LINES[0].encode() + "\nc\xe9,1,2,3\n".encode("latin-1"))
    (tmp_path / "empty.csv").write_bytes(b"")
    for name in ("cut", "binary", "latin", "gone"):
        with pytest.raises(UserError, match=rf"{name}\.csv cannot be read as"):
            table(tmp_path / f"{name}.csv", genes="columns")
    with pytest.raises(UserError, match="has no rows below"):
        table(tmp_path / "empty.csv", genes="columns")
    with pytest.raises(UserError, match=r"it is a folder. The source's 'member' names a file in it"):
        table(tmp_path, genes="columns")


def test_values_of_another_scale_are_noticed(through, tmp_path, frame):
    (frame / 2).to_csv(tmp_path / "half.csv")
    with pytest.raises(UserError, match=r"^set: counts must be integers; if the matrix holds log1p values, say so"):
        through(tmp_path / "half.csv", "table", options={"genes": "columns"})
    (-frame).to_csv(tmp_path / "negative.csv")
    with pytest.raises(UserError, match=r"^set: linear values must not be negative"):
        through(tmp_path / "negative.csv", "table", options={"genes": "columns", "values": "linear"})


def test_log_values_restore_the_counts(through, tmp_path, frame, counts, obs, genes):
    np.log1p(frame.astype(float)).to_csv(tmp_path / "d.csv")
    same(
        through(tmp_path / "d.csv", "table", options={"genes": "columns", "values": "log1p_counts"}), counts, obs, genes
    )
