"""What the tests see of the values of a gene."""

import numpy as np

from scbench.svg.scgco.moments import centred

MOST = 3.0  # standard deviations from the mean


def winsorised(values: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Values less their mean in each sample, none further from it than three standard deviations of the gene.

    Normalisation makes outliers of the few counts of a shallow spot; they must neither decide a test nor a cut.

    Parameters
    ----------
    values
        (spots, genes) log1p values.
    samples
        (spots,) number of the sample of each spot, from 0.

    Returns
    -------
    ndarray
        (spots, genes), with mean 0 in each sample.
    """
    values = centred(values, samples)
    most = MOST * values.std(axis=0)
    return centred(np.clip(values, -most, most), samples)
