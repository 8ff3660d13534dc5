"""Tables that give labels common names."""

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

from scbench.data.harmonise import harmonise
from scbench.errors import UserError

TABLES = Path(__file__).parents[2] / "config" / "labels"


@pytest.fixture
def write(tmp_path):
    def write(*lines, head="source\tlabel\treason"):
        (tmp_path / "t.tsv").write_text("\n".join([head, *lines]) + "\n")
        return tmp_path / "t.tsv"

    return write


def cells(*labels):
    obs = pd.DataFrame({"label": pd.Categorical(labels)}, index=[f"c{i}" for i in range(len(labels))])
    return anndata.AnnData(np.arange(len(labels)).reshape(-1, 1).astype(float), obs=obs)


def test_labels_get_new_names_and_some_cells_go(write, caplog):
    caplog.set_level("INFO")
    adata = cells("pp", "PP", "", "unclear", "NA")
    found = harmonise(
        adata, write("pp\tgamma\tthe same", "PP\tgamma\t", "unclear\t\tno type", "NA\tnone\t", "other\tx\t")
    )
    assert found.obs["label"].tolist() == ["gamma", "gamma", "", "none"]
    assert found.X.ravel().tolist() == [0, 1, 2, 4]
    assert adata.obs["label"].tolist() == ["pp", "PP", "", "unclear", "NA"]
    assert "t.tsv: 1 of 5 cells have labels that are left out" in caplog.text


def test_a_whole_label_goes_before_a_start_and_a_longer_start_before_a_shorter(write):
    path = write("Ext_*\tExt\t", "Ext_L5*\tL5\t", "Ext_L5_1\tone\t", "*\trest\t")
    found = harmonise(cells("Ext_L6", "Ext_L5_2", "Ext_L5_1", "Ext", "Ext_"), path)
    assert found.obs["label"].tolist() == ["Ext", "L5", "one", "rest", "Ext"]


@pytest.mark.parametrize(
    ("lines", "head", "message"),
    [
        (["a\tA\t"], "source\tlabel\treason", r"t\.tsv lacks 2 of 3 labels: 'b', 'c'\."),
        (["a\tA\t", "a\tB\t"], "source\tlabel\treason", r"t\.tsv has the source 'a' twice"),
        (
            ["a\tA"],
            "source\tlabel",
            r"t\.tsv has the columns \['source', 'label'\]. Expected \['source', 'label', 'reason'\]",
        ),
        (["a\tA\t\t\t", "b\tB"], "source\tlabel\treason", r"t\.tsv (has|lacks|cannot)"),
    ],
)
def test_what_is_wrong_is_named(write, lines, head, message):
    with pytest.raises(UserError, match=message):
        harmonise(cells("a", "b", "c"), write(*lines, head=head))


def test_without_table_or_labels(write, tmp_path):
    with pytest.raises(UserError, match=r"gone\.tsv cannot be read as a table of labels"):
        harmonise(cells("a"), tmp_path / "gone.tsv")
    with pytest.raises(UserError, match="there are no labels to harmonise"):
        harmonise(anndata.AnnData(np.ones((2, 2))), write("a\tA\t"))


@pytest.mark.parametrize("path", sorted(TABLES.glob("*.tsv")), ids=lambda path: path.stem)
def test_every_row_of_a_table_states_its_reason(path):
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    assert list(table) == ["source", "label", "reason"]
    assert table["source"].is_unique
    assert (table[["source", "reason"]] != "").all(axis=None)


def test_paul15_has_ten_types():
    found = harmonise(cells(*map(str, range(1, 20))), TABLES / "paul15.tsv")
    names = [*["Ery"] * 6, "MEP", "Mk", *["GMP"] * 2, "DC", *["Baso"] * 2, *["Mo"] * 2, *["Neu"] * 2, "Eos", "Lymph"]
    assert found.obs["label"].tolist() == names
    assert len(set(names)) == 10


def test_mouse_brain_has_nine_types():
    known = ["Astro_CTX", "Endo", "Ext_L5_1", "Inh_Sst", "LowQ_1", "Micro", "Nb_2", "OPC_1", "Oligo_2", "Unk_1"]
    found = harmonise(cells(*known), TABLES / "mouse_brain.tsv")
    assert found.obs["label"].tolist() == ["Astro", "Endo", "Ext", "Inh", "LowQ", "Micro", "Nb", "OPC", "Oligo"]
    with pytest.raises(UserError, match="lacks 1 of 1 labels: 'Neuron'"):
        harmonise(cells("Neuron"), TABLES / "mouse_brain.tsv")


def test_pancreas_types_of_four_studies_meet():
    studies = {
        "Baron": ["gamma", "ductal", "quiescent_stellate", "macrophage"],
        "Muraro": ["pp", "duct", "mesenchymal"],
        "Segerstolpe": ["gamma cell", "ductal cell", "PSC cell", "MHC class II cell", "co-expression cell"],
        "Xin": ["PP"],
    }
    found = {
        name: harmonise(cells(*types), TABLES / "pancreas.tsv").obs["label"].tolist() for name, types in studies.items()
    }
    assert found["Baron"] == found["Segerstolpe"] == ["gamma", "ductal", "stellate", "macrophage"]
    assert found["Muraro"] == found["Baron"][:3]
    assert found["Xin"] == ["gamma"]
