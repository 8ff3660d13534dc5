"""The claims page: every published claim beside what was measured of it, as one self-contained HTML file."""

import posixpath
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any
from urllib.parse import quote

import pandas as pd
from jinja2 import Environment
from markupsafe import Markup

from scbench.claims import records, wording
from scbench.claims.looks import FAILS, HOLDS, JUDGED, VERDICTS

_FACETS = {
    "paper": "Paper",
    "source": "Figure",
    "track": "Track",
    "dataset": "Data set",
    "method": "Method",
    "about": "About",
    "kind": "Kind",
}
_SUMS = {"judged": JUDGED, "holds": HOLDS, "fails": FAILS}


def page(
    verdicts: pd.DataFrame, audit: pd.DataFrame, rules: Mapping[str, Any] | None = None, *, folder: str = "results"
) -> str:
    """Build the page.

    Parameters
    ----------
    verdicts
        A row for each claim, in the order in which they are shown first.
    audit
        A row for each check of a paper against itself.
    rules
        Content of ``config/claims/rules.yaml``: ``rules`` has for each rule a ``why`` and what it allows; whatever else
        there is holds for all.
    folder
        Folder of the page; paths in `verdicts` are relative to the folder that this one is relative to.

    Returns
    -------
    str
        HTML that loads nothing from elsewhere. Text from the tables is never read as markup.

    Raises
    ------
    UserError
        See `scbench.claims.records`.
    """
    claims, checks = records.claims(verdicts), records.checks(audit)
    general = dict(rules or {})  # what holds for all rules, and then each rule
    special = general.pop("rules", {})
    rows = [_row(claim, special.get(claim["rule"], {}).get("why", ""), folder) for claim in claims]
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_file("page.html.j2")).render(
        css=Markup(_file("page.css")),  # noqa: S704
        js=Markup(_file("page.js")),  # noqa: S704
        verdicts=VERDICTS,
        total=len(claims),
        found=[name for name in VERDICTS if name in {claim["verdict"] for claim in claims}],
        groups=_groups(claims),
        papers=[_paper(name, claims) for name in _distinct(claims, "paper")],
        facets=[(name, label, _options(rows, name)) for name, label in _FACETS.items()],
        rows=rows,
        rules=[
            (name, entry["why"], _flat({key: entry[key] for key in entry if key != "why"}))
            for name, entry in special.items()
        ],
        general=[(_words(name), _flat(value)) for name, value in general.items()],
        checks=[check | {"label": wording.paper(check["paper"]), "said": _words(check["result"])} for check in checks],
        check_facets=[
            ("paper", "Paper", [(name, wording.paper(name)) for name in _distinct(checks, "paper")]),
            ("result", "Result", [(name, _words(name)) for name in _distinct(checks, "result")]),
        ],
    )


def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _words(name: str) -> str:
    return name.replace("_", " ")


def _distinct(rows: Sequence[Mapping[str, Any]], column: str) -> list[str]:
    return list(dict.fromkeys(row[column] for row in rows))


