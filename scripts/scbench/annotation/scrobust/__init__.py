"""scRobust: cell types from the non-zero genes of a cell, in stages (corpus, encoder, losses, selection, training)."""
