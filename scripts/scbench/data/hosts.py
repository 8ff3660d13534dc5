"""Manners towards the hosts of data: a name, one connection at a time, and longer and longer pauses before repeats."""

import logging
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import InvalidHeader, MaxRetryError, NameResolutionError
from urllib3.util.retry import RequestHistory, Retry

from scbench import __version__
from scbench.data.lock import exclusive

LOGGER = logging.getLogger(__name__)
HEADERS = {
    "User-Agent": f"scbench/{__version__}",
    # Bytes as they are stored: a body compressed on the way could not be continued, nor its length be checked.
    "Accept-Encoding": "identity",
    "Connection": "close",  # none idles while that to the next host, which a redirect leads to, is open
}
TIMEOUT = 30  # seconds without a byte
REDIRECTS = 10
REPEATS = 5
BACK_OFF = 0.5  # seconds; the pauses are 2, 4, 8, ... times that
LONGEST = 300  # seconds of a pause that a host asks for
WORTHWHILE = 2**24  # bytes, after which repeats are counted anew

T = TypeVar("T")


def alone_at(url: str, locks: Path) -> AbstractContextManager[None]:
    """Keep all other processes that use the folder `locks` from the host of a URL."""
    parts = urlsplit(url)
    return exclusive(locks / (parts.hostname or parts.scheme))


@contextmanager
def opened(url: str, locks: Path, headers: dict[str, str] | None = None) -> Iterator[requests.Response]:
    """Send a GET request and yield the response, whatever its status, with the body still to be read.

    Redirects are followed one by one, so that the host of each is contacted by one process at a time.
    """
    with requests.Session() as session:
        session.headers.update(HEADERS | (headers or {}))
        for _ in range(REDIRECTS + 1):
            with (
                alone_at(url, locks),
                session.get(url, stream=True, allow_redirects=False, timeout=TIMEOUT) as response,
            ):
                target = session.get_redirect_target(response)
                if target is None:
                    yield response
                    return
            url = urljoin(url, target)
    raise requests.TooManyRedirects(f"more than {REDIRECTS} redirects")


def patiently(attempt: Callable[[], T], progress: Callable[[], int] = lambda: 0) -> T:
    """Call `attempt` until it succeeds, up to `REPEATS` times more, if it fails for a reason that may pass.

    Parameters
    ----------
    attempt
        Something that asks a host. It must not hold on to the host when it ends, since others may ask meanwhile.
    progress
        Number of bytes so far. After each `WORTHWHILE` of them all failures are forgiven.

    Raises
    ------
    requests.RequestException
        The last one, or the first that will not pass, such as ``404``.
    """
    retry, reached = _policy(), progress()
    while True:
        try:
            return attempt()
        except requests.RequestException as error:
            if not _may_pass(error):
                raise
            if progress() >= reached + WORTHWHILE:
                retry, reached = _policy(), progress()
            try:
                retry = retry.increment(error=error)
            except MaxRetryError:
                raise error from None
            LOGGER.info("trying again after: %s", reason(error))
            _pause(retry, error.response)


def reason(error: Exception) -> str:
    """Say in one line what went wrong."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"HTTP {response.status_code} {response.reason}"
    inner = next(iter(getattr(_cause(error), "args", ())), None)
    if isinstance(inner, ssl.SSLCertVerificationError):
        trust = "the variable REQUESTS_CA_BUNDLE names a file of certificates to trust instead"
        return f"its certificate is not trusted: {inner.verify_message.rstrip('.')}; {trust}"
    return " ".join(str(error).split()) or type(error).__name__


def _policy() -> Retry:
    # urllib3 repeats at once after a first failure; counted as a second one, even that waits.
    first = RequestHistory("GET", None, None, None, None)
    return Retry(REPEATS, backoff_factor=BACK_OFF, backoff_jitter=BACK_OFF, history=(first,))


def _may_pass(error: requests.RequestException) -> bool:
    if error.response is not None:
        return error.response.status_code == requests.codes.too_many_requests or error.response.status_code >= 500
    if isinstance(error, requests.exceptions.SSLError | requests.exceptions.ProxyError):
        return False
    # A name without an address mostly means a machine without network, where every repeat would be in vain.
    passing = isinstance(error, requests.ConnectionError | requests.Timeout)
    return passing and not isinstance(_cause(error), NameResolutionError)


def _cause(error: Exception) -> Exception | None:
    """What made urllib3 give up, if it was that which failed."""
    return getattr(error.args[0] if error.args else None, "reason", None)


def _pause(retry: Retry, response: requests.Response | None) -> None:
    asked = None
    if response is not None:
        try:
            asked = retry.get_retry_after(response.raw)
        except (InvalidHeader, ValueError, OverflowError) as error:
            LOGGER.info("Retry-After is not a time: %s", error)
    if asked:
        time.sleep(min(asked, LONGEST))
    else:
        retry.sleep()
