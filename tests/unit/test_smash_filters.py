import anndata as ad
import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from scbench.data.prepare import log1p_normalised
from scbench.errors import UserError
from scbench.markers.smash import filters
from scbench.markers.smash.inverse_pca import inverse_pca, moments
from scbench.markers.smash.settings import settings
from scbench.markers.smash.values import classifier_values
from scbench.simulate.cells import cell_types

HUMAN_GENERAL = [
    "MT-CO1", "MT-ND4L", "MT-RNR2", "RPS6", "RPS4X", "RPS4Y1", "RPS27A", "RPL13A", "RPL36AL", "RPLP0", "RPSA", "MRPL12",
    "MRPS18B", "HSPA1A", "HSPB1", "HSP90AB1", "HSPD1", "DNAJB1", "HLA-A", "HLA-DRB1", "CD3D", "CD8A", "CD19", "CD79A",
    "ACTB", "GAPDH", "B2M",
]  # fmt: skip
HUMAN_OTHERS = [
    "MTOR", "MT1X", "MT2A", "MTHFR", "MTRNR2L12", "RPS6KA1", "RPS6KB2", "RPS19BP1", "HSPG2", "HSPBAP1", "CDH1",
    "CDK1", "CDKN1A", "CD2AP", "CDC20", "HLF", "LYZ", "NKG7", "PPBP", "MS4A1", "GNLY", "gene12", "",
]  # fmt: skip


def _flags(function, genes, species="human"):
    return dict(zip(genes, function(np.array(genes, dtype=object), species), strict=True))


def test_gene_families_are_found_by_their_whole_symbol():
    found = _flags(filters.general_genes, HUMAN_GENERAL + HUMAN_OTHERS)
    assert [gene for gene in HUMAN_GENERAL if not found[gene]] == []
    assert [gene for gene in HUMAN_OTHERS if found[gene]] == []


def test_mouse_families_have_mouse_symbols():
    found = _flags(
        filters.general_genes,
        [
            "mt-Co1",
            "Rps6",
            "Rpl13a",
            "Rplp0",
            "Hspa8",
            "H2-K1",
            "Cd74",
            "Cd3e",
            "Actb",
            "Mtor",
            "Mt1",
            "Cdh1",
            "Rps6ka1",
        ],
        "mouse",
    )
    general = ["mt-Co1", "Rps6", "Rpl13a", "Rplp0", "Hspa8", "H2-K1", "Cd74", "Cd3e", "Actb"]
    assert [gene for gene, flag in found.items() if flag] == general


def test_the_species_is_told_by_its_symbols():
    assert filters.likely_species(np.array(HUMAN_GENERAL + HUMAN_OTHERS[:-2])) == "human"
    assert filters.likely_species(np.array(["Cd3e", "Actb", "Mt1", "mt-Co1", "0610007P14Rik", "H2-K1"])) == "mouse"
    assert filters.likely_species(np.array(["gene0", "gene1", "CD3E"])) is None
    assert filters.likely_species(np.array(["ENSG00000139618", "17"])) is None


def test_the_released_prefixes_take_too_much_in_human_and_too_little_in_mouse():
    human = _flags(filters.released_general_genes, ["MT-CO1", "MTOR", "MT1X", "RPS6KA1", "CD3D", "ACTB", "LYZ"])
    assert [gene for gene, flag in human.items() if flag] == ["MT-CO1", "MTOR", "MT1X", "RPS6KA1"]
    mouse = _flags(filters.released_general_genes, ["mt-Co1", "mtch1", "Rps6", "Rpl13a", "Hspa8"], "mouse")
    assert [gene for gene, flag in mouse.items() if flag] == ["mt-Co1", "mtch1"]


@pytest.mark.parametrize("function", [filters.general_genes, filters.released_general_genes])
def test_an_unknown_species_is_named(function):
    with pytest.raises(UserError, match="'rat'"):
        function(np.array(["A"]), "rat")


def test_thresholds_by_hand():
    # Share of expressing cells in four classes, for five genes.
    fractions = np.array([[0, 0.3, 0.9, 1, 0.1], [0, 0, 0.9, 1, 0.1], [0, 0, 0.1, 1, 0.1], [0, 0, 0, 1, 0]])
    # Released: some class with 30 %.
    assert filters.low_in_classes(fractions, cells=0.3, classes=0).tolist() == [True, False, False, False, True]
    # Paper: any cell in more than 30 % of the classes.
    assert filters.low_in_classes(fractions, cells=0, classes=0.3).tolist() == [True, True, False, False, False]
    assert filters.high_in_classes(fractions, cells=0.9, classes=0.5).tolist() == [False, False, True, True, False]
    assert filters.high_in_classes(fractions, cells=0.9, classes=0.75).tolist() == [False, False, False, True, False]


def test_filter_genes_joins_all_filters():
    X = sp.csr_matrix(np.array([[1, 1, 0, 1.0], [1, 0, 0, 0], [1, 0, 1, 0], [1, 0, 0, 0]]))
    labels, genes = np.array(["a", "a", "b", "b"]), np.array(["everywhere", "half", "in_b", "MT-CO1"])
    choices = settings("released", "rf", {})
    assert filters.filter_genes(X, labels, genes, "human", choices).tolist() == [1, 2]
    assert filters.filter_genes(X, labels, genes, None, choices).tolist() == [1, 2, 3]


