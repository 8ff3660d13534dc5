"""Agreement of scGCO as released with outputs of the authors' package (../shared), and of its cuts with exact ones.

The mixture of a gene is fitted to its distinct values, so two values that ought to be equal count once or twice as
their last bits have it, and those are numpy's. The reference was made with numpy 1.26, whose log1p is often one bit
below the nearest number, where numpy 2 has that number or another. ``scgco_log1p.npz`` holds, for each positive value
in the order of the (spots, genes) arrays, by how many units in the last place the logarithm of numpy 1.26.4 differs
from the nearest number. With those values every p-value is the reference's.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.stats import false_discovery_control

from scbench.svg.scgco.convex import minimise_steps
from scbench.svg.scgco.expansion import energy, expand
from scbench.svg.scgco.gene import mixture_model
from scbench.svg.scgco.pruned_graph import pruned_delaunay
from scbench.svg.scgco.reader import apply_filters, normalise
from scbench.svg.scgco.regions import Graph
from scbench.svg.scgco.released import SCGCOReleased, released_tests
from scbench.svg.scgco.states import fit_states

LAST_BITS = Path(__file__).with_name("scgco_log1p.npz")
CALLS = {"bc2_layer2": 293, "seqfish_field43": 14, "sim_a": 22, "sim_b": 16, "sim_n1000": 21, "null_bc2": 0}
SIMULATED = {"sim_a": (22, 0), "sim_b": (16, 0), "sim_n1000": (16, 5)}  # true and false calls


class Reference(NamedTuple):
    """A dataset as the authors' code was given it, and what that found."""

    arrays: dict
    table: pd.DataFrame


def _reference(shared, name):
    folder = shared / "reference/scgco"
    table = pd.read_csv(folder / f"{name}_scgco.csv", keep_default_na=False).set_index("gene")
    return Reference(dict(np.load(folder / f"{name}_input.npz")), table)


def _values(name, reference):
    """Log-normalised values to the last bit, genes and positions."""
    arrays, coords = reference.arrays, reference.arrays["locs"].astype(float)
    if "lognorm" in arrays:
        return arrays["lognorm"], arrays["genes"], coords
    counts, genes = sp.csr_matrix(arrays["counts"].astype(np.int32)), arrays["genes"]
    if name == "bc2_layer2":
        kept = apply_filters(counts, coords)
        counts, genes, coords = counts[kept.sources][:, kept.genes], genes[kept.genes], coords[kept.spots]
    values = normalise(counts).toarray()
    positive = values > 0
    nearest = np.log1p(values[positive].astype(np.longdouble)).astype(float)
    values[positive] = (nearest.view(np.int64) + np.load(LAST_BITS)[name]).view(float)
    return values, genes, coords


def _called(pvalues):
    return false_discovery_control(np.asarray(pvalues, dtype=float)) < 0.05


needs_long_doubles = pytest.mark.skipif(
    np.finfo(np.longdouble).nmant < 63, reason="nearest numbers are found in extended precision"
)


@needs_long_doubles
@pytest.mark.parametrize("name", CALLS)
def test_every_gene_has_the_p_value_of_the_released_code(shared, name):
    reference = _reference(shared, name)
    values, genes, coords = _values(name, reference)
    graph = Graph.of(len(coords), pruned_delaunay(coords))
    found = {
        gene: (*step.verdict[:3], step.factor, model.name, model.unary.shape[1], len(np.unique(step.labels)))
        for gene, model, step in released_tests(sp.csr_matrix(values), graph)
    }
    ours = pd.DataFrame([found[gene] for gene in range(len(genes))], index=genes)
    theirs = reference.table.loc[genes]
    # Of a gene with Otsu's two states the reference tells the mixture that was not used.
    states = np.where(theirs["model"] == "otsu", 2, theirs["n_gmm_components"])
    np.testing.assert_allclose(ours[0], theirs["p_value"], rtol=1e-9)
    for column, name_theirs in enumerate(["best_segment_size", "n_segments", "smooth_factor", "model"], start=1):
        np.testing.assert_array_equal(ours[column], theirs[name_theirs], err_msg=name_theirs)
    np.testing.assert_array_equal(ours[5], states)
    np.testing.assert_array_equal(ours[6], theirs["n_hidden_labels"])
    assert len(theirs) == len(reference.table)
    assert _called(ours[0]).sum() == CALLS[name]
    if name in SIMULATED:
        truth = pd.Series(reference.arrays["truth"], reference.arrays["genes"])[genes] > 0
        assert (_called(ours[0])[truth].sum(), _called(ours[0])[~truth].sum()) == SIMULATED[name]


