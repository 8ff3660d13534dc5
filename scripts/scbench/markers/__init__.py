"""Marker gene selection: one file per method."""
