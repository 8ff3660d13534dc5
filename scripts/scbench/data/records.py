"""Files of Zenodo and figshare records: where they are, how long they are and their checksums, as the record says."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pooch
import requests
from pooch.downloaders import DataRepository, FigshareRepository, ZenodoRepository

from scbench.data.hosts import HEADERS, TIMEOUT, alone_at, opened, patiently


def look_up(url: str, locks: Path) -> tuple[str, dict[str, int | str]]:
    """Ask a repository about one file of a record.

    Parameters
    ----------
    url
        ``doi:DOI/FILE`` with the DOI of a Zenodo or figshare record.
    locks
        Folder of locks, see `scbench.data.hosts.alone_at`.

    Returns
    -------
    url : str
        Where the file is.
    known : dict
        Its ``bytes`` and its checksums by algorithm, say ``md5``, as far as the record has them.

    Raises
    ------
    requests.RequestException
        If doi.org or the repository does not answer, after some patience.
    ValueError
        If the DOI leads elsewhere, the record lacks the file, or the answer makes no sense.
    """
    with _sense("the address"):
        parts = pooch.utils.parse_url(url)
    doi, file = parts["netloc"], parts["path"].removeprefix("/")
    page = patiently(lambda: _page(doi, locks))
    repository = _repository(doi, page)
    files = patiently(lambda: _files(repository, page, locks))
    registry = pooch.Pooch(path="", base_url="")
    with _sense(f"the record at {page}"):
        address = repository.download_url(file)
        repository.populate_registry(registry)
        algorithm, _, digest = registry.registry[file].lower().partition(":")
        # Zenodo has had two names for the name of a file, figshare has a third.
        entry = next(entry for entry in files if file in {entry.get(key) for key in ("key", "filename", "name")})
        size = entry.get("size", entry.get("filesize"))
    return address, {algorithm: digest} | ({"bytes": size} if isinstance(size, int) else {})


def _page(doi: str, locks: Path) -> str:
    """Address of the page that a DOI leads to. Whether that host shows the page to a program does not matter."""
    with opened(f"https://doi.org/{doi}", locks) as response:
        if urlsplit(response.url).hostname == "doi.org":
            response.raise_for_status()
        return response.url


def _repository(doi: str, page: str) -> DataRepository:
    # The answers to pooch's own requests are checked here, since it reads them whatever their status.
    request = {
        "headers": HEADERS,
        "timeout": TIMEOUT,
        "hooks": {"response": lambda answer, **_: answer.raise_for_status()},
    }
    for kind in (ZenodoRepository, FigshareRepository):
        if (repository := kind.initialize(doi, page, **request)) is not None:
            return repository
    raise ValueError(f"it leads to {page}. Allowed: records of zenodo.org and figshare.com")


def _files(repository: DataRepository, page: str, locks: Path) -> list[dict[str, Any]]:
    with alone_at(page, locks), _sense(f"the record at {page}"):
        answer = repository.api_response  # here the request is made
        return answer["files"] if isinstance(answer, dict) else answer


@contextmanager
def _sense(what: str) -> Iterator[None]:
    try:
        yield
    except (LookupError, TypeError, AttributeError, requests.JSONDecodeError) as error:
        raise ValueError(f"{what} makes no sense: {error!r}") from error
