"""The table of authors' packages against reimplementations, for a package that not every machine has."""

import json

import pytest
from conftest import SVG

from scbench.io import read_table

pytestmark = pytest.mark.workflow


def test_a_pair_is_compared_run_by_run(project):
    pair = {"upstream": "spark_r", "ours": "spark"}
    project.configure(svg=SVG | {"methods": list(pair.values()), "replicates": 2, "fidelity": {"pairs": [pair]}})
    page = "results/tables/svg-fidelity.html"
    project.snakemake(page)
    table = read_table(project.folder / "results/svg/fidelity.tsv")
    assert table["replicate"].tolist() == [0, 1]
    for row in table.to_dict("records"):
        for key, method in pair.items():
            status = json.loads(project.read(f"results/svg/toy_spots/{method}/r{row['replicate']}/status.json"))
            assert (row[key], row[f"status_{key}"]) == (method, status["status"])
        assert (row["genes"] > 0) == (row["status_upstream"] == "ok")
        assert row["status_ours"] == "ok"
    assert "spark_r" in project.read(page).decode()
    assert project.planned(page) == []
