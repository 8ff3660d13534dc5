#!/usr/bin/env bash
# Run once, in the environment made from scgco.yaml. Both packages ask for others that they never need here, of which
# some cannot be installed from the package index alone (pygco: see scripts/scbench/svg/scgco_upstream.py).
set -euo pipefail
python -m pip install --quiet --no-deps --require-hashes --requirement /dev/stdin <<'PINS'
pysal==2.0.0 --hash=sha256:e8dc75e48a6a16e89f295f7a25868671837862cb7d4862a3a171ddc80d07a23f
scgco==1.1.2 --hash=sha256:28281c9426b76d2800b21e01c24900ffe8e532cc8ed14dc23b3dac84cd0a7b64 --hash=sha256:62b759815b9c2471e7b1c1c1634243cbddf2fd63415e5084bd1c2ae2a45b63fc
PINS
