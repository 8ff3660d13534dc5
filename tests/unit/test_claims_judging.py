"""Whatever is measured of any claim of the ledger, the verdict keeps its word."""

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scbench.claims import ledger, table
from scbench.claims.measurement import Measurement
from scbench.claims.rules import Rules
from scbench.claims.verdicts import VERDICTS, judge

CLAIMS = ledger.load()
RULES = Rules.load()
SURE = ("reproduced", "contradicted")

numbers = st.floats(0, 1e6) | st.sampled_from([0.0, 0.5, 1.0, np.nan])


@st.composite
def measured(draw):
    claim = draw(st.sampled_from(CLAIMS))
    rule = RULES.of(claim)
    n = draw(st.integers(1, 6))
    names = [f"s{i}" for i in range(draw(st.integers(1, 3)))]

    def arrays():
        return {name: np.array(draw(st.lists(numbers, min_size=n, max_size=n))) for name in names}

    others = {name: arrays() for name in claim.comparator_ids if draw(st.booleans())}
    quantity = next(iter(rule.statistics), claim.metric)
    options = {"exact": draw(st.booleans()), "overlap": draw(st.sampled_from([0.0, 0.25]))}
    analogue = draw(st.sampled_from(["", "other cells"]))
    return claim, Measurement(arrays(), quantity, others, higher=draw(st.booleans()), analogue=analogue, **options)


@settings(max_examples=300, deadline=None)
@given(measured())
def test_a_verdict_keeps_its_word(given_):
    claim, one = given_
    verdict = judge(claim, one, RULES, 0.95, 1)
    row = table.row(claim, one, verdict, "run")
    assert list(row) == table.COLUMNS
    assert verdict.verdict in VERDICTS
    assert verdict.reason
    json.loads(row["ours_settings"] or "{}", parse_constant=float)
    if one.analogue and verdict.verdict != "not_tested":
        assert verdict.verdict == "analogue"
        assert verdict.agrees_rounded is None
    elif claim.kind != "size" and RULES.of(claim).test != "constant" and not one.exact and verdict.n_replicates == 1:
        assert verdict.verdict not in SURE
    if claim.kind == "ordering" and not one.others:
        assert verdict.verdict in ("not_tested", "analogue")
    if verdict.low is not None and claim.value is None:
        assert verdict.low <= verdict.ours <= verdict.high
    if verdict.needed_replicates is not None:
        assert verdict.verdict not in SURE


@settings(max_examples=50, deadline=None)
@given(measured())
def test_a_verdict_depends_on_nothing_but_the_claim_and_what_was_measured(given_):
    claim, one = given_
    assert str(judge(claim, one, RULES, 0.95, 1)) == str(judge(claim, one, RULES, 0.95, 1))
