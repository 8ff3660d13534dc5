"""The page of claims as text: what it says, that it is safe, and what assistive software finds in it."""

import re
from html.parser import HTMLParser

import pytest
import toy_claims as toy

from scbench.claims import ledger, page, records, verdicts
from scbench.claims.looks import VERDICTS
from scbench.claims.page import _relative
from scbench.errors import UserError

EVIL = "</script></style><script>alert(1)</script><img src=x onerror=alert(1)>\"'><!--"
TEXT = (
    "claim_id",
    "paper",
    "locator",
    "track",
    "dataset",
    "scenario",
    "method",
    "metric",
    "unit",
    "comparators",
    "note",
)
FOUND = ("protocol", "quantity", "rule", "reason", "evidence", "figure", "command", "agrees_rounded", "extracted_from")


class Elements(HTMLParser):
    """All elements with their attributes, the elements they lie in, and their text."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, "within": [outer["tag"] for outer in self.open], "text": ""} | dict(attrs)
        self.found.append(element)
        if tag not in ("meta", "input", "img"):
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open.pop()["tag"] == tag, f"{tag} is closed where it is not open"

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def named(self, *tags):
        return [element for element in self.found if element["tag"] in tags]


def build(*changes, audit=(), **kwargs):
    return page.page(toy.table(*changes), toy.audit(*audit), **kwargs)


def words(text):
    return " ".join(Elements(text).named("body")[0]["text"].split())


def test_foreign_text_stays_text():
    changes = dict.fromkeys((*TEXT, *FOUND), EVIL) | {"others": '{"</script><b>": 1}'}
    rules = {EVIL: EVIL, "rules": {EVIL: {"why": EVIL, "tolerance": {EVIL: 1}}}}
    text = build(changes, audit=[dict.fromkeys(toy.CHECK, EVIL)], rules=rules)
    found = Elements(text)
    assert not found.named("img")
    assert len(found.named("script")) == text.count("</script>") == len(Elements(build({})).named("script"))
    assert {name for element in found.found for name in element if name.startswith("on")} == set()
    assert words(text).count(EVIL) > 20


def test_links_stay_below_the_working_folder_and_load_nothing():
    found = Elements(build({"evidence": "javascript:alert(1);//host/x;config/a b.yaml", "figure": ""}))
    addresses = [element["href"] for element in found.named("a")]
    assert "../config/a%20b.yaml" in addresses
    assert not [address for address in addresses if not address.startswith(("#", "../", "svg/"))]
    assert not [element for element in found.found if "src" in element or element["tag"] == "link"]


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("results/figures/a.png", "figures/a.png"),
        ("config/x.yaml", "../config/x.yaml"),
        ("javascript:alert(1)", "../javascript%3Aalert%281%29"),
    ],
)
def test_addresses_are_relative_to_the_page(path, address):
    assert _relative(path, "results") == address


def test_a_row_says_what_was_published_and_what_was_found():
    text = words(
        build({}, {"kind": "bound", "relation": "<=", "sd": "", "ours_low": "", "ours_high": "", "n_replicates": "1"})
    )
    assert "0.90 ± 0.02 0.905" in text
    assert "0.88 to 0.93, 5 replicates ✓ reproduced printed-number" in text.replace("\xa0", " ")
    assert "≤ 0.90 ± " not in text
    assert "≤ 0.90 0.905 1 run" in text.replace("\xa0", " ")
    for said in (
        "The interval holds the published value.",
        "a note",
        "mean of ten",
        "peer 0.70",
        "snakemake --cores 2 svg",
    ):
        assert said in text


def test_sizes_and_constants_are_counted_apart_from_results():
    text = words(
        build({}, {"verdict": "contradicted"}, {"metric": "param_x"}, {"kind": "size"}, {"experiment": "a-protocol"})
    )
    assert "2 are about results, 2 tested so far: 1 hold, 1 do not." in text
    assert "3 are about sizes and constants, 3 tested so far, all of them hold." in text


def test_untested_claims_are_no_result():
    text = words(build({"verdict": "not_tested"}, {"verdict": "analogue"}, {"verdict": "not_public"}))
    assert "3 are about results, none tested yet." in text


def test_every_verdict_is_counted_with_its_word():
    text = words(build(*({"verdict": name} for name in VERDICTS)))
    for verdict in VERDICTS.values():
        assert f"{verdict.sign}1 {verdict.label}" in text
        assert verdict.meaning in text


def test_every_verdict_of_the_judge_has_a_look():
    assert tuple(VERDICTS) == verdicts.VERDICTS


def test_verdicts_look_different_without_colour():
    assert len({verdict.sign for verdict in VERDICTS.values()}) == len(VERDICTS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"verdict": "maybe"}, r"toy-0: unknown verdict 'maybe'. .*Allowed: analogue"),
        ({"ours": "much"}, r"toy-0: 'ours' must be a finite number or empty. Got 'much' instead."),
        ({"ours_low": "-inf"}, r"toy-0: 'ours_low' must be a finite number"),
        ({"value": ".9x"}, r"toy-0: 'value' must be a finite number"),
        ({"others": "[1]"}, r"toy-0: 'others' must be a JSON object of numbers. Got '\[1\]' instead."),
        ({"ours_settings": '{"a": "1"}'}, r"toy-0: 'ours_settings' must be a JSON object of numbers"),
        ({"others": "{"}, r"toy-0: 'others' must be a JSON object"),
    ],
)
def test_what_is_wrong_with_a_row_is_named(changes, message):
    with pytest.raises(UserError, match=message):
        records.claims(toy.table(changes))


def test_columns_and_repeated_claims_are_checked():
    with pytest.raises(UserError, match=r"The table of verdicts has no column 'rule'"):
        records.claims(toy.table({}).drop(columns="rule"))
    with pytest.raises(UserError, match=r"each claim once. 'x' is there more often"):
        records.claims(toy.table({"claim_id": "x"}, {"claim_id": "x"}))
    with pytest.raises(UserError, match=r"The table of the audit has no column 'detail'"):
        records.checks(toy.audit().drop(columns="detail"))


def test_elements_are_named_for_those_who_cannot_see():
    found = Elements(build({}, {"verdict": "not_tested", "ours": ""}, rules=toy.RULES))
    assert found.open == []
    assert all(element.get("scope") in ("col", "row") for element in found.named("th"))
    assert all("label" in element["within"] for element in found.named("input", "select"))
    assert all(element["text"].strip() and element.get("type") == "button" for element in found.named("button"))
    assert len(found.named("caption")) == len(found.named("table"))
    assert len([element for element in found.found if element.get("aria-live") == "polite"]) == 2
    ids = [element["id"] for element in found.found if "id" in element]
    assert len(set(ids)) == len(ids)
    for element in found.found:
        if "aria-controls" in element:
            assert element["aria-expanded"] == "false"
            assert element["aria-controls"] in ids
    # Tables are laid out as grids, so roles must be said.
    roles = {"table": "table", "thead": "rowgroup", "tbody": "rowgroup", "tr": "row", "td": "cell"}
    said = [element for element in found.found if "role" in element and element["tag"] in roles]
    assert len(said) > 20
    assert all(element["role"] == roles[element["tag"]] for element in said)
    outer = [element for element in found.named("tr", "td", "th") if "dl" not in element["within"]]
    assert all("role" in element for element in outer if element["within"].count("table") == 1)
    signs = [element for element in found.found if element.get("class") in ("sign", "bar", "mark")]
    assert all(element["aria-hidden"] == "true" for element in signs)


def test_the_whole_ledger_stays_small():
    table = toy.made_up(ledger.load())
    text = page.page(table, toy.audit(), rules=toy.RULES)
    assert re.findall(r'<tbody role="rowgroup" id="([^"]+)"', text) == list(table["claim_id"])
    assert len(text.encode()) < 3e6


def test_the_shape_of_nothing_is_told_too():
    assert "0 claims" in words(page.page(toy.table(), toy.audit().iloc[:0]))
