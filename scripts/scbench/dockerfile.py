"""Write ``Dockerfile``: an image with every environment of ``envs/``, for Snakemake's ``containerized``.

``snakemake --containerize`` makes less: it knows the environments of one configuration's jobs only, stops unless that
configuration uses every rule that looks its environment up, takes the latest base image, and leaves out the scripts
that end the building of an environment, although it expects their result.
"""

from hashlib import md5
from pathlib import Path

from scbench.atomic import atomic
from scbench.pins import script_file
from scbench.provenance import ROOT

BASE = "condaforge/miniforge3:24.11.3-0"

_HEADER = f"""# Every environment of envs/, where Snakemake looks for it. Made by `make dockerfile`.
FROM {BASE}
LABEL io.github.snakemake.containerized="true"
"""


def dockerfile(root: Path = ROOT) -> str:
    """Make the text from the environment files."""
    return _HEADER + "".join(_environment(path) for path in sorted((root / "envs").glob("*.yaml")))


def prefix(path: Path) -> str:
    """Folder in which Snakemake looks for an environment in a container: its name is the md5 of its files."""
    files = [file for file in (script_file(path), path) if file.exists()]
    return f"/conda-envs/{md5(b''.join(file.read_bytes() for file in files), usedforsecurity=False).hexdigest()}"


def _environment(path: Path) -> str:
    folder, script = prefix(path), script_file(path)
    copied, steps = [f"envs/{path.name}"], [f"conda env create --quiet --prefix {folder} --file /envs/{path.name}"]
    if script.exists():
        copied.append(f"envs/{script.name}")
        steps.append(f"conda run --no-capture-output --prefix {folder} bash /envs/{script.name}")
    run = " \\\n    && ".join([*steps, "conda clean --all --yes"])
    return f"\nCOPY {' '.join(copied)} /envs/\nRUN {run}\n"


if __name__ == "__main__":
    with atomic(ROOT / "Dockerfile") as part:
        part.write_text(dockerfile())
