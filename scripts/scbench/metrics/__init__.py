"""Metrics: pure functions, looked up by the registry."""
