"""What each track's runs are scored on: one file per track, with a function `results`."""
