"""Verdicts on made-up measurements, computed by hand; every verdict of every rule is reached."""

import numpy as np
import pytest
from scipy import stats as st

from scbench.claims import ledger
from scbench.claims.estimate import Estimate
from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.resampling import at_least, resample, share
from scbench.claims.rules import Rules
from scbench.claims.verdicts import VERDICTS, judge
from scbench.errors import UserError

RULES = Rules.load()
RAW = {claim.claim_id: claim.raw for claim in ledger.load()}
BASES = {
    "value": "scrobust-cross-accuracy-scrobust",
    "size": "smash-t1-zeisel-cells",
    "bound": "scrobust-zheng68k-th2-ciform",
    "ordering": "scrobust-atac-better-accuracy",
    "shape": "scgco-sim-exchange-decline-scgco",
}
NAN = np.nan


def verdict(base, values, others=None, quantity="x", change=None, **more):
    """Judge a claim like one of the ledger; values of one setting are a list, of several a dictionary of lists."""
    raw = RAW[BASES.get(base, base)] | (change or {})
    claim = ledger.parse(raw, raw["paper"], "test")

    def arrays(v):
        return {k: np.array(one, float) for k, one in (v if isinstance(v, dict) else {"": v}).items()}

    others = {name: arrays(of) for name, of in (others or {}).items()}
    return judge(claim, Measurement(arrays(values), quantity, others, **more), RULES, 0.95, 1)


def test_every_claim_of_the_ledger_has_a_rule():
    claims = ledger.load()
    RULES.check(claims)
    assert {RULES.of(claim).id for claim in claims} == {rule.id for rule in RULES.by_claim.values()}


# --- Printed numbers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "printed", "expected", "agrees", "covers"),
    [
        ([0.868, 0.872, 0.866], "0.87", "reproduced", True, True),
        ([0.863, 0.865, 0.8645], "0.866", "reproduced", False, True),  # 0.8642 +- 0.0026
        ([0.8640, 0.8641, 0.8642], "0.867", "close", False, False),
        ([0.854, 0.855, 0.856], "0.87", "close", False, False),
        ([0.849, 0.848, 0.849], "0.87", "not_reproduced", False, False),
        ([0.86, 0.88], "0.87", "inconclusive", True, True),  # 12.7 * 0.01: rounding to it is luck
        ([0.80, 0.92], "0.90", "inconclusive", False, True),
    ],
)
def test_a_printed_number(values, printed, expected, agrees, covers):
    result = verdict("value", values, change={"value": printed, "printed_decimals": str(len(printed) - 2)})
    assert (result.verdict, result.agrees_rounded, result.covers) == (expected, agrees, covers)
    assert (result.ours, result.n_replicates) == (pytest.approx(np.mean(values)), len(values))
    low, high = st.t.interval(0.95, len(values) - 1, np.mean(values), st.sem(values))
    assert (result.low, result.high) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(1.5, "reproduced"), (0.8, "close"), (2.9, "close"), (0.7, "not_reproduced"), (3.1, "not_reproduced")],
)
def test_about_a_number_is_within_a_factor_of_two(hours, expected):
    assert verdict("scgco-scale-time-1m-scgco", [3600 * hours], exact=True).verdict == expected


def test_about_a_number_is_open_where_the_interval_is_wider_than_that():
    fit = {"intervals": {"": (12, 7400)}}
    assert verdict("scgco-scale-time-1m-scgco", [298], **fit).verdict == "inconclusive"


def test_a_single_run_is_never_enough():
    result = verdict("value", [0.967])
    assert (result.verdict, result.agrees_rounded, result.covers, result.low) == ("close", True, None, None)
    assert "n = 1" in result.reason
    assert verdict("value", [0.967], exact=True).verdict == "reproduced"
    assert verdict("size", [3005]).verdict == "reproduced"
    assert verdict("bound", [0.05]).verdict == "direction_holds"
    assert verdict("bound", [0.5]).verdict == "not_reproduced"
    assert verdict("bound", [0.5], exact=True).verdict == "contradicted"
    assert verdict("ordering", [0.9], {"ciform": [0.8]}, higher=True).verdict == "direction_holds"
    assert verdict("ordering", [0.9], {"ciform": [0.8]}, exact=True, higher=True).verdict == "reproduced"