def _dense_inverse_pca(X, variance, top):
    """As the released code computes it, in double precision: scale, cut off, scale again, all components."""
    dense = X.toarray().astype(np.float64)
    deviation = dense.std(axis=0, ddof=1)
    dense = np.minimum((dense - dense.mean(axis=0)) / np.where(deviation > 0, deviation, 1), 10)
    pca = PCA(min(dense.shape), svd_solver="full").fit(StandardScaler().fit_transform(dense))
    components = int(np.argmax(np.cumsum(pca.explained_variance_ratio_) > variance)) + 1
    kept = [np.argsort(-np.abs(loadings))[:top] for loadings in pca.components_[:components]]
    return np.unique(np.concatenate(kept)), components


@pytest.mark.parametrize(("cells", "genes"), [(300, 80), (60, 150)])
@pytest.mark.parametrize("variance", [0.3, 0.8])
def test_inverse_pca_keeps_the_genes_of_a_dense_computation(cells, genes, variance):
    adata = cell_types(n_cells=cells, n_genes=genes, n_types=4, seed=cells)
    X = log1p_normalised(adata.layers["counts"], 10_000)
    X = X.tolil()
    X[0, 3] = 30  # far above ten standard deviations
    X = X.tocsr()
    kept, components = inverse_pca(X, variance=variance, top=7)
    expected, of_dense = _dense_inverse_pca(X, variance, 7)
    assert components == of_dense
    np.testing.assert_array_equal(kept, expected)


def test_inverse_pca_leaves_constant_genes_out_and_takes_what_there_is():
    X = sp.csr_matrix(np.array([[1, 0, 2.0, 1], [2, 0, 2, 0], [3, 0, 2, 1], [5, 0, 2, 7]]))
    kept, _ = inverse_pca(X, top=20)
    assert kept.tolist() == [0, 3]
    assert inverse_pca(X[:, 1:3])[0].tolist() == []


def test_moments_are_those_of_the_dense_matrix():
    X = sp.random(50, 9, density=0.3, format="csr", random_state=0)
    mean, deviation = moments(X)
    np.testing.assert_allclose(mean, X.toarray().mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(deviation, X.toarray().std(axis=0, ddof=1), atol=1e-12)


def test_values_are_scaled_over_all_cells_and_cut_off():
    X = sp.csr_matrix(np.r_[np.zeros((200, 1)), [[5.0]], [[1.0]]])
    values = classifier_values(X, np.array([0]), np.array([0, 200, 201]), scale=True)
    dense = X.toarray()
    expected = (dense - dense.mean()) / dense.std(ddof=1)
    assert expected[200, 0] > 10
    np.testing.assert_allclose(values.ravel(), [expected[0, 0], 10, expected[201, 0]], rtol=1e-5)
    assert classifier_values(X, np.array([0]), np.array([200]), scale=False).tolist() == [[5.0]]


def test_harmony_brings_samples_together():
    rng = np.random.default_rng(0)
    y, samples = np.repeat([0, 1], 100), np.tile(["s1", "s2"], 100)
    values = np.abs(rng.normal(1, 0.3, (200, 12)) + 2 * (y[:, None] == np.arange(12) % 2))
    values[:, :4] += 1.5 * (samples == "s2")[:, None]
    cells = np.arange(200)

    def gap(corrected):
        return np.abs(corrected[samples == "s1"].mean(axis=0) - corrected[samples == "s2"].mean(axis=0)).max()

    X = sp.csr_matrix(values)
    plain = classifier_values(X, np.arange(12), cells, scale=True)
    corrected = classifier_values(X, np.arange(12), cells, scale=True, samples=samples)
    assert corrected.shape == plain.shape
    assert gap(corrected) < gap(plain) / 3


def test_writing_to_a_view_of_an_anndata_writes_into_its_parents_layer():
    """Why the released SMaSH trains on log1p values where it means z-scores."""
    scale, log = np.full((3, 4), 7.0), np.full((3, 4), 1.0)
    parent = ad.AnnData(scale.copy(), layers={"scale": scale.copy(), "log": log.copy()})
    parent.X = parent.layers["scale"]
    child = parent[:, [True, True, False, True]]
    child.X = child.layers["log"]
    child.X = child.layers["scale"]
    assert (child.X == 1).all()


def test_settings_name_what_is_wrong():
    with pytest.raises(UserError, match=r"'faithful'.*'Released'"):
        settings("Released", "rf", {})
    with pytest.raises(UserError, match="high_cells"):
        settings("released", "rf", {"high_cell": 0.5})
    with pytest.raises(UserError, match=r"'score'.*'gini'"):
        settings(None, "rf", {"score": "gini"})
    assert not settings("released", "xgb", {}).balance
    assert settings("paper", "dnn", {}).score == "shapley"


def test_real_symbols_are_told_apart():
    """The 765 genes of a blood dataset that ships with scanpy: what each filter takes, by family."""
    import scanpy as sc

    genes = sc.datasets.pbmc68k_reduced().raw.var_names.to_numpy(dtype=object)
    assert filters.likely_species(genes) == "human"
    found = set(genes[filters.general_genes(genes, "human")])
    prefixed = set(genes[filters.released_general_genes(genes, "human")])
    assert prefixed - found == {"MTPN", "MTDH", "MTCH2"}  # myotrophin, metadherin, a carrier: none mitochondrial RNA
    families = ("RPS", "RPL", "MRPS", "MRPL", "HSP", "DNAJ", "HLA-", "CD", "MT-")
    rest = {gene for gene in found if not gene.startswith(families)}
    assert rest == {"EMC7", "PPIA", "PSMB2", "RAB7A", "REEP5"} == rest & filters.HOUSEKEEPING
    kept = set(genes) - found
    assert {"LYZ", "NKG7", "GNLY", "MS4A1", "PPBP", "CST3", "FCER1A"} & set(genes) <= kept
    assert {gene for gene in kept if gene.startswith("CD")} & {"CD3D", "CD8A", "CD79A", "CD74"} == set()
