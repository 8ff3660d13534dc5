import numpy as np
import pandas as pd
import pytest
import scipy.optimize
import scipy.sparse as sp

from scbench.contract import check_ranking
from scbench.data.prepare import log1p_normalised
from scbench.errors import SkipRunError, UserError
from scbench.markers.cosg import COSG
from scbench.markers.nsforest import NSForest
from scbench.markers.scgenefit import ScGeneFit
from scbench.simulate.cells import cell_types


@pytest.fixture(scope="module")
def data():
    adata = cell_types(n_cells=200, n_genes=60, n_types=4, seed=1)
    X = log1p_normalised(adata.layers["counts"], 10_000)
    return X, adata.obs["label"].astype(str).to_numpy(dtype=object), adata.var_names.to_numpy(dtype=object)


@pytest.fixture(scope="module")
def switches():
    """Three classes of eight cells; gene 2k and 2k + 1 are on in class k only, the first in every cell."""
    values = np.zeros((24, 8), dtype=np.float32)
    for k in range(3):
        values[8 * k : 8 * k + 8, 2 * k] = 3 + np.arange(8) / 8
        values[8 * k : 8 * k + 6, 2 * k + 1] = 2
    values[:, 6] = 1 + np.arange(24) % 5
    return sp.csr_matrix(values), np.repeat(["a", "b", "c"], 8).astype(object), np.array(list("ABCDEFGH"), dtype=object)


def top(ranking, k=1):
    return ranking[ranking["rank"] <= k].groupby("class")["gene"].agg("".join).to_dict()


@pytest.mark.parametrize("method", [COSG(), ScGeneFit(), NSForest(n_trees=5)])
def test_a_dense_matrix_gives_the_same(switches, method):
    X, labels, genes = switches
    expected = method.fit(X, labels, genes, seed=0).ranking_
    pd.testing.assert_frame_equal(method.fit(X.toarray(), labels, genes, seed=0).ranking_, expected)


# --- COSG ---------------------------------------------------------------------------------------------------------


def test_cosg_by_hand():
    # Cosines with the indicators of a and b: of x 2 / sqrt(4 x 2) and 0, of y 3 / sqrt(6 x 2) and 1 / sqrt(6 x 2).
    X = sp.csr_matrix(np.array([[2.0, 2], [0, 1], [0, 1], [0, 0]]))
    labels, genes = np.array(["a", "a", "b", "b"], dtype=object), np.array(["x", "y"], dtype=object)
    scores = (
        COSG(remove_lowly_expressed=False).fit(X, labels, genes, seed=0).ranking_.set_index(["class", "gene"])["score"]
    )
    # cos^3 / sum of cos^2, which is 1/2 for x and 10/12 for y.
    expected = {("a", "x"): np.sqrt(0.5), ("a", "y"): 2.7 / np.sqrt(12), ("b", "y"): 0.1 / np.sqrt(12), ("b", "x"): 0}
    assert scores.to_dict() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("mu", [1, 3])
def test_cosg_scores_follow_the_formula(data, mu):
    X, labels, genes = data
    ranking = COSG(mu=mu, remove_lowly_expressed=False).fit(X, labels, genes, seed=0).ranking_
    classes = np.unique(labels)
    values, own = X.toarray().astype(float), (labels[:, None] == classes).astype(float)
    cosine = values.T @ own / np.linalg.norm(values, axis=0)[:, None] / np.linalg.norm(own, axis=0)
    score = cosine**3 / ((1 - mu) * cosine**2 + mu * (cosine**2).sum(axis=1, keepdims=True))
    assert len(ranking) == score.size
    rows, columns = pd.Index(genes).get_indexer(ranking["gene"]), pd.Index(classes).get_indexer(ranking["class"])
    np.testing.assert_allclose(ranking["score"], score[rows, columns], rtol=1e-5)


def test_cosg_leaves_out_genes_that_are_rare_in_a_class(switches):
    X, labels, genes = switches
    ranking = COSG(expressed_pct=0.8).fit(X, labels, genes, seed=0).ranking_
    assert top(ranking, 99) == {"a": "AG", "b": "CG", "c": "EG"}
    one_cell = labels.copy()
    one_cell[:7] = "b"
    assert "a" not in set(COSG().fit(X, one_cell, genes, seed=0).ranking_["class"])


# --- scGeneFit ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["centers", "pairwise", "pairwise_centers"])
def test_scgenefit_begins_with_the_choice_of_the_package(data, method):
    from scGeneFit.functions import get_markers

    X, labels, genes = data
    codes = pd.factorize(labels, sort=True)[0].tolist()
    ranking = ScGeneFit(method=method, per_class=(2, 5)).fit(X, labels, genes, seed=7).ranking_
    check_ranking(ranking, genes, np.array([""]))
    for n in (8, 20):
        np.random.seed(7)  # noqa: NPY002
        chosen = genes[get_markers(X.toarray().astype(float), codes, n, method=method, verbose=False)]
        if n == 8:
            assert ranking["gene"].tolist()[:8] == chosen.tolist()
        else:
            assert set(ranking["gene"]) == set(chosen) | set(ranking["gene"][:8])


def test_scgenefit_finds_the_genes_that_keep_classes_apart(switches):
    ranking = ScGeneFit(per_class=(1,)).fit(*switches, seed=0).ranking_
    assert set(ranking["gene"]) == {"A", "C", "E"}


