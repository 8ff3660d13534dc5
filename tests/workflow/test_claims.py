"""`snakemake claims`: what is judged, what is run for it, and what is said of mistakes in the ledger."""

import csv
import subprocess
import sys

import pytest

pytestmark = pytest.mark.workflow


def snakemake(project, *args):
    """Run Snakemake without a configuration file, as the README has it."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "claims", *args]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "check": False}
    return subprocess.run(command, cwd=project.folder, **options)


def verdicts(project):
    with (project.folder / "results/claims/verdicts.tsv").open() as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_claims_are_judged_by_what_exists(project):
    done = snakemake(project)
    assert done.returncode == 0, done.stdout
    rows = verdicts(project)
    assert len(rows) == 645
    assert rows[0]["command"] == "snakemake --cores 2 claims --config experiment=scgco-general"
    assert not (project.folder / "results/markers").exists()  # nothing was run
    assert "Nothing to be done" in snakemake(project).stdout

    found = project.folder / "results/markers/zeisel/scores.tsv"
    found.parent.mkdir(parents=True)
    values = {"smash_dnn": (0.1, 0.11), "scgenefit": (0.5, 0.5), "rankcorr": (0.5, 0.51)}
    lines = ["metric\tscenario\tclass\tmethod\treplicate\tvalue"]
    lines += [
        f"misclassification\ttop30\t\t{name}\t{r}\t{value}"
        for name, two in values.items()
        for r, value in enumerate(two)
    ]
    found.write_text("\n".join(lines) + "\n")
    assert snakemake(project).returncode == 0
    (row,) = [row for row in verdicts(project) if row["claim_id"] == "smash-broad-m-zeisel"]
    assert row["verdict"] == "reproduced"
    assert row["evidence"] == "results/markers/zeisel/scores.tsv"
    assert float(row["ours"]) == pytest.approx(10.5)  # percent, as printed


def test_an_experiment_is_run_for_its_claims(project):
    done = snakemake(project, "-n", "--quiet", "rules", "--config", "experiment=scgco-bc2")
    assert done.returncode == 0, done.stdout
    assert {"download", "judge", "claims"} <= set(done.stdout.split())


def test_a_mistake_in_the_ledger_is_named(project):
    path = project.folder / "config/claims/smash.tsv"
    lines = path.read_text().split("\n")
    path.write_text("\n".join([lines[0], lines[1].replace("\tordering\t", "\tordring\t"), *lines[2:]]))
    done = snakemake(project)
    assert done.returncode
    assert "smash.tsv, line 2" in done.stdout
    assert "ordring" in done.stdout
