"""scGCO: spatially variable genes by graph cuts, in stages (graph, mixture, unary, cut, segments, p-value, sweep)."""
