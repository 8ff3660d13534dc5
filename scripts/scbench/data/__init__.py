"""From a registry entry to a prepared dataset: fetch, unpack, load or simulate, transform, check, normalise."""