@pytest.mark.parametrize(
    ("base", "value", "expected", "ours"),
    [
        ("smash-t2-scgenefit-m", 0.1393, "reproduced", 13.93),  # percent
        ("smash-t2-scgenefit-m", 0.125, "close", 12.5),  # 1.4 points of 2
        ("scgco-merfish1m-time", 115.4 * 60, "reproduced", 115.4),  # minutes
        ("scgco-merfish1m-time", 60 * 60, "close", 60),  # half of it, on another machine
        ("scgco-scale-memory-1m-spark", 21e3, "close", 21),  # about 20 TB
        ("scgco-mob11-fold-spatialde", 11.88, "reproduced", 11.88),
        ("scgco-mob11-fold-spatialde", 8.9, "not_reproduced", 8.9),
        ("scgco-deseq2-distance-ks-hamming", 6.385001e-48, "reproduced", 6.385001e-48),
        ("scgco-deseq2-distance-ks-hamming", 6.38e-48, "close", 6.38e-48),
        ("scgco-deseq2-distance-ks-hamming", 1e-44, "close", 1e-44),  # log10 -44 of -47.2, a tenth allowed
        ("scgco-deseq2-distance-ks-hamming", 1e-40, "not_reproduced", 1e-40),
        ("smash-cells-order-low", 3005, "not_reproduced", 3005),
        ("smash-cells-order-low", 8617, "close", 8617),
    ],
)
def test_units_and_scales(base, value, expected, ours):
    result = verdict(base, [value], exact=True)
    assert result.verdict == expected
    assert result.ours == pytest.approx(ours)


def test_a_p_value_of_zero_has_a_logarithm():
    assert verdict("scgco-deseq2-distance-ks-hamming", [0.0], exact=True).verdict == "not_reproduced"


def test_constants():
    assert verdict("smash-filter-low", [0.3]).verdict == "reproduced"  # printed as "> 30 %": the cut-off itself
    assert verdict("smash-filter-low", [0.31]).verdict == "not_reproduced"
    assert verdict("scrobust-n-heads", [8]).verdict == "reproduced"
    assert verdict("scrobust-n-heads", [7.9]).verdict == "not_reproduced"


def test_failed_runs_are_said_and_left_out():
    result = verdict("value", [0.966, NAN, 0.968, 0.967])
    assert (result.verdict, result.n_replicates, result.ours) == ("reproduced", 3, pytest.approx(0.967))
    assert "1 of 4 runs failed" in result.reason
    assert verdict("value", [0.966, NAN, 0.968, 0.967, NAN, NAN, NAN]).verdict == "inconclusive"
    result = verdict("value", [NAN, NAN], absent={"": "out of memory"})
    assert (result.verdict, result.ours) == ("not_tested", None)
    assert "out of memory" in result.reason


# --- Limits and shapes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.05, 0.06, 0.07], "reproduced"),  # t = 0.04 / 0.00577 = 6.9, df 2: 0.99
        ([0.05, 0.06, 0.11], "direction_holds"),  # t = 0.0267 / 0.0186 = 1.44: 0.86
        ([0.05, 0.09, 0.14], "inconclusive"),
        ([0.12, 0.19, 0.10], "not_reproduced"),  # t = -1.3: 0.16
        ([0.12, 0.13, 0.14], "contradicted"),
        ([0.102, 0.103, 0.104], "close"),
    ],
)
def test_a_limit(values, expected):
    """Printed: below 0.10."""
    share = st.t.sf((np.mean(values) - 0.10) / st.sem(values), 2)
    result = verdict("bound", values)
    assert result.verdict == expected
    assert result.agrees_rounded is None
    if expected in ("direction_holds", "inconclusive"):
        assert f"{share:.2f}" in result.reason
        assert result.needed_replicates > 3


@pytest.mark.parametrize(
    ("relation", "value", "expected"),
    [
        ("<", 0.1, "close"),
        ("<=", 0.1, "reproduced"),
        (">", 0.1, "close"),
        (">=", 0.1, "reproduced"),
        (">", 0.0999, "close"),
        (">", 0.1001, "reproduced"),
    ],
)
def test_a_limit_is_compared_without_rounding(relation, value, expected):
    assert verdict("bound", [value], exact=True, change={"relation": relation}).verdict == expected


