"""How verdicts are shown, on the page and in figures."""

from typing import NamedTuple

_DARK, _LIGHT = "#14181d", "#ffffff"


class Verdict(NamedTuple):
    """A colour from blue (holds) to brown (does not), and a sign and a word that say the same without it."""

    sign: str
    label: str
    meaning: str
    color: str
    ink: str = _DARK


VERDICTS = {
    "reproduced": Verdict(
        "✓", "reproduced", "What we measured agrees with the paper, by the rule for its kind.", "#0a4f8f", _LIGHT
    ),
    "close": Verdict("≈", "close", "Not the same number, but within the margin that the rule allows.", "#5aa0d8"),
    "direction_holds": Verdict(
        "↗", "direction holds", "The size differs, the direction is as the paper says.", "#b5d6f0"
    ),
    "inconclusive": Verdict("?", "inconclusive", "Our replicates are too few, or too far apart, to tell.", "#eadf9f"),
    "not_reproduced": Verdict("✗", "not reproduced", "What we measured differs by more than the margin.", "#e8a05c"),
    "contradicted": Verdict(
        "⇄", "contradicted", "What we measured says the opposite, beyond its own uncertainty.", "#9c2f10", _LIGHT
    ),
    "analogue": Verdict("◇", "analogue", "Measured on other data than the paper's: shown and never judged.", "#cdbfe0"),
    "not_tested": Verdict("○", "not tested", "Not measured; the row says what is missing.", "#e3e6ea"),
    "not_public": Verdict("⊘", "not public", "It cannot be measured: the data were never released.", "#c9ced5"),
}
HOLDS = ("reproduced", "close", "direction_holds")
FAILS = ("not_reproduced", "contradicted")
JUDGED = (*HOLDS, "inconclusive", *FAILS)
