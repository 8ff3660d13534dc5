"""The ledger of claims: the shipped one, and what is said of a broken one."""

from collections import Counter
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scbench.claims import ledger, units
from scbench.errors import UserError

CLAIMS = ledger.load()
RAW = {claim.claim_id: claim.raw for claim in CLAIMS}
ROW = RAW["scrobust-cross-weighted-f1-scrobust"]
ORDERING = RAW["smash-xgb-top2"]
EXPONENT = RAW["scgco-deseq2-distance-ks-hamming"]


def write(folder, *rows, name="scrobust.tsv", header=tuple(ledger.COLUMNS)):
    lines = ["\t".join(header), *("\t".join(row.values()) for row in rows)]
    (folder / name).write_text("\n".join(lines) + "\n")
    return folder


def test_the_shipped_ledger_is_whole():
    kinds = Counter((claim.paper, claim.kind) for claim in CLAIMS)
    assert len(CLAIMS) == len(RAW) == 645
    assert [kinds["smash", kind] for kind in ledger.RELATIONS] == [21, 39, 7, 41, 6]
    assert [kinds["scgco", kind] for kind in ledger.RELATIONS] == [118, 37, 31, 64, 42]
    assert [kinds["scrobust", kind] for kind in ledger.RELATIONS] == [89, 16, 9, 88, 37]


def test_types():
    claim = ledger.parse(ROW, "scrobust", "here")
    assert (claim.value, claim.sd, claim.printed_decimals, claim.n, claim.comparators) == (0.968, 0.016, 3, None, ())
    claim = ledger.parse(RAW["scrobust-dropout50-similar-second-segerstolpe"], "scrobust", "here")
    assert claim.comparators == (("second-best-peer", "dropout-0"),)
    assert claim.comparator_ids == ("second-best-peer@dropout-0",)
    claim = ledger.parse(ORDERING, "smash", "here")
    assert (claim.value, claim.n, claim.comparators[0]) == (5, 6, ("scgenefit", None))
    claim = ledger.parse(EXPONENT, "scgco", "here")
    assert claim.log10
    assert claim.value == 6.39e-48


def test_another_paper_is_another_file(tmp_path):
    row = ROW | {"claim_id": "newpaper-one", "paper": "newpaper", "metric": "n_neurons", "unit": "neurons"}
    write(tmp_path, row, name="newpaper.tsv")
    (tmp_path / "crlf.tsv").write_bytes(
        "\t".join(ledger.COLUMNS).encode()
        + b"\r\n"
        + "\t".join((row | {"claim_id": "crlf-one", "paper": "crlf"}).values()).encode()
        + b"\r\n"
    )
    assert [claim.claim_id for claim in ledger.load(tmp_path)] == ["crlf-one", "newpaper-one"]


@pytest.mark.parametrize(
    ("row", "change", "said"),
    [
        (ROW, {"claim_id": "Scrobust"}, "'claim_id' must match"),
        (ROW, {"claim_id": "smash-one"}, "'claim_id' must begin with 'scrobust-'. Got 'smash-one'"),
        (ROW, {"paper": "smash"}, "'paper' must be the name of the file, 'scrobust'. Got 'smash'"),
        (ROW, {"kind": "valu"}, "'kind' must be one of the allowed values. Got 'valu' instead. Did you mean 'value'?"),
        (ROW, {"track": "marker"}, "Did you mean 'markers'?"),
        (ROW, {"testable_here": "embeded"}, "Did you mean 'embedded'?"),
        (ROW, {"relation": "<"}, "'relation' does not go with the kind 'value'. Got '<' instead."),
        (ORDERING, {"relation": "best"}, "Did you mean 'best_of'?"),
        (ROW, {"value": "0,968"}, "'value' must match"),
        (ROW, {"value": ""}, "'value' must not be empty for the kind 'value'"),
        (ROW, {"value": "0.97"}, "'printed_decimals' must be 2, as in '0.97'. Got '3' instead."),
        (EXPONENT, {"printed_decimals": "50"}, "'printed_decimals' must be 2, as in '6.39e-48'"),
        (EXPONENT, {"value": "6.39e-480"}, "'value' with an exponent must be a positive number"),
        (ROW, {"unit": "percents"}, "'percents' does not go with the metric 'weighted_f1'. Did you mean 'percent'?"),
        (ROW, {"metric": "wall_time_s"}, "the unit 'fraction' does not go with the metric 'wall_time_s'"),
        (ROW, {"note": "a\x0bb"}, "'note' must not have control characters. Got 'a\\x0bb' instead."),
        (ORDERING, {"value": "7"}, "'value' of an ordering must be a number of settings, at most 'n'. Got '7' of '6'"),
        (ORDERING, {"n": ""}, "at most 'n'. Got '5' of ''"),
        (ORDERING, {"printed_decimals": "0"}, "'printed_decimals' must be empty for the kind 'ordering'"),
        (ORDERING, {"comparators": ""}, "'comparators' must not be empty for an ordering"),
        (ORDERING, {"comparators": "rankcorr;;smash-dnn"}, "'comparators' must match"),
        (ORDERING, {"comparators": "rankcorr;smash-xgb"}, "'comparators' names 'smash-xgb' twice, or the claim's own"),
        (RAW["scgco-seqfish-vary-spark"], {"value": "3"}, "'value' must be empty for the kind 'shape'"),
    ],
)  # fmt: skip
def test_a_fault_is_named(tmp_path, row, change, said):
    paper = row["paper"]
    write(tmp_path, row | change, name=f"{paper}.tsv")
    with pytest.raises(UserError) as error:
        ledger.load(tmp_path)
    assert said in str(error.value)
    assert str(error.value).startswith(f"{paper}.tsv, line 2: ")


