"""What the verdicts on claims depend on: files of the project, and the results that exist."""

import hashlib
from pathlib import Path

from scbench.provenance import ROOT, from_here

_FOLDER = ROOT / "config/claims"
MEASURES = sorted(
    f"scbench.claims.measures.{path.stem}" for path in (ROOT / "scripts/scbench/claims/measures").glob("[a-z]*.py")
)
PAPERS = sorted(path.stem for path in _FOLDER.glob("*.tsv"))
_RESULTS = (
    "results/*/*/*/r*/status.json",
    "results/*/*/scores.tsv",
    "results/svg/*/called.tsv",
    "results/svg/tissue-*/**/*.tsv",
    "results/markers/*/specificity.tsv",
    "results/annotation/*.tsv",
    "results/figures/*.png",
)


def folder() -> str:
    """Folder of the ledger."""
    return from_here(_FOLDER)


def ledger() -> list[str]:
    """The ledger of claims, how they are measured, judged and audited, and the experiments."""
    files = [path for kind in ("*.tsv", "*.yaml") for path in sorted(_FOLDER.glob(kind))]
    return [from_here(path) for path in [*files, ROOT / "config/experiments.yaml"]]


def targets() -> list[str]:
    """What is made of the claims."""
    figures = [f"results/figures/claims-{paper}.{kind}" for paper in PAPERS for kind in ("png", "pdf")]
    return ["results/claims/verdicts.tsv", "results/claims/audit.tsv", "results/claims.html", *figures]


def digest(root: Path = Path()) -> str:
    """Digest of the names and times of the results that exist below a working folder, but of what is made of claims."""
    paths = [path for pattern in _RESULTS for path in root.glob(pattern) if not path.name.startswith("claims-")]
    found = sorted((str(path), path.stat().st_mtime_ns) for path in paths)
    return hashlib.sha256(repr(found).encode()).hexdigest()[:12]
