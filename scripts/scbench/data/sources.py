"""Which files a dataset is made from, and where they lie."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scbench.redact import redacted

RAW, MANUAL = "resources/raw", "resources/manual"


def files(source: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Files of a source by their role; the only one is ``counts``. Without files there are none."""
    if "files" in source:
        return source["files"]
    match source["type"]:
        case "https" | "local" | "package" | "wheel":
            return {"counts": {key: value for key, value in source.items() if key != "type"}}
    return {}


def downloads(datasets: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Dataset and file of each download, by the path it goes to.

    What several datasets share lies with the first of them that the registry names, and what is in a wheel with none.
    """
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    owners: dict[str, str] = {}
    for name, entry in datasets.items():
        if entry["source"]["type"] not in ("https", "wheel"):
            continue
        for file in files(entry["source"]).values():
            owner = owners.setdefault(_address(file), name)
            found.setdefault(_raw(owner, file), (owner, file))
    return found


def paths(datasets: Mapping[str, Mapping[str, Any]], dataset: str) -> dict[str, str]:
    """Paths of a dataset's downloads, or of the files that the user brings, by role."""
    source = datasets[dataset]["source"]
    if source["type"] == "manual":
        return {role: f"{MANUAL}/{dataset}/{file['name']}" for role, file in files(source).items()}
    if source["type"] not in ("https", "wheel"):
        return {}
    by_address = {_address(file): path for path, (_, file) in downloads(datasets).items()}
    return {role: by_address[_address(file)] for role, file in files(source).items()}


def parents(source: Mapping[str, Any]) -> list[str]:
    """Datasets that a source starts from."""
    match source["type"]:
        case "derive":
            return [source["from"]]
        case "combine":
            return source["from"]
    return []


def origins(datasets: Mapping[str, Mapping[str, Any]], dataset: str) -> list[str]:
    """Datasets that a dataset is made of in the end; itself if it is made of no others."""
    above = parents(datasets[dataset]["source"])
    return list(dict.fromkeys(origin for name in above for origin in origins(datasets, name))) if above else [dataset]


def missing(datasets: Mapping[str, Mapping[str, Any]], dataset: str, root: Path) -> list[str]:
    """Paths of the files that the user has to bring for a dataset and that are not there."""
    if datasets[dataset]["source"]["type"] != "manual":
        return []
    return [path for path in paths(datasets, dataset).values() if not (root / path).is_file()]


def file_name(file: Mapping[str, Any]) -> str:
    """Name that a file of a source has on this machine."""
    if "name" in file:
        return file["name"]
    if "urls" in file:
        return file["urls"][0].split("?")[0].rstrip("/").rpartition("/")[2]
    return f"{file['package']}-{file['version']}.whl" if "version" in file else Path(file["path"]).name


def describe(file: Mapping[str, Any]) -> str:
    """Say where a download comes from, and how large it is, in one line without secrets."""
    about = f"about {file['size_mb']:,g} MB" if "size_mb" in file else "size unknown"
    size = f"{file['bytes'] / 1e6:,.1f} MB" if "bytes" in file else about
    mirrors = len(file.get("urls", [])) - 1
    return f"{redacted(_address(file))} ({size}{f', {mirrors} mirror(s)' if mirrors > 0 else ''})"


def _address(file: Mapping[str, Any]) -> str:
    return file["urls"][0] if "urls" in file else f"pip:{file['package']}=={file['version']}"


def _raw(owner: str, file: Mapping[str, Any]) -> str:
    return f"{RAW}/{owner}/{file_name(file)}" if "urls" in file else f"{RAW}/{file_name(file)}"