@pytest.mark.parametrize(
    ("base", "quantity", "values", "expected"),
    [
        ("scgco-scale-time-shape-scgco", "growth exponent of time", [1.0, 1.05, 0.95], "reproduced"),
        ("scgco-scale-time-shape-scgco", "growth exponent", [1.0, 1.1, 1.2], "direction_holds"),
        ("scgco-scale-time-shape-scgco", "growth exponent", [1.0, 1.6], "inconclusive"),
        ("scgco-scale-time-shape-scgco", "growth exponent", [1.3, 1.35, 1.4], "not_reproduced"),
        ("scgco-scale-time-shape-scgco", "growth exponent", [2.0, 2.1, 2.0], "contradicted"),
        ("scgco-scale-memory-shape-spark", "growth exponent", [2.0, 2.1, 2.0], "reproduced"),
        ("scgco-scale-time-shape-spark", "growth exponent", [3.0, 2.9, 3.0], "reproduced"),
        ("shape", "trend", [-0.3, -0.25, -0.35], "reproduced"),
        ("shape", "trend", [-0.05, -0.06, -0.05], "not_reproduced"),
        ("shape", "trend", [0.3, 0.25, 0.35], "contradicted"),
        ("smash-gain-larger-on-larger", "rank correlation", [0.9, 0.8, 0.9], "reproduced"),
        ("scrobust-dropout-decline-clear", "trend", [0.01, -0.01, 0.0], "reproduced"),
        ("scgco-seqfish-vary-spark", "coefficient of variation", [0.5, 0.6, 0.5], "reproduced"),
        ("scrobust-cortex-pax6-pca", "silhouette", [0.4, 0.41, 0.42], "reproduced"),
        ("scrobust-cortex-pax6-mixed", "silhouette", [0.4, 0.41, 0.42], "contradicted"),
        ("smash-visium-astro", "Moran's I", [0.4, 0.41, 0.42], "reproduced"),
        ("scgco-mob11-go", "p-value", [0.001, 0.002, 0.001], "reproduced"),
        ("scrobust-embed-layer1", "silhouette by type minus by dataset", [0.2, 0.21, 0.2], "reproduced"),
        ("scrobust-embed-layer2", "silhouette by type minus by dataset", [0.2, 0.21, 0.2], "contradicted"),
        ("scgco-scale-error-1m-spark", "share of failed runs", [1, 1, 1], "reproduced"),
        ("scgco-scale-error-1m-spark", "share of failed runs", [0, 0, 0], "contradicted"),
        ("scgco-scale-error-1m-spark", "share of failed runs", [0, 1, 1], "inconclusive"),
    ],
)
def test_shapes(base, quantity, values, expected):
    assert verdict(base, values, quantity=quantity).verdict == expected


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ((0.9, 1.1), "reproduced"),
        ((0.2, 1.8), "inconclusive"),
        ((1.3, 1.4), "not_reproduced"),
        ((1.8, 2.2), "contradicted"),
    ],
)
def test_an_interval_may_come_from_a_fit(bounds, expected):
    intervals = {"": bounds}
    result = verdict("scgco-scale-time-shape-scgco", [sum(bounds) / 2], quantity="growth exponent", intervals=intervals)
    assert result.verdict == expected
    assert (result.low, result.high, result.needed_replicates) == (*map(pytest.approx, bounds), None)


def test_the_sides_of_an_interval_may_differ():
    """As those of a value that a power law was extended to; two settings add their errors side by side."""
    one = Estimate.between({"a": np.array([100.0])}, {"a": (50.0, 400.0)}, 0.95)
    assert one.interval(0.95) == (pytest.approx(50), pytest.approx(400))
    assert [one.share_above(limit) for limit in (50, 100, 400)] == pytest.approx([0.975, 0.5, 0.025], abs=1e-6)
    two = Estimate.between({name: np.array([100.0]) for name in "ab"}, {"a": (70.0, 200.0), "b": (60.0, 100.0)}, 0.95)
    assert two.interval(0.95) == (pytest.approx(75), pytest.approx(150))  # 100 less half of 50, and half of 100 more
    certain = Estimate.between({"a": np.array([1.0])}, {"a": (1.0, 2.0)}, 0.95)
    assert certain.share_above(0.9) == 1
    assert 0 < certain.share_above(1.5) < 0.5
    assert verdict("scgco-scale-time-1m-scgco", [5000.0], intervals={"": (4000.0, 9000.0)}).low == pytest.approx(
        4000 / 3600
    )


def test_an_order_of_single_values_is_never_sure():
    """Neither what was extended from smaller sizes, nor what ran once, nor what ran together once."""
    options = {"change": {"relation": "best_of"}, "higher": True}
    assert (
        verdict("ordering", [0.9], {"ciform": [0.8]}, intervals={"": (0.89, 0.91)}, **options).verdict
        == "direction_holds"
    )
    result = verdict("ordering", [0.9, 0.91, NAN], {"ciform": [0.8, NAN, 0.8]}, **options)
    assert result.verdict == "direction_holds"
    assert "n = 1" in result.reason