def test_scgenefit_is_quiet_repeats_and_leaves_the_global_generator_alone(data, capsys):
    method = ScGeneFit(method="pairwise_centers", max_constraints=50)
    np.random.seed(3)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    first = method.fit(*data, seed=5).ranking_
    assert np.random.random() == expected  # noqa: NPY002
    pd.testing.assert_frame_equal(method.fit(*data, seed=5).ranking_, first)
    assert method.fit(*data, seed=6).ranking_["gene"].tolist() != first["gene"].tolist()
    assert capsys.readouterr().out == ""


def test_scgenefit_has_no_more_genes_than_there_are(data):
    ranking = ScGeneFit(per_class=(1, 99)).fit(*data, seed=0).ranking_
    assert sorted(ranking["gene"]) == sorted(data[2])
    assert ranking["rank"].tolist() == list(range(1, 61))


def test_a_linear_program_that_fails_is_an_error(data, monkeypatch):
    solve = scipy.optimize.linprog

    def stopped(*args, **kwargs):
        return solve(*args, **kwargs) | {"status": 1, "message": "iteration limit reached"}

    monkeypatch.setattr(scipy.optimize, "linprog", lambda *a, **k: scipy.optimize.OptimizeResult(stopped(*a, **k)))
    with pytest.raises(RuntimeError, match="for 20 genes failed: iteration limit reached"):
        ScGeneFit().fit(*data, seed=0)


def test_scgenefit_refuses_an_unknown_method(data):
    with pytest.raises(UserError, match=r"unknown method 'center'\. Did you mean 'centers'"):
        ScGeneFit(method="center").fit(*data, seed=0)


def test_scgenefit_skips_what_does_not_fit(data):
    with pytest.raises(SkipRunError, match=r"needs about [1-9]\d* MB for dense matrices, and dense_mb allows 0"):
        ScGeneFit(method="pairwise", dense_mb=0).fit(*data, seed=0)
    huge = sp.csr_matrix((200_000, 20_000), dtype=np.float32)
    with pytest.raises(SkipRunError, match=r"64,0\d\d MB"):
        ScGeneFit().fit(huge, np.arange(200_000) % 2, np.arange(20_000).astype(str).astype(object), seed=0)


def test_scgenefit_skips_classes_with_fewer_cells_than_neighbours(switches):
    X, labels, genes = switches
    labels = labels.copy()
    labels[1:8] = "b"
    with pytest.raises(SkipRunError, match="3 neighbours in each class, and class 'a' has only 1 cell"):
        ScGeneFit(method="pairwise").fit(X, labels, genes, seed=0)
    assert len(ScGeneFit(method="pairwise_centers").fit(X, labels, genes, seed=0).ranking_) == len(genes)


# --- NS-Forest ----------------------------------------------------------------------------------------------------


# Of 21 scores 6 are 1 and most others 0: two standard deviations above their mean there is none.
FEW_GENES = {"n_trees": 20, "binary_sd": 1.0}


def test_nsforest_puts_the_combination_first(switches, capfd):
    method = NSForest(**FEW_GENES).fit(*switches, seed=0)
    assert {name: "".join(genes) for name, genes in method.combinations_.items()} == {"a": "A", "b": "C", "c": "E"}
    # The second gene of a class has the same binary score, and no other has any.
    assert top(method.ranking_, 2) == {"a": "AB", "b": "CD", "c": "EF"}
    check_ranking(method.ranking_, switches[2], np.unique(switches[1]))
    assert not any(capfd.readouterr())


def test_nsforest_goes_by_position_whatever_the_names(switches, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X, labels, genes = switches
    renamed = np.array([f"{'zyx'['abc'.index(name)]}&::1" for name in labels], dtype=object)
    joined = np.array([f"{name}&{i}" for i, name in enumerate(genes)], dtype=object)
    ranking = NSForest(**FEW_GENES).fit(X, renamed, joined, seed=0).ranking_
    assert top(ranking) == {"z&::1": "A&0", "y&::1": "C&2", "x&::1": "E&4"}
    assert not list(tmp_path.iterdir()), "the package writes into the working folder"


def test_nsforest_repeats_and_keeps_n_genes(data):
    first, second = (NSForest(n_trees=20, n_genes=4).fit(*data, seed=seed).ranking_ for seed in (0, 1))
    pd.testing.assert_frame_equal(first, second)
    assert first.groupby("class").size().max() <= 4


def test_a_class_without_candidates_has_its_other_genes_only(switches):
    X, labels, genes = switches
    # Gene H is in all cells, and twice as high in those of "d", which otherwise have nothing of their own.
    mixed = labels.copy()
    mixed[[0, 1, 8, 9, 16, 17]] = "d"
    weak = sp.csr_matrix(np.where(mixed == "d", 2, 1).astype(np.float32)[:, None])
    method = NSForest(**FEW_GENES).fit(sp.hstack([X[:, :7], weak], format="csr"), mixed, genes, seed=0)
    assert {name: len(genes) for name, genes in method.combinations_.items()} == {"a": 1, "b": 1, "c": 1, "d": 0}
    assert method.ranking_.query("`class` == 'd'")["gene"].tolist() == ["H"]


def test_nsforest_skips_data_without_positive_medians_and_what_does_not_fit(switches):
    X, labels, genes = switches
    with pytest.raises(SkipRunError, match="genes with a positive median"):
        NSForest().fit(sp.csr_matrix(X.shape, dtype=np.float32), labels, genes, seed=0)
    with pytest.raises(SkipRunError, match=r"NS-Forest needs about .* dense_mb allows 0"):
        NSForest(dense_mb=0).fit(X, labels, genes, seed=0)