def _groups(claims: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Number of claims of each verdict, of results apart from design."""
    groups = []
    for about, label in wording.ABOUT.items():
        found = Counter(claim["verdict"] for claim in claims if claim["about"] == about)
        sums = {name: sum(found[verdict] for verdict in group) for name, group in _SUMS.items()}
        counts = [(name, found[name]) for name in VERDICTS if found[name]]
        groups.append({"id": about, "label": label, "total": found.total(), "counts": counts} | sums)
    return [group for group in groups if group["total"]]


def _paper(name: str, claims: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    mine = [claim for claim in claims if claim["paper"] == name]
    tracks = ", ".join(wording.TRACKS.get(track, track) for track in _distinct(mine, "track"))
    return {"id": name, "label": wording.paper(name), "tracks": tracks, "total": len(mine), "groups": _groups(mine)}


def _options(rows: Sequence[Mapping[str, Any]], facet: str) -> list[tuple[str, str]]:
    """Values of a facet with their words; figures in the order of the paper, data sets and methods by name."""
    options = {row["facets"][facet]: row["words"][facet] for row in rows if row["facets"][facet]}
    return (
        sorted(options.items(), key=lambda option: option[1].lower())
        if facet in ("dataset", "method")
        else list(options.items())
    )


def _row(claim: dict[str, Any], why: str, folder: str) -> dict[str, Any]:
    """What the template shows of one claim."""
    paper = wording.paper(claim["paper"])
    words = {name: claim[name] for name in ("dataset", "method", "kind")}
    words |= {
        "paper": paper,
        "about": wording.ABOUT[claim["about"]],
        "source": f"{paper}: {claim['locator']}",
        "track": wording.TRACKS.get(claim["track"], claim["track"]),
    }
    return claim | {
        "claim": wording.metric(claim["metric"]),
        "words": words,
        "facets": {name: claim[name] for name in _FACETS if name != "source"} | {"source": words["source"]},
        "order": list(VERDICTS).index(claim["verdict"]),
        "judged": claim["verdict"] in JUDGED,
        "printed": wording.published(claim),
        "measured": wording.ours(claim),
        "mark": _mark(claim),
        "spread": ", ".join(filter(None, [wording.interval(claim), wording.replicates(claim)])),
        "facts": [(name, text) for name, text in (_facts(claim) | {"Why this rule": why}).items() if text],
        "links": [(path, _relative(path, folder)) for path in _files(claim)],
        "settings": _means(claim, "ours_settings"),
        "comparators": _means(claim, "others"),
    }


def _facts(claim: dict[str, Any]) -> dict[str, str]:
    """Everything else that is known of a claim; what is empty is left out by the caller."""
    needed = claim["needed_replicates"]
    return {
        "What was measured": claim["quantity"],
        "Same after rounding": claim["agrees_rounded"],
        "Our interval covers it": claim["covers"],
        "Replicates it would take": f"about {needed:.0f}" if needed is not None else "",
        "Note": claim["note"],
        "Protocol of the paper": claim["protocol"],
        "Found in": _words(claim["extracted_from"]),
        "Experiment": claim["experiment"],
        "Data": wording.data(claim["testable_here"]),
    }


def _files(claim: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(filter(None, [claim["figure"], *claim["evidence"].split(";")])))


def _flat(value: Any) -> str:
    """Write a part of the rules on one line.

    Examples
    --------
    >>> _flat({"relations": ["<", ""], "constants": True, "tolerance": {"share": 1, "time": [1, None]}})
    'relations <, (none); constants yes; tolerance (share 1; time 1, none)'
    """
    if isinstance(value, Mapping):
        return "; ".join(
            f"{key} ({_flat(part)})" if isinstance(part, Mapping) else f"{key} {_flat(part)}"
            for key, part in value.items()
        )
    if isinstance(value, list):
        return ", ".join(map(_flat, value))
    return "yes" if value is True else {None: "none", "": "(none)"}.get(value, str(value))


def _relative(path: str, folder: str) -> str:
    """Address of a file from the page; whatever the path holds, it stays a path."""
    return quote(posixpath.relpath(path, folder))


def _means(claim: dict[str, Any], column: str) -> list[tuple[str, str]]:
    unit = wording.mean_unit(claim)
    return [
        (name, "no value" if value is None else wording.digits(claim, value) + unit)
        for name, value in claim[column].items()
    ]


def _mark(claim: dict[str, Any]) -> str:
    """Where our value and its interval lie on a scale from half of the published value to half more, as CSS."""
    ends = [claim["ours"] if claim[name] is None else claim[name] for name in ("ours_low", "ours", "ours_high")]
    if not claim["published"] or None in ends or set(ends) == {claim["published"]}:
        return ""
    places = [min(max(100 * (value / claim["published"] - 0.5), 0), 100) for value in ends]
    low, at, high = sorted(places)
    return f"--low: {low:.1f}%; --at: {at:.1f}%; --high: {high:.1f}%"