def test_a_statistic_must_be_one_of_the_rules():
    with pytest.raises(UserError, match=r"'Trend' is no statistic of the rule 'decreasing'. Did you mean 'trend'\?"):
        verdict("shape", [1.0], quantity="Trend")


# --- Orderings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("relation", "rows", "expected"),
    [
        # Differences from the comparators, one column per case: behind none, one, two, all; level with one.
        ("best_of", [[1, 1], [2, 2], [3, 0]], [True, False]),
        ("better_than", [[1], [-1]], [False]),
        (">", [[1], [2]], [True]),
        ("worst_of", [[-1, -1], [-2, 0]], [True, False]),
        ("worse_than", [[-1], [1]], [False]),
        ("<", [[-1], [-1]], [True]),
        ("second_best_of", [[-1, 1, -1, 0], [2, 2, -1, 1]], [True, False, False, False]),
        ("third_best_of", [[-1, -1, 1], [-2, 1, 1], [3, 1, 1]], [True, False, False]),
        ("in_top_2", [[-1, 1, -1, -1], [2, 2, -1, 0]], [True, True, False, True]),
        ("not_best_of", [[-1, 1, 0], [2, 2, 2]], [True, False, False]),
    ],
)
def test_relations(relation, rows, expected):
    columns = np.array(rows, float).T
    assert [share(relation, column[:, None])[0] for column in columns] == expected


@pytest.mark.parametrize("n_others", [1, 7])
def test_methods_that_are_equal_are_rarely_told_apart(n_others):
    """Verdicts at 0.95 and 0.05 are wrong once in twenty, whatever the number of comparators."""
    rng = np.random.default_rng(5)
    chances = []
    for _ in range(300):
        others = {str(i): rng.normal(size=5) for i in range(n_others)}
        setting = resample(rng.normal(size=5), others, overlap=0.0, resamples=500, rng=rng)
        chances.append(share("best_of", setting.drawn[:, 1:])[0])
    chances = np.array(chances)
    assert 0.01 < (chances <= 0.05).mean() < 0.09
    assert (chances >= 0.95).mean() < 0.09


def test_two_replicates_do_not_contradict_by_chance():
    """Differences of -0.5 and -3 points are t = -1.4 with one degree of freedom: 0.2, and twice that of either."""
    others = {"ciform": [0.925, 0.94], "tosica": [0.95, 0.915]}
    change = {"relation": "best_of", "comparators": "ciform;tosica"}
    assert verdict("ordering", [0.92, 0.91], others, higher=True, change=change).verdict == "inconclusive"


def test_resampling_one_comparator_is_students_test():
    rng = np.random.default_rng(3)
    for n, overlap in ((3, 0.0), (5, 0.25), (10, 0.0)):
        a, b = rng.normal(0.4, 1, n), rng.normal(0, 1, n)
        setting = resample(a, {"b": b}, overlap=overlap, resamples=20_000, rng=rng)
        error = (a - b).std(ddof=1) * np.sqrt(1 / n + overlap)
        assert (setting.drawn[0, 1:] > 0).mean() == pytest.approx(st.t.cdf((a - b).mean() / error, n - 1), abs=0.01)


A = [0.90, 0.91, 0.92, 0.90, 0.91]


