#!/usr/bin/env bash
# Run once, in the environment made from smash.yaml. smashpy asks for a TensorFlow that this Python cannot have; the file
# of xgboost says that it is for another Python, which a check of the environment would take for a fault.
set -euo pipefail
python -m pip install --quiet --no-deps --require-hashes --requirement /dev/stdin <<'PINS'
xgboost==1.7.6 --hash=sha256:127cf1f5e2ec25cd41429394c6719b87af1456ce583e89f0bffd35d02ad18bcb --hash=sha256:1c527554a400445e0c38186039ba1a00425dcdb4e40b37eed0e74cb39a159c47 --hash=sha256:281c3c6f4fbed2d36bf95cd02a641afa95e72e9abde70064056da5e76233e8df --hash=sha256:4c34675b4d2678c624ddde5d45361e7e16046923e362e4e609b88353e6b87124 --hash=sha256:59b4b366d2cafc7f645e87d897983a5b59be02876194b1d213bd8d8b811d8ce8 --hash=sha256:b1d5db49b199152d62bd9217c98760207d3de86d2b9d243260c573ffe638f80a
smashpy==0.1.2 --hash=sha256:ece4ef5af1c2574a190e5d7b2b2d41b9d604bc2f1912cf98946ecd5f2a0a594b
PINS
