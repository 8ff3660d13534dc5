"""What kept prepared datasets away."""

import pytest

from scbench.plan import Plan
from scbench.plan_data import lineage, unprepared
from scbench.validate import read_yaml

MADE = "resources/prepared/pancreas_combined.h5ad"


@pytest.fixture(scope="module")
def plan(root):
    return Plan.load(read_yaml(root / "config/config.yaml"))


def test_a_dataset_comes_with_all_that_it_is_made_of(plan):
    names = ["baron_human", "muraro", "pancreas_combined", "segerstolpe", "xin"]
    assert lineage(plan, [MADE]) == [f"resources/prepared/{name}.h5ad" for name in names]
    path = "resources/prepared/{}/r1.h5ad"
    assert lineage(plan, [path.format("sim_leaky")]) == [path.format("sim_leaky")]


def test_the_last_words_of_the_job_that_failed_are_the_reason(plan, tmp_path):
    def write(path, text=""):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    def states():
        return unprepared(plan, lineage(plan, [MADE]), tmp_path)

    unreached = ("not prepared", "the run ended before, or its job was killed")
    assert states()["xin"] == unreached
    assert states()["pancreas_combined"] == ("not prepared", "made of baron_human, muraro, segerstolpe, xin")

    write("results/logs/download/baron_human/GSE84133_RAW.tar.log", "INFO: a\nERROR: baron_human: no\nanswer.\n")
    write("results/logs/prepare/muraro.log", "ERROR: of an earlier run, before its files were removed\n")
    write("results/logs/prepare/xin.log", "INFO: killed\n")
    for file in ("human_islets_rpkm.txt.gz", "series_matrix.txt.gz"):
        write(f"resources/raw/xin/GSE81608_{file}")
    write("resources/raw/xin/Homo_sapiens.gene_info.gz")
    write("resources/prepared/segerstolpe.json")
    expected = {"baron_human": ("failed", "baron_human: no answer."), "muraro": unreached, "xin": unreached}
    assert states() == expected | {"pancreas_combined": ("not prepared", "made of baron_human, muraro, xin")}

    write("results/logs/prepare/xin.log", "Traceback\nERROR: first\nINFO: b\nERROR: xin: not a table.\n")
    assert states()["xin"] == ("failed", "xin: not a table.")