@pytest.mark.parametrize(
    ("relation", "others", "higher", "expected"),
    [
        ("better_than", {"ciform": [0.85, 0.86, 0.86, 0.85, 0.86]}, True, "reproduced"),
        ("better_than", {"ciform": [0.85, 0.86, 0.86, 0.85, 0.86]}, False, "contradicted"),
        ("worse_than", {"ciform": [0.85, 0.86, 0.86, 0.85, 0.86]}, False, "reproduced"),
        ("better_than", {"ciform": [0.88, 0.93, 0.90, 0.89, 0.92]}, True, "inconclusive"),
        ("better_than", {"ciform": [0.89, 0.92, 0.89, 0.89, 0.91]}, True, "direction_holds"),  # t = 1.63: 0.91
        ("better_than", {"ciform": [0.91, 0.90, 0.93, 0.91, 0.91]}, True, "not_reproduced"),  # t = -1: 0.19
        ("better_than", {"ciform": A}, True, "contradicted"),  # a tie is not better
        (">", {"ciform": [0.85, 0.86, 0.86, 0.85, 0.86]}, None, "reproduced"),
        ("<", {"ciform": [0.85, 0.86, 0.86, 0.85, 0.86]}, None, "contradicted"),
        ("similar_to", {"ciform": [0.905, 0.91, 0.915, 0.90, 0.91]}, True, "reproduced"),
        ("similar_to", {"ciform": [0.86, 0.84, 0.86, 0.85, 0.86]}, True, "contradicted"),
        ("similar_to", {"ciform": [0.88, 0.90, 0.90, 0.88, 0.885]}, True, "inconclusive"),  # 0.019
    ],
)
def test_an_ordering(relation, others, higher, expected):
    result = verdict("ordering", A, others, higher=higher, change={"relation": relation})
    assert result.verdict == expected
    assert result.others == {"ciform": pytest.approx(np.mean(others["ciform"]))}
    if expected == "inconclusive":
        assert result.needed_replicates > 5
    if relation == "similar_to":
        assert "Margin 0.02" in result.reason


def test_replicates_are_paired():
    """A difference of 0.001 in every replicate is sure although replicates differ by 0.1 from each other."""
    base = np.array([0.5, 0.6, 0.7, 0.8, 0.9])
    assert verdict("ordering", base + 0.001, {"ciform": base}, higher=True).verdict == "reproduced"
    assert verdict("ordering", base + 0.001, {"ciform": base[::-1]}, higher=True).verdict == "inconclusive"


def test_replicates_without_all_runs_are_left_out():
    result = verdict("ordering", [0.9, NAN, 0.92, 0.1, 0.91], {"ciform": [0.8, 0.81, 0.8, NAN, 0.81]}, higher=True)
    assert result.verdict == "reproduced"
    assert "1 of 5 runs failed" in result.reason


PEERS = {"change": {"comparators": "ciform;tosica;clear;dnn", "relation": "best_of"}, "higher": True}


def test_missing_comparators_are_named():
    low = [0.8, 0.81, 0.8, 0.81, 0.8]
    result = verdict("ordering", A, {"ciform": low, "tosica": low}, absent={"clear": "not in the registry"}, **PEERS)
    assert result.verdict == "reproduced"
    assert "Without clear: not in the registry. Without dnn: not run." in result.reason
    result = verdict("ordering", A, {"ciform": low}, **PEERS)
    assert result.verdict == "direction_holds"
    assert "Only 1 of 4 comparators were run" in result.reason
    result = verdict("ordering", A, {"ciform": low, "tosica": low, "clear": [NAN, NAN, NAN, 0.99, 0.99]}, **PEERS)
    assert result.verdict == "reproduced"
    assert "Without clear: most of its runs failed" in result.reason
    assert verdict("ordering", A, {}, **PEERS).verdict == "not_tested"
    assert verdict("ordering", [0.9, NAN, NAN, NAN], {}, **PEERS).verdict == "not_tested"


def test_a_relation_that_cannot_fail_is_not_tested():
    change = {"comparators": "ciform;tosica;clear", "relation": "in_top_2"}
    assert verdict("ordering", A, {"ciform": [0.1] * 5}, change=change, higher=True).verdict == "not_tested"


def test_the_good_direction_must_be_known():
    with pytest.raises(ValueError, match="'higher' must say what is better"):
        verdict("ordering", A, {"ciform": A})


def settings(*values, step=0.001):
    return {f"s{i}": [value, value + step, value - step] for i, value in enumerate(values)}


@pytest.mark.parametrize(
    ("claimed", "n", "ours", "expected", "count"),
    [
        (3, 3, (0.9, 0.9, 0.9), "reproduced", 3),
        (2, 3, (0.9, 0.9, 0.9), "reproduced", 3),
        (3, 3, (0.9, 0.9, 0.7), "contradicted", 2),
        (3, 3, (0.9, 0.9, 0.8005), "inconclusive", 3),
        (5, 6, (0.9, 0.9, 0.9), "direction_holds", 3),
        (5, 6, (0.9, 0.7, 0.9), "direction_holds", 2),  # two of three, of which five sixths are two
        (5, 6, (0.7, 0.7, 0.7), "contradicted", 0),  # three exceptions, and only one is allowed
        (3, 6, (0.7, 0.7, 0.7), "inconclusive", 0),  # the three that are missing could make up for it
    ],
)
def test_counting_settings(claimed, n, ours, expected, count):
    others = {"ciform": settings(*[0.8] * len(ours), step=-0.001)}
    result = verdict("ordering", settings(*ours), others, higher=True, change={"value": str(claimed), "n": str(n)})
    if expected == "contradicted" and len(ours) < n:
        expected = "not_reproduced"  # weakened, as half of the settings are missing
    assert (result.verdict, result.ours, result.agrees_rounded) == (expected, count, count == claimed)
    assert result.low <= count <= result.high


