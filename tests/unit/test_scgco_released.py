"""scGCO as released and as its text has it, as methods: patterns, filters, awkward data."""

import numpy as np
import pytest
import scipy.sparse as sp

from scbench.contract import check_extras, check_tests
from scbench.errors import SkipRunError, UserError
from scbench.simulate.spatial import negative_binomial
from scbench.svg.scgco.paper import SCGCOPaper
from scbench.svg.scgco.released import SCGCOReleased

BOTH = pytest.mark.parametrize("method", [SCGCOReleased, SCGCOPaper])


def _fit(method, counts, coords, **params):
    test = method(**params)
    test.fit(sp.csr_matrix(counts), coords, seed=0)
    check_extras(test.extras_)
    return test, check_tests(test.table_, np.arange(counts.shape[1]).astype(str))


@pytest.fixture(scope="module")
def spots():
    adata = negative_binomial(n_spots=600, n_genes=60, patterned=0.1, fold_change=6.0, seed=3)
    return adata.layers["counts"], adata.obsm["spatial"], adata.var["spatial"].to_numpy()


def test_released_finds_patterns_and_nothing_else(spots):
    counts, coords, truth = spots
    test, table = _fit(SCGCOReleased, counts, coords)
    assert (table["pvalue"][truth] < 1e-4).sum() >= 3
    assert (table["pvalue"][~truth] > 0.05).all()
    assert np.abs(table["pvalue"][~truth].median() - 0.5) < 0.02, "most genes end as one segment"
    assert set(test.extras_["model"]) <= {"gmm", "otsu"}
    assert test.extras_["segment_labels"].shape == (60, 600)


def test_segments_are_those_of_the_p_values(spots):
    counts, coords, truth = spots
    test, table = _fit(SCGCOReleased, counts, coords)
    extras = test.extras_
    shown = extras["segment_genes"]
    assert sorted(shown) == list(range(60))
    assert (np.diff(table["pvalue"].to_numpy()[shown]) >= 0).all()
    n_labels = [len(np.unique(labels)) for labels in extras["segment_labels"]]
    assert n_labels == extras["n_hidden_labels"][shown].tolist()
    best = shown[0]
    # The state of the segment lies over the pattern: inside it the gene is expressed more, or outside.
    inside = extras["segment_labels"][0] == extras["segment_labels"][0].max()
    values = np.log1p(counts.toarray()[:, best])
    assert truth[best]
    assert values[inside].mean() > values[~inside].mean() + 0.5


def test_the_text_has_no_filters_and_no_floor_for_the_size_of_segments(spots):
    counts, coords, truth = spots
    _, table = _fit(SCGCOPaper, counts, coords)
    assert (table["pvalue"][truth] < 0.01).all()
    assert (table["pvalue"][~truth] < 0.01).mean() > 0.5, "its p-values do not allow for the choice of the segment"


def test_without_a_scale_the_costs_of_the_text_smooth_everything(spots):
    counts, coords, _ = spots
    test, table = _fit(SCGCOPaper, counts, coords, unary_scale=1.0)
    assert (test.extras_["n_segments"] == 1).all()
    assert (test.extras_["smooth_factor"] == 10).all()
    assert table["pvalue"].between(0.49, 0.55).all()
    _, point = _fit(SCGCOPaper, counts, coords, unary_scale=1.0, tail="point")
    assert (point["pvalue"] < 0.05).all(), "a point probability is no p-value"


def test_filters_leave_genes_and_spots_out(spots):
    counts, coords, _ = spots
    counts = counts.tolil()
    counts[:, 0] = 0
    counts[:5, 0] = 1  # in 5 spots of 600: fewer than 1 %
    counts[17] = 0
    test, table = _fit(SCGCOReleased, counts.tocsr(), coords)
    assert np.flatnonzero(table["pvalue"].isna()).tolist() == [0]
    assert table["score"][0] == 0
    assert (test.extras_["segment_labels"][:, 17] == -1).all()
    assert (test.extras_["segment_labels"][:, :17] >= 0).all()
    _, unfiltered = _fit(SCGCOReleased, counts.tocsr(), coords, filters=False)
    assert unfiltered["pvalue"].notna().all()


def test_surplus_edges_are_behind_a_flag():
    rng = np.random.default_rng(5)
    coords = rng.random((300, 2))
    disc = np.hypot(*(coords - 0.5).T) < 0.25
    counts = np.column_stack([rng.poisson((3 + 6 * disc)[:, None], (300, 15)), rng.poisson(4, (300, 15))])
    with_error, without = (_fit(SCGCOReleased, counts, coords, keep_tail_rows=flag)[1] for flag in (True, False))
    assert (with_error["pvalue"] != without["pvalue"]).any()


@BOTH
def test_order_of_genes_does_not_matter(method, spots):
    counts, coords, _ = spots
    _, table = _fit(method, counts, coords)
    order = np.random.default_rng(0).permutation(60)
    shuffled = method().fit(counts[:, order], coords, seed=0).table_
    np.testing.assert_allclose(shuffled["pvalue"], table["pvalue"].to_numpy()[order], rtol=1e-6)


def test_the_released_code_has_a_seed_of_its_own(spots):
    counts, coords, _ = spots
    one, two = (SCGCOReleased().fit(counts, coords, seed=seed).table_ for seed in (0, 1))
    np.testing.assert_array_equal(one, two)


def test_the_text_does_not_depend_on_rotation_and_unit(spots):
    counts, coords, _ = spots
    turned = coords @ np.array([[0.6, -0.8], [0.8, 0.6]]) * 100 + 7
    np.testing.assert_allclose(
        _fit(SCGCOPaper, counts, turned)[1]["pvalue"], _fit(SCGCOPaper, counts, coords)[1]["pvalue"]
    )


