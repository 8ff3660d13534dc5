#!/usr/bin/env bash
# Snakemake runs this once, after conda has made the environment.
set -euo pipefail
Rscript -e 'remotes::install_github("xzhoulab/SPARK@a8b4bf27b804", upgrade = "never", dependencies = FALSE)'
