"""What is said of broken rules, and the table of verdicts."""

import json

import numpy as np
import pytest
import yaml

from scbench.claims import ledger, table
from scbench.claims.audit.checks import RESULTS
from scbench.claims.ledger import FOLDER
from scbench.claims.measurement import Measurement, Unmeasured
from scbench.claims.rules import Rules
from scbench.claims.verdicts import VERDICTS, judge
from scbench.errors import UserError

CONTENT = yaml.safe_load((FOLDER / "rules.yaml").read_text())
CLAIMS = ledger.load()


def broken(folder, change):
    content = yaml.safe_load(yaml.safe_dump(CONTENT))
    change(content)
    path = folder / "rules.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c["rules"]["ordering"].pop("why"), "'rules.ordering' lacks the key 'why'"),
        (lambda c: c["rules"]["ordering"].update(test="order"), "Got 'order' instead. Did you mean 'ordering'?"),
        (lambda c: c["rules"]["ordering"].update(margin=1), "the test 'ordering' must be given nothing. Got margin"),
        (lambda c: c["rules"]["similar"].pop("margin"), "'similar' must be given margin, tolerance. Got tolerance"),
        (
            lambda c: c["rules"]["similar"].update(relations=["similar"]),
            "'similar' is no relation of the kind 'ordering'",
        ),
        (
            lambda c: c["rules"]["linear"].update(relations=["~quadratic"]),
            "'linear' and 'quadratic' are both for the kind",
        ),
        (lambda c: c["rules"]["fails"]["statistics"].update(x={"holds": [1, 0]}), "must not end before it begins"),
        (lambda c: c["shares"].update(reproduced=0.5), "'shares' must fall from reproduced to direction_holds to"),
        (lambda c: c["rules"]["bound"]["tolerance"].pop("time"), "'rules.bound.tolerance' lacks the key 'time'"),
    ],
)
def test_a_broken_rule_is_named(tmp_path, change, said):
    with pytest.raises(UserError) as error:
        Rules.load(broken(tmp_path, change))
    assert said in str(error.value)


def test_every_claim_must_have_a_rule(tmp_path):
    rules = Rules.load(broken(tmp_path, lambda c: c["rules"].pop("by-dataset")))
    with pytest.raises(
        UserError, match="no rule is for the kind 'shape' and the relation 'by_dataset', as in 'scrobust-"
    ):
        rules.check(CLAIMS)


def test_the_documentation_names_what_there_is():
    text = (FOLDER / "README.md").read_text()
    words = {word for relations in ledger.RELATIONS.values() for word in relations} - {""}
    assert not {word for word in {*words, *ledger.RELATIONS, *VERDICTS, *RESULTS} if f"`{word}`" not in text}


def test_the_table_has_what_was_claimed_and_what_was_found(tmp_path):
    rules = Rules.load()
    by_id = {claim.claim_id: claim for claim in CLAIMS}
    measured = {
        "scgco-mob12-n-svg-scgco": Measurement(
            {f"r{i}": np.array([value]) for i, value in enumerate((600.0, 700.0))},
            "n_svg",
            exact=True,
            evidence=("results/a.tsv", "results/b.tsv"),
            figure="results/figures/a.svg",
        ),
        "scgco-bc2-similar-spark": Measurement(
            {"": np.array([309.0])}, "n_svg", {"spark": {"": np.array([290.0])}}, exact=True
        ),
        "smash-t2-scgenefit-m": Unmeasured("not_tested", "the data are not here"),
    }
    rows = [
        table.row(by_id[name], one, judge(by_id[name], one, rules, 0.95, 1), f"run {name}")
        for name, one in measured.items()
    ]
    path = tmp_path / "verdicts.tsv"
    table.write(rows, path)
    read = table.read(path).set_index("claim_id")
    assert ["claim_id", *read.columns] == table.COLUMNS
    assert list(read.index) == list(measured)
    first = read.loc["scgco-mob12-n-svg-scgco"]
    assert (first["value"], first["sd"], first["verdict"], first["ours"]) == ("665.00", "342.57", "close", "650")
    assert (first["agrees_rounded"], first["covers"], first["ours_low"]) == ("no", "", "")
    assert json.loads(first["ours_settings"]) == {"r0": 600, "r1": 700}
    assert (first["evidence"], first["figure"]) == ("results/a.tsv;results/b.tsv", "results/figures/a.svg")
    assert first["command"] == "run scgco-mob12-n-svg-scgco"
    second = read.loc["scgco-bc2-similar-spark"]
    assert json.loads(second["others"]) == {"spark": 290}
    assert second["verdict"] == "reproduced"
    third = read.loc["smash-t2-scgenefit-m"]
    assert (third["verdict"], third["reason"], third["ours"]) == ("not_tested", "the data are not here", "")


def test_numbers_are_written_so_that_they_are_read_back(tmp_path):
    claim = next(claim for claim in CLAIMS if claim.claim_id == "scgco-merfish1m-n-cells")
    measured = Measurement({"": np.array([1027847.0])}, "n_cells")
    row = table.row(claim, measured, judge(claim, measured, Rules.load(), 0.95, 1), "run")
    assert float(row["ours"]) == 1027847
    assert row["verdict"] == "close"
