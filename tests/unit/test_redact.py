"""Secrets of addresses stay out of logs and tables."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scbench.data.sources import describe
from scbench.redact import redacted
from scbench.script import guarded


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://host/a.gz?acc=GSE1&format=file", "https://host/a.gz?acc=GSE1&format=file"),
        ("ftp://me:pw@host/a", "ftp://***@host/a"),
        ("https://me:p@ss@host/a", "https://***@host/a"),
        ("https://host/a@b", "https://host/a@b"),
        ("https://h/a?X-Amz-Signature=1f&x=2&AccessKeyId=3", "https://h/a?X-Amz-Signature=***&x=2&AccessKeyId=***"),
        ("(host='h'): /a?token=1 (Caused by", "(host='h'): /a?token=*** (Caused by"),
    ],
)
def test_by_hand(text, expected):
    assert redacted(text) == expected


@given(st.text(st.characters(exclude_characters="/?#", exclude_categories=("Z", "C")), min_size=1))
def test_no_password_stays(password):
    assert redacted(f"https://me:{password}@host/a") == "https://***@host/a"


@given(
    st.recursive(
        st.integers() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_twice_is_once_and_the_shape_stays(value):
    once = redacted(value)
    assert redacted(once) == once
    assert type(once) is type(value)


def test_a_description_of_a_download_has_none():
    assert describe({"urls": ["https://me:pw@host/a?token=1"]}) == "https://***@host/a?token=*** (size unknown)"


@pytest.mark.parametrize("error", [ValueError, KeyError])
def test_a_log_has_none_even_of_what_went_wrong(tmp_path, error, capsys):
    log = tmp_path / "a.log"
    with pytest.raises(SystemExit), guarded(str(log)):
        _fail(error)
    written = log.read_text() + capsys.readouterr().err
    assert "pw" not in written.replace(str(tmp_path), "")
    assert written.count("***") >= 3


def _fail(error):
    logging.getLogger("scbench").info("from %s", "https://me:pw@host")
    raise error("https://host/a?token=pw1")