def test_one_value_of_all_settings_is_not_counted():
    least = {"values": [26], "others": {"spatialde": [2], "spark": [15]}, "exact": True, "higher": True}
    counted, joined = (verdict("scgco-seqfish-robust", **least, joined=joined) for joined in (False, True))
    assert "Only 1 of 21 settings" in counted.reason
    assert "settings" not in joined.reason
    assert (joined.verdict, joined.ours) == ("reproduced", 26)


def test_several_settings_that_are_not_counted_are_averaged():
    others = {"ciform": settings(0.8, 0.8, 0.8)}
    assert verdict("ordering", settings(0.9, 0.9, 0.9), others, higher=True).verdict == "reproduced"
    result = verdict("ordering", settings(0.9, 0.9, 0.79), others, higher=True)
    assert result.verdict == "direction_holds"
    assert "holds in 2 of 3 settings" in result.reason
    assert result.settings == {"s0": pytest.approx(0.9), "s1": pytest.approx(0.9), "s2": pytest.approx(0.79)}


def test_a_margin_follows_the_spread():
    wide = {"ciform": [0.80, 0.95, 0.85, 0.90, 0.95]}
    result = verdict("ordering", [0.95, 0.8, 0.9, 0.85, 0.93], wide, change={"relation": "similar_to"})
    spread = np.sqrt((np.var(wide["ciform"], ddof=1) + np.var([0.95, 0.8, 0.9, 0.85, 0.93], ddof=1)) / 2)
    assert f"Margin {spread:.3g}" in result.reason


def test_the_seed_fixes_the_verdict():
    others = {"ciform": [0.89, 0.92, 0.89, 0.89, 0.91]}
    assert verdict("ordering", A, others, higher=True) == verdict("ordering", A, others, higher=True)


# --- The rest --------------------------------------------------------------------------------------------------------


def test_replicates_needed_by_hand():
    """With a standard deviation of 1, half of the interval is 2.110 / sqrt(18) = 0.497 of 18 values, 0.514 of 17."""
    values = {"": np.array([-1.0, 0.0, 1.0])}
    assert Estimate.of(values, 0.0, exact=False).replicates_for(0.5, 0.95) == 18
    # Where splits share cells, no number of them brings the error below sqrt(overlap) of the spread.
    assert Estimate.of(values, 0.25, exact=False).replicates_for(0.5, 0.95) is None


def test_the_mean_of_settings_by_hand():
    """Means 2 and 5 with standard deviations 1 and 2: half the interval is 2.776 * sqrt(1 + 4) / 2 / sqrt(3)."""
    estimate = Estimate.of({"a": np.array([1.0, 2.0, 3.0]), "b": np.array([3.0, 5.0, 7.0, NAN])}, 0.0, exact=False)
    assert (estimate.mean, estimate.n) == (3.5, 3)
    half = st.t.ppf(0.975, 4) * np.sqrt(5) / 2 / np.sqrt(3)
    assert estimate.interval(0.95) == (pytest.approx(3.5 - half), pytest.approx(3.5 + half))


def test_number_of_settings_by_hand():
    assert at_least(2, np.array([0.5, 0.5, 1.0])) == pytest.approx(0.75)
    assert at_least(0, np.array([0.1])) == 1


def test_analogues_are_shown_and_not_judged():
    result = verdict("value", [0.966, 0.968, 0.967], analogue="a subset of the cells")
    assert (result.verdict, result.agrees_rounded, result.covers) == ("analogue", None, None)
    assert result.ours == pytest.approx(0.967)
    assert result.reason == "Not the paper's data: a subset of the cells"


@pytest.mark.parametrize("state", ["not_tested", "not_public"])
def test_what_was_not_measured_keeps_its_reason(state):
    claim = ledger.parse(RAW["smash-t1-zeisel-cells"], "smash", "test")
    result = judge(claim, Unmeasured(state, "never released"), RULES, 0.95, 1)
    assert (result.verdict, result.reason, result.ours) == (state, "never released", None)
    assert state in VERDICTS
