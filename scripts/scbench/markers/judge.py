"""What the test cells are called when only the genes of a panel are known."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from scbench.io import Prepared
from scbench.markers.classifiers import classify
from scbench.markers.nested import steps


class Judge:
    """Classifies the test cells of one replicate by panels; each panel once.

    Parameters
    ----------
    data
        The dataset; with two label levels if ``obs`` has ``broad``.
    train, test
        Indices of cells.

    Attributes
    ----------
    questions
        Steps of the question over the training cells (`scbench.markers.nested.steps`).

    Notes
    -----
    Memory: a second copy of the data, by gene, and what `scbench.markers.classifiers.classify` needs.
    """

    def __init__(self, data: Prepared, train: np.ndarray, test: np.ndarray) -> None:
        self._labels, self._broad = data.labels, data.obs.get("broad")
        self._train, self._test = train, test
        self._genes, self._columns = pd.Index(data.genes), data.X.tocsc()
        self._known: dict[tuple, dict[str, np.ndarray]] = {}
        self.questions = steps(self._labels[train], None if self._broad is None else self._broad[train])

    def predict(self, panels: Mapping[str, Iterable[str]], classifiers: Sequence[str]) -> dict[str, np.ndarray]:
        """Predict the labels of the test cells.

        Parameters
        ----------
        panels
            Genes for each step, by its ``within``; "" stands for all cells.
        classifiers
            See `scbench.markers.classifiers.classify`.

        Returns
        -------
        dict
            For each classifier the (test cells,) labels. With two label levels, the first panel gives a cell its broad
            type, and the panel within *that* type, learned from the training cells that are truly of it, the label. A
            broad type with one label needs no panel.
        """
        if self._broad is None:
            return self._classify("", panels[""], self._labels, self._train, self._test, classifiers)
        types = self._classify("", panels[""], self._broad, self._train, self._test, classifiers)
        labels = {name: np.empty(len(self._test), dtype=object) for name in classifiers}
        for within in self.questions[0].classes:
            train = self._train[self._broad[self._train] == within]
            asked = np.logical_or.reduce([found == within for found in types.values()])
            given = self._classify(within, panels.get(within, ()), self._labels, train, self._test[asked], classifiers)
            for name, found in types.items():
                labels[name][found == within] = given[name][found[asked] == within]
        return labels

    def _classify(
        self,
        within: str,
        genes: Iterable[str],
        labels: np.ndarray,
        train: np.ndarray,
        test: np.ndarray,
        classifiers: Sequence[str],
    ) -> dict[str, np.ndarray]:
        panel = np.unique(self._genes.get_indexer(list(genes)))
        key = (within, panel.tobytes(), test.tobytes(), *classifiers)
        if key not in self._known:
            self._known[key] = classify(self._columns[:, panel], labels, train, test, classifiers)
        return self._known[key]