# --- awkward data -------------------------------------------------------------------------------------------------


def _awkward(coords, rng):
    """Genes that are empty, constant, of two values, in one spot, in two spots, binary, and one with a pattern."""
    n = len(coords)
    genes = np.zeros((n, 8), dtype=np.int32)
    genes[:, 1] = 3
    genes[: n // 2, 2] = 5
    genes[0, 3] = 9
    genes[[1, n - 1], 4] = 2
    genes[:, 5] = rng.integers(0, 2, n)
    genes[:, 6] = rng.poisson(1 + 20 * (coords[:, 0] > np.median(coords[:, 0])))
    genes[:, 7] = rng.poisson(30, n)
    return genes


@BOTH
@pytest.mark.parametrize("filters", [True, False])
@pytest.mark.parametrize("n", [4, 5, 12, 60, 1100])
def test_awkward_genes_never_stop_it(method, filters, n):
    rng = np.random.default_rng(n)
    coords = rng.random((n, 2))
    params = {"filters": filters} if method is SCGCOReleased else {}
    _, table = _fit(method, _awkward(coords, rng), coords, **params)
    assert table["pvalue"].fillna(1)[:2].tolist() == [1, 1]
    assert table["score"][:2].tolist() == [0, 0]
    assert (table["score"] >= 0).all()
    if n >= 60:
        assert table["pvalue"][6] < 1e-3


@BOTH
def test_equal_totals_leave_two_values(method):
    """Each spot has one of two profiles: the authors' own scalability data (mixtures of two values and a zero)."""
    rng = np.random.default_rng(0)
    coords = rng.random((300, 2))
    counts = np.where(coords[:, :1] < 0.5, [[3, 30, 0]], [[30, 3, 33]])
    _, table = _fit(method, counts, coords)
    assert table["pvalue"].between(0, 1).all()


def test_the_step_data_of_the_paper_are_not_found():
    """Two values and a padded zero: zero gets a state of its own, all spots the other, and p is that of one segment."""
    rng = np.random.default_rng(1)
    coords = rng.random((400, 2))
    counts = np.where(coords[:, :1] < 0.5, rng.integers(1, 10, 100), rng.integers(20, 50, 100))
    test, table = _fit(SCGCOReleased, counts, coords)
    assert (test.extras_["n_segments"] == 1).mean() > 0.9
    assert table["pvalue"].median() == pytest.approx(0.507, abs=0.01)


@BOTH
def test_spots_in_one_place(method):
    rng = np.random.default_rng(2)
    coords = np.repeat(rng.random((60, 2)), 5, axis=0)
    _, table = _fit(method, _awkward(coords, rng), coords)
    assert table["pvalue"].fillna(1).between(0, 1).all()


@BOTH
def test_a_lattice(method):
    rng = np.random.default_rng(3)
    coords = np.stack(np.meshgrid(np.arange(12.0), np.arange(12.0)), axis=-1).reshape(-1, 2)
    _, table = _fit(method, _awkward(coords, rng), coords)
    assert table["pvalue"][6] < 1e-6


@BOTH
def test_stored_zeros_are_zeros(method):
    rng = np.random.default_rng(4)
    coords = rng.random((80, 2))
    counts = sp.csr_matrix(_awkward(coords, rng))
    rows, columns = np.meshgrid(np.arange(80), np.arange(8), indexing="ij")
    stored = sp.csr_matrix((counts.toarray().ravel(), (rows.ravel(), columns.ravel())), shape=counts.shape)
    assert stored.nnz == 640
    one, two = (method().fit(X, coords, seed=0).table_ for X in (counts, stored))
    np.testing.assert_array_equal(one, two)
    assert stored.nnz == 640, "the input is left as it is"


@BOTH
def test_nothing_but_zeros(method):
    coords = np.random.default_rng(5).random((20, 2))
    if method is SCGCOReleased:
        with pytest.raises(UserError, match="leave no spot"):
            _fit(method, np.zeros((20, 3), dtype=int), coords)
        params = {"filters": False}
    else:
        params = {}
    _, table = _fit(method, np.zeros((20, 3), dtype=int), coords, **params)
    assert table["pvalue"].tolist() == [1, 1, 1]


@BOTH
def test_where_no_graph_can_be(method):
    counts = np.random.default_rng(6).poisson(5, (12, 4))
    with pytest.raises(UserError, match=r"at least 4 spots\. Got 3"):
        _fit(method, counts[:3], np.random.default_rng(6).random((3, 2)))
    with pytest.raises(UserError, match="all lie on one line"):
        _fit(method, counts, np.column_stack([np.arange(12.0), np.arange(12.0)]))
    with pytest.raises(UserError, match="one line"):
        _fit(method, counts, np.zeros((12, 2)))
    with pytest.raises(UserError, match="finite"):
        _fit(method, counts, np.full((12, 2), np.nan))


def test_three_dimensions():
    rng = np.random.default_rng(7)
    coords = rng.random((200, 3))
    counts = _awkward(coords, rng)
    with pytest.raises(SkipRunError, match="plane"):
        _fit(SCGCOReleased, counts, coords)
    assert _fit(SCGCOPaper, counts, coords)[1]["pvalue"][6] < 1e-8


def test_bad_parameters():
    with pytest.raises(UserError, match=r"The 'tail' parameter of SCGCOPaper is unknown. Got 'uper' .* 'upper'"):
        _fit(SCGCOPaper, np.eye(9, dtype=int), np.random.default_rng(0).random((9, 2)), tail="uper")
