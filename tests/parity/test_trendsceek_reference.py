"""Agreement of trendSceek's curves with those of the R package spatstat on real data (../shared)."""

import numpy as np
import pandas as pd

from scbench.svg.trendsceek.curves import STATISTICS, MarkCurves


def test_curves_are_those_of_spatstat(shared):
    """Gene mog of seqFISH field 43; the tolerances are what spatstat's own binning is off the definition."""
    import anndata as ad

    adata = ad.read_h5ad(shared / "data/seqfish_field43.h5ad")
    marks = np.log10(adata[:, "mog"].X.toarray() + 1.0)
    curves = MarkCurves(np.asarray(adata.obsm["spatial"], dtype=float))
    reference = pd.read_csv(shared / "reference/svg_peers/seqfish_field43_mog_mark_curves.csv")
    np.testing.assert_allclose(curves.radii, reference["r"], atol=1e-6)
    found = curves(marks)[:, :, 0]
    tolerances = (5e-5, 9e-5, 3.6e-4, 3.7e-4)
    for name, curve, tolerance in zip(STATISTICS, found, tolerances, strict=True):
        assert np.abs(curve - reference[name]).max() <= tolerance * reference[name].abs().max(), name
