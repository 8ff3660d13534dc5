"""Third stage, ensembles by bagging: the random forest and the balanced random forest."""

import numpy as np

_LARGEST_SEED = np.iinfo(np.int32).max


def class_weights(y: np.ndarray, n_classes: int) -> np.ndarray:
    """Weights that make all classes count the same: cells / (classes x cells of the class)."""
    counts = np.bincount(y, minlength=n_classes)
    return len(y) / (n_classes * np.maximum(counts, 1))


def binned(X: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Number of the edges of a gene that each value is above.

    Parameters
    ----------
    X
        (cells, genes) values.
    edges
        (edges, genes) values.

    Returns
    -------
    numpy.ndarray
        (cells, genes) float32.
    """
    counts = np.zeros(X.shape, dtype=np.float32)
    for edge in edges:
        counts += edge < X
    return counts


class Forest:
    """Random forest whose bootstrap is uniform and whose class weights count in the impurity.

    scikit-learn 1.9 draws the bootstrap by the weights and then fits without them; with the balanced forest's own
    undersampling that costs most of its accuracy. Here, as in the releases that SMaSH was written for, cells are drawn
    uniformly, and a tree sees ``times drawn x class weight``. Splits are searched in quantiles of a gene's values,
    which halves the time and changes the importances no more than another seed does.

    Parameters
    ----------
    n_trees
        Number of trees.
    max_depth
        Greatest depth of a tree.
    balanced
        Whether each tree first draws as many cells of every class as the smallest one has (Chen et al. 2004).
    max_bin
        Quantiles of a gene's values that splits are searched in.

    Attributes
    ----------
    importance_
        (genes,) mean decrease of the Gini impurity, sum 1.
    trees_
        The fitted trees, on numbers of quantiles.
    edges_
        (quantiles - 1, genes) limits of the quantiles.

    References
    ----------
    smashpy 0.1.2, ``ensemble_learning``; scikit-learn 1.0, ``_parallel_build_trees``; imbalanced-learn 0.8,
    ``_local_parallel_build_trees``.
    """

    def __init__(
        self, *, n_trees: int = 100, max_depth: int | None = None, balanced: bool = False, max_bin: int = 24
    ) -> None:
        self.n_trees = n_trees
        self.max_depth = max_depth
        self.balanced = balanced
        self.max_bin = max_bin

    def fit(
        self,
        X: np.ndarray,
        y: np.ndarray,
        n_classes: int,
        *,
        weights: np.ndarray,
        seed: int,
        validation: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> "Forest":
        """Grow the trees on (cells, genes) float32 values and class numbers; they need no validation."""
        from sklearn.tree import DecisionTreeClassifier

        rng = np.random.default_rng(seed)
        inner = np.linspace(0, 1, self.max_bin + 1)[1:-1]
        self.edges_ = np.quantile(X, inner, axis=0, method="inverted_cdf")
        X = binned(X, self.edges_)
        self.n_classes_ = n_classes
        self.trees_ = []
        for _ in range(self.n_trees):
            cells = self._draw(y, rng)
            times = np.bincount(cells, minlength=len(y))
            drawn = np.flatnonzero(times)
            tree = DecisionTreeClassifier(
                max_depth=self.max_depth, max_features="sqrt", random_state=int(rng.integers(_LARGEST_SEED))
            )
            loads = times[drawn] * weights[y[drawn]]
            # The input is checked once, above, by being binned.
            self.trees_.append(tree.fit(X[drawn], y[drawn], sample_weight=loads, check_input=False))
        total = sum(tree.feature_importances_ for tree in self.trees_)
        self.importance_ = total / max(total.sum(), np.finfo(float).tiny)
        return self

    def _draw(self, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw a bootstrap sample, of all cells or of a balanced share of them."""
        if not self.balanced:
            return rng.integers(len(y), size=len(y))
        classes, counts = np.unique(y, return_counts=True)
        pool = np.concatenate([rng.choice(np.flatnonzero(y == c), counts.min(), replace=False) for c in classes])
        return rng.choice(pool, len(pool))

    def shapley(self, X: np.ndarray, background: np.ndarray) -> np.ndarray:
        """TreeSHAP values of the probabilities, (cells, genes, classes); the trees themselves hold the background."""
        import shap

        X = binned(X, self.edges_)
        total = np.zeros((*X.shape, self.n_classes_))
        for tree in self.trees_:
            total[:, :, tree.classes_] += shap.TreeExplainer(tree).shap_values(X)
        return total / len(self.trees_)
