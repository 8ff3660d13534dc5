"""Classifiers that judge a panel of genes by the labels they give to test cells."""

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from scbench.markers.sampling import stratified

# The SVM's cost grows with the square of the training cells; beyond this many it learns from a stratified part.
SVM_CELLS = 10_000


def classify(
    panel: sp.spmatrix, labels: np.ndarray, train: np.ndarray, test: np.ndarray, classifiers: Sequence[str]
) -> dict[str, np.ndarray]:
    """Predict the labels of test cells from the genes of a panel, with each of some classifiers.

    Each gene is centred and scaled by its mean and standard deviation in the training cells and cut off at 10, above
    only.

    Parameters
    ----------
    panel
        (cells, genes of the panel) sparse log1p values. An empty panel predicts the commonest label.
    labels
        (cells,) labels; only those of the training cells are looked at.
    train, test
        Indices of cells.
    classifiers
        ``knn3`` (or another number): the commonest label among the 3 nearest training cells; of equally common labels
        the first in order. Training cells at equal distance are taken in the order of the file, as a rule.
        ``svm``: a support vector machine with Gaussian kernel, C = 1, gamma = 1 / genes; with more than `SVM_CELLS`
        training cells it learns from a stratified sample of that many.

    Returns
    -------
    dict
        For each classifier the (test cells,) labels.

    Notes
    -----
    Time: kNN O(train x test x genes), one search for all numbers of neighbours; SVM O(train^2 x genes). With 6893
    training cells, 1724 test cells and 300 genes: 0.2 and 1 CPU seconds. Memory: 4 bytes for each gene of each cell,
    and for the SVM 8 for each pair of training cells (0.8 GB at `SVM_CELLS`).

    References
    ----------
    The released SMaSH code (standardisation of scanpy 1.8, ``KNeighborsClassifier(3)``, ``SVC(gamma="auto")``).
    """
    classes, codes = np.unique(labels[train], return_inverse=True)
    if panel.shape[1] == 0 or len(classes) == 1 or len(test) == 0:
        commonest = classes[np.bincount(codes).argmax()]
        return {name: np.full(len(test), commonest, dtype=classes.dtype) for name in classifiers}
    known, asked = _standardised(panel[train].toarray(), panel[test].toarray())
    neighbours = {name: int(name.removeprefix("knn")) for name in classifiers if name != "svm"}
    predicted = _vote(known, codes, asked, neighbours)
    if "svm" in classifiers:
        predicted["svm"] = _support_vectors(known, codes, asked)
    return {name: classes[predicted[name]] for name in classifiers}


def _standardised(known: np.ndarray, asked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standardise training and test cells in place."""
    known, asked = known.astype(np.float32, copy=False), asked.astype(np.float32, copy=False)
    mean = known.mean(axis=0, dtype=float)
    known -= mean
    asked -= mean
    deviation = np.sqrt(np.einsum("ij,ij->j", known, known, dtype=float) / max(len(known) - 1, 1))
    # A gene that is the same in all training cells has a deviation of rounding errors.
    scale = np.where(deviation > 1e-6 * np.abs(mean), deviation, 1)
    for values in (known, asked):
        values /= scale
        np.minimum(values, 10, out=values)
    return known, asked


def _vote(known: np.ndarray, codes: np.ndarray, asked: np.ndarray, neighbours: dict[str, int]) -> dict[str, np.ndarray]:
    """Let the nearest training cells vote, any number of them after one search."""
    from sklearn.neighbors import NearestNeighbors

    if not neighbours:
        return {}
    most = min(max(neighbours.values()), len(known))
    search = NearestNeighbors(n_neighbors=most, algorithm="brute").fit(known)
    nearest = codes[search.kneighbors(asked, return_distance=False)]
    votes = np.eye(codes.max() + 1, dtype=np.int32)
    return {name: sum(votes[column] for column in nearest[:, :k].T).argmax(axis=1) for name, k in neighbours.items()}


def _support_vectors(known: np.ndarray, codes: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Learn from one kernel matrix: libsvm would compute its entries again for each pair of classes."""
    from sklearn.svm import SVC

    part = stratified(codes, SVM_CELLS, np.random.default_rng(0))  # the same for every panel
    known, codes = known[part], codes[part]
    model = SVC(kernel="precomputed").fit(_gaussian(known, known), codes)
    return np.concatenate([model.predict(_gaussian(block, known)) for block in _blocks(asked)])


def _gaussian(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Gaussian kernel with gamma = 1 / genes between the rows of two matrices, in the double precision libsvm takes."""
    kernel = np.empty((len(a), len(b)))
    squares = np.einsum("ij,ij->i", b, b)
    start = 0
    for block in _blocks(a):
        part = 2 * block @ b.T
        part -= np.einsum("ij,ij->i", block, block)[:, None]
        part -= squares
        part /= a.shape[1]
        kernel[start : start + len(block)] = np.exp(np.minimum(part, 0, out=part), out=part)
        start += len(block)
    return kernel


def _blocks(cells: np.ndarray) -> list[np.ndarray]:
    return np.array_split(cells, len(cells) // 1000 + 1)
