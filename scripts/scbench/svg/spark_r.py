"""SPARK: the authors' R package, where R and the package are installed."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from scbench.contract import SpatialTest
from scbench.errors import SkipRunError
from scbench.svg.adapters import gene_table, varying
from scbench.svg.graph import check_coords

_SCRIPT = Path(__file__).with_suffix(".R")
_NO_PACKAGE = 3  # exit status of the script


class SparkR(SpatialTest):
    """Test each gene by SPARK's score tests of ten kernels under a Poisson mixed model.

    The R package is run as in its authors' analyses: spots with 10 counts, genes in a tenth of the spots, library sizes
    over those genes. It is here for comparison; `scbench.svg.spark` gives the same p-values.

    Attributes
    ----------
    table_
        ``statistic`` and ``score`` are minus the decimal logarithm of ``pvalue``, SPARK's combination of its kernels;
        ``qvalue`` is adjusted by Benjamini and Yekutieli, as the package does. Genes in fewer spots have p = NaN.

    Notes
    -----
    Memory and time are those of R and of writing the matrix to text, which is dense there: about 8 bytes x spots x
    genes and 10 x 8 bytes x spots^2; O(genes x spots^3). Both include the start of R, a second.

    References
    ----------
    Sun S., Zhu J., Zhou X. Statistical analysis of spatial expression patterns for spatially resolved transcriptomic
    studies. Nature Methods 17, 193-200 (2020). Package SPARK 1.1.1.
    """

    def fit(self, X: sp.csr_matrix, coords: np.ndarray, *, seed: int) -> "SparkR":
        """Test the genes of a (spots, genes) matrix of counts; see `scbench.contract.SpatialTest`.

        Raises
        ------
        SkipRunError
            If Rscript or SPARK is not installed, or the coordinates are not in two dimensions.
        RuntimeError
            If R ends with an error, which it prints.
        """
        from scipy.io import mmwrite

        coords = check_coords(coords, X.shape[0])
        if coords.shape[1] != 2:
            raise SkipRunError(f"SPARK takes coordinates in 2 dimensions. Got {coords.shape[1]}")
        rscript = shutil.which("Rscript")
        if rscript is None:
            raise SkipRunError("Rscript is not installed")
        with tempfile.TemporaryDirectory() as folder:
            mmwrite(f"{folder}/counts.mtx", X.T)
            np.savetxt(f"{folder}/coords.csv", coords, delimiter=",")
            command = [rscript, "--vanilla", str(_SCRIPT), folder, str(seed % 2**31)]
            code = subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
            if code == _NO_PACKAGE:
                raise SkipRunError("the R package SPARK is not installed")
            if code:
                raise RuntimeError(f"SPARK ended with exit status {code}; R's own words are in the log")
            found = pd.read_csv(f"{folder}/found.csv")
        found["statistic"] = -np.log10(found["pvalue"].clip(lower=np.finfo(float).tiny))
        self.table_ = gene_table(found, varying(X))
        return self
