"""Figures of the report: one module per figure, each with a function ``plot`` that returns a Matplotlib figure."""
