"""The page of tables, as text and as a browser shows it."""

import re
import subprocess
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from browser import CHROMIUM, FLAGS

from scbench.report.tables import page, unexpected

EVIL = "</script><img src=x onerror=alert(1)><!--"
SORT = "document.querySelectorAll('th button')[{}].click();"


def status(**changes):
    row = {
        "track": "svg",
        "dataset": "toy",
        "method": "m",
        "replicate": 0,
        "status": "ok",
        "reason": None,
        "expected": False,
    }
    return pd.DataFrame([row | changes])


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def rendered(text, tmp_path, action=""):
    """Body cells of each row of the first table after `action`, as Chromium shows them."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on PATH")
    file = tmp_path / "page.html"
    file.write_text(text.replace("</body>", f"<script>{action}</script></body>"))
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=3000", "--dump-dom"]
    done = subprocess.run([*command, file.as_uri()], capture_output=True, text=True, timeout=90, check=True)
    return done.stdout


def column(dom, place):
    rows = re.findall(r"<tr>(<td.*?)</tr>", dom, flags=re.DOTALL)
    return [re.findall(r"<td[^>]*>(.*?)</td>", row, flags=re.DOTALL)[place] for row in rows]


def test_foreign_names_stay_text():
    table = pd.DataFrame({EVIL: [1.0], "name": [EVIL], "status": [EVIL], "expected": [False], "reason": [EVIL]})
    text = page({EVIL: table}, EVIL, note=EVIL)
    tags = Tags(text).found
    assert "img" not in {tag for tag, _ in tags}
    assert len([tag for tag, _ in tags if tag == "script"]) == text.count("</script>") == 2
    assert "<!--" not in text


def test_page_loads_nothing():
    tags = Tags(page({"scores": status()}, "Tables")).found
    assert not [attrs for _, attrs in tags if "src" in attrs or not attrs.get("href", "#").startswith("#")]


@pytest.mark.parametrize(
    ("changes", "banner"),
    [
        ({}, False),
        ({"status": "skipped"}, False),
        ({"status": "timeout"}, True),
        ({"status": "timeout", "expected": True}, False),
        ({"status": "oom", "expected": None}, True),
    ],
)
def test_banner_only_for_unexpected_bad_runs(changes, banner):
    assert ('class="banner"' in page({"status": status(**changes)}, "Tables")) is banner


def test_banner_names_the_runs_and_stops_at_ten():
    table = pd.concat([status(method=f"m{place}", status="failed", reason="no <luck>") for place in range(12)])
    text = page({"status": table}, "Tables")
    assert "12 runs ended badly" in text
    assert "m9, replicate 0:\nfailed (no &lt;luck&gt;)" in text
    assert "And 2 more" in text


def test_tables_without_expectations_raise_no_alarm():
    assert unexpected(status(status="failed").drop(columns="expected")).empty


def test_browser_shows_four_digits_and_sorts_by_the_full_value(tmp_path):
    values = [10.0, 9.000012, 9.000011, np.nan, np.inf, -1e-12]
    text = page({"t": pd.DataFrame({"v": values[:4] + values[5:], "name": ["a", "b", "c", "d", EVIL]})}, "T")
    assert column(rendered(text, tmp_path), 0) == ["10", "9", "9", "", "-1e-12"]
    up = rendered(text, tmp_path, SORT.format(0))
    assert column(up, 1)[1:] == ["c", "b", "a", "d"]
    assert column(up, 1)[0].startswith("&lt;/script&gt;&lt;img")
    assert 'aria-sort="ascending"' in up
    down = rendered(text, tmp_path, SORT.format(0) * 2)
    assert column(down, 0) == ["10", "9", "9", "-1e-12", ""]


def test_browser_draws_long_tables_bit_by_bit_and_filters_all_rows(tmp_path):
    table = pd.DataFrame({"n": range(20_000), "name": [f"row{place}" for place in range(20_000)]})
    text = page({"t": table}, "T")
    action = "document.querySelector('.more').click();"
    assert len(column(rendered(text, tmp_path, action), 0)) == 400
    action = (
        "const box = document.querySelector('input'); box.value = 'ROW1999'; box.dispatchEvent(new Event('input'));"
    )
    dom = rendered(text, tmp_path, action)
    assert column(dom, 1) == ["row1999", *(f"row1999{digit}" for digit in range(10))]
    assert "11 of 11 rows shown (20000 without the filter)" in dom


def test_empty_and_infinite(tmp_path):
    text = page({"none": status().iloc[:0], "inf": pd.DataFrame({"v": [np.inf, 1.5]})}, "T")
    assert '[["inf"],[1.5]]' in text
