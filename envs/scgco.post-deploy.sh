#!/usr/bin/env bash
# Run once, in the environment made from scgco.yaml. Both packages ask for others that they never need here, of which
# some cannot be installed from the package index alone (pygco: see scripts/scbench/svg/scgco_upstream.py).
set -euo pipefail
python -m pip install --quiet --no-deps scgco==1.1.2 pysal==2.0.0
