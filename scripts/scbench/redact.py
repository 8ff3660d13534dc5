"""Secrets in the addresses of data, which must not get into logs, tables or Snakemake's records."""

import re
from typing import TypeVar

T = TypeVar("T")

_HIDDEN = "***"
_USER = re.compile(r"(?<=://)[^/?#\s]*@")
# Values of a query whose names speak of a secret: token, api_key, X-Amz-Signature and the like.
_QUERY = re.compile(r"([?&][^=&#\s]*(?:token|key|secret|pass|pwd|sig|auth|cred)[^=&#\s]*=)[^&#\s\"')]+", re.I)


def redacted(value: T) -> T:
    """Hide passwords and tokens of URLs in a text, or in all texts of a structure from YAML.

    Examples
    --------
    >>> redacted("https://me:secret@host/a.h5ad?acc=GSE1&api_key=42")
    'https://***@host/a.h5ad?acc=GSE1&api_key=***'
    >>> redacted({"urls": ["https://host/a?token=1#b"], "bytes": 3})
    {'urls': ['https://host/a?token=***#b'], 'bytes': 3}
    """
    match value:
        case str():
            return _QUERY.sub(rf"\1{_HIDDEN}", _USER.sub(f"{_HIDDEN}@", value))
        case list():
            return [redacted(child) for child in value]
        case dict():
            return {key: redacted(child) for key, child in value.items()}
    return value
