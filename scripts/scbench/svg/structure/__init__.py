"""Spatially variable genes of real tissue: which are called, and how they agree with its structure."""
