"""What the verdicts on claims depend on: files of the project, and the results that exist."""

import hashlib
from pathlib import Path

from scbench.provenance import ROOT, from_here

MEASURES = sorted(
    f"scbench.claims.measures.{path.stem}" for path in (ROOT / "scripts/scbench/claims/measures").glob("[a-z]*.py")
)
_RESULTS = ("results/*/*/*/r*/status.json", "results/*/*/scores.tsv", "results/svg/tissue-*/*.tsv")


def ledger() -> list[str]:
    """The ledger of claims, how they are measured and judged, and the experiments."""
    return [from_here(path) for path in [*sorted((ROOT / "config/claims").iterdir()), ROOT / "config/experiments.yaml"]]


def digest(root: Path = Path()) -> str:
    """Digest of the names and times of the results that exist below a working folder."""
    found = sorted((str(path), path.stat().st_mtime_ns) for pattern in _RESULTS for path in root.glob(pattern))
    return hashlib.sha256(repr(found).encode()).hexdigest()[:12]
