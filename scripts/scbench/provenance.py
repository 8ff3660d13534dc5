"""Which code, environment and machine made a result. Standard library only: it is read while the workflow is parsed."""

import ast
import platform
import subprocess
from collections.abc import Iterable
from functools import cache
from hashlib import file_digest, sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# What lies beside a module under its name and belongs to it: a script that R runs, the template of a page.
_BESIDE = (".R", ".html.j2", ".css", ".js")


def sources(*modules: str, root: Path = ROOT) -> list[Path]:
    """Files of first-party modules and of everything first-party that they import.

    Snakemake sees only a rule's script; with these files as inputs, an edit of a method reruns that method.

    Parameters
    ----------
    *modules
        Module names or ``module:name`` entries, for instance ``"scbench.svg.moran:MoranI"``.

    Returns
    -------
    list of pathlib.Path
        Sorted. Imports inside functions count, and so do an R script and a template beside a module; other
        packages do not.

    Examples
    --------
    >>> [path.name for path in sources("scbench.seeds")]
    ['__init__.py', 'seeds.py']
    """
    found: set[Path] = set()
    names = [module.partition(":")[0] for module in modules]
    queue = [_module_file(name, root) for name in (*names, *_parents(names))]
    while queue:
        path = queue.pop()
        if path is not None and path not in found:
            found.add(path)
            queue += _imports(path, root)
            found.update(filter(Path.is_file, map(path.with_suffix, _BESIDE)))
    return sorted(found)


def source_file(entry: str, root: Path = ROOT) -> Path:
    """File of a ``module:name`` entry.

    Examples
    --------
    >>> source_file("scbench.svg.moran:MoranI").name
    'moran.py'
    """
    return root / "scripts" / Path(*entry.partition(":")[0].split(".")).with_suffix(".py")


def digest(paths: Iterable[Path]) -> str:
    """First 12 hexadecimal digits of the sha256 of names and contents of files."""
    total = sha256()
    for path in paths:
        total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()[:12]


def file_sha256(path: Path) -> str:
    """Checksum of a file as 64 hexadecimal digits. Memory: constant."""
    with open(path, "rb") as file:
        return file_digest(file, "sha256").hexdigest()


def git_commit(root: Path = ROOT) -> str:
    """Commit of the working tree, with ``-dirty`` where it was changed; empty outside a repository."""
    try:
        command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def host_class() -> str:
    """Kind of machine (processor and number of cores), without its name."""
    import os

    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    return f"{model}, {os.cpu_count()} cores"


@cache
def _imports(path: Path, root: Path) -> list[Path | None]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [_module_file(name, root) for name in sorted({*names, *_parents(names)})]


def _parents(names: list[str]) -> set[str]:
    """Packages that are imported with modules."""
    return {".".join(name.split(".")[:i]) for name in names for i in range(1, name.count(".") + 1)}


def _module_file(module: str, root: Path) -> Path | None:
    path = source_file(module, root)
    if path.is_file():
        return path
    package = path.with_suffix("") / "__init__.py"
    return package if package.is_file() else None


def from_here(path: Path) -> str:
    """Path as the workflow names it: relative where it lies below the working folder.

    So a project that is moved or copied is still up to date.
    """
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