def test_all_faults_are_named_at_once(tmp_path):
    write(tmp_path, ROW | {"kind": "x"}, ROW, ROW | {"n": "-1"})
    with pytest.raises(UserError) as error:
        ledger.load(tmp_path)
    lines = str(error.value).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "scrobust.tsv, line 2",
        *["scrobust.tsv, line 3"],
        *["scrobust.tsv, line 4"] * 2,
    ]
    assert "is also in scrobust.tsv, line 2" in lines[1]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (["claim", *ledger.COLUMNS[1:]], "the column 'claim' is unknown or given twice. Did you mean 'claim_id'?"),
        ([*ledger.COLUMNS, "note"], "the column 'note' is unknown or given twice"),
        (ledger.COLUMNS[:-1], "line 1: the column 'note' is missing"),
    ],
)  # fmt: skip
def test_a_wrong_header_is_named(tmp_path, header, said):
    with pytest.raises(UserError, match=said):
        ledger.load(write(tmp_path, header=header))


def test_fields_must_be_as_many_as_columns(tmp_path):
    write(tmp_path, dict(list(ROW.items())[:-1]))
    with pytest.raises(UserError, match=r"line 2: must have 21 fields. Got 20 instead"):
        ledger.load(tmp_path)


def test_an_empty_folder_is_no_ledger(tmp_path):
    with pytest.raises(UserError, match="has no claims"):
        ledger.load(tmp_path)


@settings(deadline=None)
@given(row=st.sampled_from(CLAIMS).map(lambda claim: claim.raw), data=st.data())
def test_any_field_may_be_junk(row, data):
    """A junk field is refused by name or kept as it is; nothing else happens."""
    column = data.draw(st.sampled_from(ledger.COLUMNS))
    junk = row | {
        column: data.draw(st.text(max_size=12) | st.sampled_from(["-1", "1e9", "nan", "~", "a;b", "٣", "0.50"]))
    }
    with suppress(UserError):
        assert ledger.parse(junk, row["paper"], "here").raw == junk


HEADER = "\t".join(ledger.COLUMNS).encode()


@settings(deadline=None)
@given(content=st.binary(max_size=400) | st.text(max_size=200).map(lambda text: HEADER + b"\n" + text.encode()))
def test_any_file_may_be_junk(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("junk")
    (folder / "junk.tsv").write_bytes(content)
    with pytest.raises(UserError):
        ledger.load(folder)


@settings(deadline=None)
@given(claims=st.lists(st.sampled_from(CLAIMS), min_size=1, max_size=5, unique_by=lambda claim: claim.claim_id))
def test_what_was_read_can_be_written_and_read(tmp_path_factory, claims):
    folder = tmp_path_factory.mktemp("again")
    for paper in {claim.paper for claim in claims}:
        write(folder, *(claim.raw for claim in claims if claim.paper == paper), name=f"{paper}.tsv")
    assert sorted(ledger.load(folder), key=lambda c: c.claim_id) == sorted(claims, key=lambda c: c.claim_id)


def test_every_unit_of_the_ledger_is_known_or_counts():
    """What is not in the table of units must be a thing that is counted, or a constant's."""
    known = {unit for scale in units.SCALES.values() for unit in scale}
    others = {claim.unit: claim.metric for claim in CLAIMS if claim.unit not in known}
    assert all(m.startswith(("n_", "param_", "hardware_")) or m.endswith("_count") for m in others.values())
    assert {"min", "h", "TB", "GiB", "percent"} <= {claim.unit for claim in CLAIMS}


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("ms", 0.001), ("min", 60), ("h", 3600), ("TB", 1000), ("GiB", 1.073741824), ("percent", 0.01), ("genes", 1)],
)
def test_units_by_hand(unit, factor):
    assert units.factor(unit) == pytest.approx(factor)
