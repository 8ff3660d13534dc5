"""Tests for spatially variable genes: one file per method."""
