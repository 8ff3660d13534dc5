"""Cell type annotation: one file per method."""
