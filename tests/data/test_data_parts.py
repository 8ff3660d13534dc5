"""Several files of one dataset, put below one another."""

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from scbench.data.parts import parts
from scbench.errors import UserError


def part(cells, genes, layer="counts", **obs):
    values = np.arange(1, len(cells) * len(genes) + 1).reshape(len(cells), len(genes))
    matrix = sp.csr_matrix(values.astype(np.int32))
    obs = pd.DataFrame({name: pd.Categorical(column) for name, column in obs.items()}, index=cells)
    return anndata.AnnData(obs=obs, var=pd.DataFrame(index=genes), layers={layer: matrix})


@pytest.fixture
def load():
    known = {
        "human1": part(["a", "b"], ["g0", "g1", "g2"], label=["T", "B"]),
        "human2": part(["c"], ["g2", "g3", "g0"], label=["NK"]),
        "same": part(["b"], ["g0", "g1", "g2"], label=["T"]),
        "none": part(["z"], ["g9"], label=["T"]),
        "logs": part(["y"], ["g0"], layer="linear", label=["T"]),
    }
    return lambda path: known[path.name].copy()


def find(names):
    return {f"GSM_{name}_umi": Path(name) for name in names}


def values(adata):
    return pd.DataFrame(adata.layers["counts"].toarray(), adata.obs_names, adata.var_names)


def test_genes_of_any_part_are_kept_with_zeros(load):
    found = parts(find, load, members=["human1", "human2"], name="_(human[0-9])_", column="donor")
    expected = pd.DataFrame({"g0": [1, 4, 3], "g1": [2, 5, 0], "g2": [3, 6, 1], "g3": [0, 0, 2]}, index=["a", "b", "c"])
    pd.testing.assert_frame_equal(values(found)[list(expected)], expected, check_dtype=False)
    assert found.layers["counts"].format == "csr"
    assert found.obs["donor"].tolist() == ["human1", "human1", "human2"]
    assert found.obs["label"].tolist() == ["T", "B", "NK"]


def test_genes_of_all_parts_alone(load):
    found = parts(find, load, members=["human1", "human2"], genes="inner")
    pd.testing.assert_frame_equal(
        values(found)[["g0", "g2"]],
        pd.DataFrame({"g0": [1, 4, 3], "g2": [3, 6, 1]}, index=["a", "b", "c"]),
        check_dtype=False,
    )
    assert found.n_vars == 2
    assert list(found.obs) == ["label"]


def test_cells_can_be_named_after_their_part(load):
    found = parts(find, load, members=["human1", "same"], name="GSM_(.*)_umi", cell="{cell}@{part}")
    assert found.obs_names.tolist() == ["a@human1", "b@human1", "b@same"]
    pd.testing.assert_index_equal(found.var_names, pd.Index(["g0", "g1", "g2"]))


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (
            ["human1", "same"],
            {},
            "the cell 'b' is in more than one part; with 'cell: \"{part}_{cell}\"' they get names",
        ),
        (["human1", "human2"], {"name": "(mouse)"}, "'name' does not match the part 'GSM_human1_umi'"),
        (["human1", "human2"], {"name": "(human)"}, "more than one part has the name 'human'"),
        (["human1", "none"], {"genes": "inner"}, "no gene is in all of GSM_human1_umi, GSM_none_umi; do they name"),
        (["human1", "logs"], {}, "the values of 'GSM_human1_umi' and of others differ in scale"),
        (["human1"], {"genes": "both"}, "unknown value of 'genes' 'both'. .*Allowed: inner, outer"),
        (["human1"], {"nam": "x"}, "parts: unknown option 'nam'. Did you mean 'name'"),
    ],
)
def test_what_is_wrong_is_named(load, names, options, message):
    with pytest.raises(UserError, match=message):
        parts(find, load, members=names, **options)
