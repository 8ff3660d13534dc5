"""Whether the numbers that a paper prints agree among themselves; no run is needed for that."""