def test_the_reader_keeps_the_genes_and_spots_of_the_released_code(shared):
    reference = _reference(shared, "bc2_layer2")
    counts = sp.csr_matrix(reference.arrays["counts"].astype(np.int32))
    kept = apply_filters(counts, reference.arrays["locs"].astype(float))
    assert set(reference.arrays["genes"][kept.genes]) == set(reference.table.index)
    assert (kept.spots != kept.sources).sum() == 3
    assert (kept.spots != kept.sources)[-3:].all()


@pytest.mark.parametrize(
    ("name", "least_same", "calls"),
    [
        pytest.param("bc2_layer2", 0.998, (291, 295), marks=pytest.mark.slow),
        ("seqfish_field43", 0.97, (14, 14)),
        ("sim_a", 0.3, (20, 24)),
        ("sim_b", 0.3, (14, 18)),
        ("sim_n1000", 0.3, (18, 23)),
    ],
)
def test_from_counts_the_last_bits_of_logarithms_are_all_that_differs(shared, name, least_same, calls):
    """Simulated spots have few counts, so that many ratios are equal up to rounding; real ones have not."""
    reference = _reference(shared, name)
    counts = sp.csr_matrix(reference.arrays["counts"].astype(np.int32))
    coords = reference.arrays["locs"].astype(float)
    table = SCGCOReleased(filters=name == "bc2_layer2").fit(counts, coords, seed=0).table_
    tested = table["pvalue"].notna().to_numpy()
    ours = table["pvalue"][tested].to_numpy()
    theirs = reference.table["p_value"].loc[reference.arrays["genes"][tested]].to_numpy()
    assert len(ours) == len(reference.table)
    assert np.isclose(ours, theirs, rtol=1e-6, atol=0).mean() >= least_same
    assert calls[0] <= _called(ours).sum() <= calls[1]
    assert np.corrcoef(np.log10(ours), np.log10(theirs))[0, 1] > 0.98


def test_released_p_values_of_genes_without_pattern(shared):
    """Conservative in bulk (one segment has p of about a half), and liberal in the far tail."""
    reference = _reference(shared, "null_bc2")
    values, _, coords = _values("null_bc2", reference)
    tests = released_tests(sp.csr_matrix(values), Graph.of(len(coords), pruned_delaunay(coords)))
    pvalues = np.array([step.verdict.pvalue for _, _, step in tests])
    assert ((pvalues < 0.05).sum(), (pvalues < 0.001).sum()) == (4, 2)
    assert (np.abs(pvalues - 0.51) < 0.01).mean() > 0.9


def test_exact_cuts_of_real_genes_are_never_above_alpha_expansion(shared):
    values, _, coords = _values("null_bc2", _reference(shared, "null_bc2"))
    genes = np.ascontiguousarray(values.T[::10])
    edges, states = pruned_delaunay(coords), np.arange(3)
    for own in genes:
        unary = (100 * np.abs(own[:, None] - np.quantile(own[own > 0], [0, 0.5, 1]))).astype(np.int64)
        pairwise = 20 * np.abs(states[:, None] - states)
        exact = energy(minimise_steps(unary, edges, 20), unary, edges, pairwise)
        assert exact <= energy(expand(unary, edges, pairwise, sweeps=10), unary, edges, pairwise)
        two = mixture_model(own, fit_states(own[None])[0]).unary[:, :2]
        step = 20 * (1 - np.eye(2, dtype=int))
        assert energy(minimise_steps(two, edges, 20), two, edges, step) == energy(
            expand(two, edges, step, sweeps=10), two, edges, step
        )
