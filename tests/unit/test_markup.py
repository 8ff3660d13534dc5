"""What a user writes is text in the report, not markup."""

from types import SimpleNamespace

import jinja2
import pytest
from docutils.core import publish_parts


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "x\n\n.. raw:: html\n\n   <script>alert(1)</script>\n",
        "x\n\n.. include:: /etc/hostname\n",
        "`x <javascript:alert(1)>`_ and ``y",
        "`` `x <javascript:alert(1)>`_",
    ],
)
def test_an_expected_failure_is_described_as_it_is_written(root, evil):
    row = {"track": "svg", "method": evil, "dataset": evil, "status": "failed", "reason": evil}
    config = {"seed": 1, "tracks": {"svg": {"methods": [], "datasets": [], "replicates": 1}}, "expected": [row]}
    template = jinja2.Environment().from_string((root / "workflow/report/workflow.rst").read_text())  # noqa: S701 (no HTML)
    text = template.render(snakemake=SimpleNamespace(config=config))
    body = publish_parts(text, writer="html", settings_overrides={"report_level": 5})["html_body"]
    assert not [part for part in ("<script", 'href="javascript', "system-message") if part in body]
    assert body.count("alert(1)") == 3 * evil.count("alert(1)")
