"""Methods that misbehave, each in its own way. Not collected by pytest; children import it."""

import ctypes
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd

from scbench.contract import CellAnnotator, MarkerSelector, Prediction, SpatialTest


class Good(SpatialTest):
    def fit(self, X, coords, *, seed):
        p = np.linspace(0, 1, X.shape[1])
        self.table_ = pd.DataFrame({"statistic": p, "pvalue": p, "score": -p})
        return self


class ShowsMore(Good):
    def fit(self, X, coords, *, seed):
        self.extras_ = {"numbers": np.array([1.5, 2.5]), "names": np.array(["é", "b"])}
        return super().fit(X, coords, seed=seed)


class PicklesItself(Good):
    def fit(self, X, coords, *, seed):
        self.extras_ = {"self": np.array([self], dtype=object)}
        return super().fit(X, coords, seed=seed)


class ListsItsExtras(Good):
    def fit(self, X, coords, *, seed):
        self.extras_ = [1, 2]
        return super().fit(X, coords, seed=seed)


class Raises(SpatialTest):
    def fit(self, X, coords, *, seed):
        raise ZeroDivisionError("no luck")


class Segfaults(SpatialTest):
    def fit(self, X, coords, *, seed):
        ctypes.string_at(0)


class Aborts(SpatialTest):
    def fit(self, X, coords, *, seed):
        os.abort()


class KillsItself(SpatialTest):
    def fit(self, X, coords, *, seed):
        os.kill(os.getpid(), signal.SIGKILL)


class Exits(SpatialTest):
    def fit(self, X, coords, *, seed):
        os._exit(0)


class EatsMemory(SpatialTest):
    def fit(self, X, coords, *, seed):
        self.hoard = []
        while True:
            self.hoard.append(np.ones(2**22))


class EatsNativeMemory(SpatialTest):
    """A C++ library would say bad_alloc and abort."""

    def fit(self, X, coords, *, seed):
        print("terminate called after throwing an instance of 'std::bad_alloc'", flush=True)
        os.abort()


class Loops(SpatialTest):
    def fit(self, X, coords, *, seed):
        while True:
            time.sleep(0.1)


class IgnoresSigterm(Loops):
    def fit(self, X, coords, *, seed):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        super().fit(X, coords, seed=seed)


class LeavesADaemon(Good):
    """Starts a process in a session of its own, which holds the pipe open, and returns."""

    def fit(self, X, coords, *, seed):
        process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
        with open(os.environ["DAEMON_PID"], "w") as file:
            file.write(str(process.pid))
        return super().fit(X, coords, seed=seed)


class EatsMemoryOfTorch(Good):
    """Torch has an error of its own."""

    def fit(self, X, coords, *, seed):
        import torch

        torch.zeros(2**40)


class TellsItsGpus(Good):
    def fit(self, X, coords, *, seed):
        print("GPUs:", os.environ["CUDA_VISIBLE_DEVICES"])
        return super().fit(X, coords, seed=seed)


class StartsAHungryProcess(Good):
    """Its own memory stays small."""

    def fit(self, X, coords, *, seed):
        code = "import time; hoard = bytearray(b'x') * (300 * 2**20); time.sleep(4)"
        subprocess.run([sys.executable, "-c", code], check=True)
        return super().fit(X, coords, seed=seed)


class Forks(Good):
    """Three children share what it has."""

    def fit(self, X, coords, *, seed):
        hoard = bytearray(b"x") * (200 * 2**20)
        children = []
        for _ in range(3):
            if not (child := os.fork()):
                time.sleep(1.5)
                os._exit(len(hoard) == 0)
            children.append(child)
        for child in children:
            os.waitpid(child, 0)
        return super().fit(X, coords, seed=seed)


class PrintsAGigabyte(Good):
    def fit(self, X, coords, *, seed):
        line = b"x" * (2**20 - 1) + b"\n"
        for _ in range(1024):
            os.write(1, line)
        return super().fit(X, coords, seed=seed)


class NaNScores(Good):
    def fit(self, X, coords, *, seed):
        super().fit(X, coords, seed=seed)
        self.table_.loc[3, "score"] = np.nan
        return self


class NaNPvalues(Good):
    def fit(self, X, coords, *, seed):
        super().fit(X, coords, seed=seed)
        self.table_["pvalue"] = np.nan
        return self


class PvaluesAboveOne(Good):
    def fit(self, X, coords, *, seed):
        super().fit(X, coords, seed=seed)
        self.table_["pvalue"] += 1
        return self


class TooFewRows(Good):
    def fit(self, X, coords, *, seed):
        super().fit(X, coords, seed=seed)
        self.table_ = self.table_[:-1]
        return self


class NoTable(SpatialTest):
    def fit(self, X, coords, *, seed):
        self.table_ = [1, 2, 3]
        return self


class ForgetsItsTable(SpatialTest):
    def fit(self, X, coords, *, seed):
        return self


class WrongGene(MarkerSelector):
    def fit(self, X, labels, genes, *, seed):
        self.ranking_ = pd.DataFrame({"class": labels[0], "gene": ["nonsense"], "rank": [1], "score": [1.0]})
        return self


class WrongClass(MarkerSelector):
    def fit(self, X, labels, genes, *, seed):
        self.ranking_ = pd.DataFrame({"class": "nobody", "gene": genes[:1], "rank": [1], "score": [1.0]})
        return self


class EveryGeneFirst(MarkerSelector):
    """Tries to escape the limit of k genes per class."""

    def fit(self, X, labels, genes, *, seed):
        self.ranking_ = pd.DataFrame({"class": labels[0], "gene": genes, "rank": 1, "score": 1.0})
        return self


class _Annotator(CellAnnotator):
    def fit(self, X, labels, *, seed, X_unlabelled=None):
        self.label_ = labels[0]
        return self


class UnknownLabel(_Annotator):
    def predict(self, X):
        return Prediction(np.full(X.shape[0], "martian"), np.ones(X.shape[0]))


class TooFewLabels(_Annotator):
    def predict(self, X):
        return Prediction(np.full(X.shape[0] - 1, self.label_), np.ones(X.shape[0] - 1))


class MissingLabels(_Annotator):
    def predict(self, X):
        return Prediction(np.full(X.shape[0], np.nan), np.ones(X.shape[0]))


class SureBeyondReason(_Annotator):
    def predict(self, X):
        return Prediction(np.full(X.shape[0], self.label_), np.full(X.shape[0], 2.0))


class PeeksAtTheTestCells(_Annotator):
    """Needs the unlabelled cells, which an inductive method is not given."""

    def fit(self, X, labels, *, seed, X_unlabelled=None):
        X_unlabelled.mean()
        return self

    def predict(self, X):
        raise AssertionError("not reached")
