"""Benchmarks of marker gene, spatially variable gene and cell type annotation methods.

The methods are ordinary estimators and work without the workflow::

    from scbench.svg.moran import MoranI

    result = MoranI().fit(X, coords, seed=0).table_
"""

__version__ = "0.1.0"
