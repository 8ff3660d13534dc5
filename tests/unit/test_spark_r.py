"""The adapter of the R package SPARK: what it hands to R, what it reads, and where it is skipped."""

import sys

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.io import mmread

from scbench.errors import SkipRunError
from scbench.svg.spark_r import SparkR

X = sp.csr_matrix(np.array([[1, 0, 2, 1], [0, 0, 3, 1], [4, 0, 0, 1]]))
COORDS = np.array([[0.0, 1.5], [2.0, 3.0], [4.0, 5.0]])

# Rows in another order, as R gives them, and none for the genes that SPARK leaves out.
FOUND = "gene,pvalue,qvalue\n2,1e-10,2e-9\n0,0,0\n3,0.5,1\n"


@pytest.fixture
def rscript(tmp_path, monkeypatch):
    """Put a program in the place of Rscript that keeps its arguments and its input; give its folder."""

    def put(body):
        program = tmp_path / "Rscript"
        program.write_text(f"#!{sys.executable}\nimport shutil, sys\n{body}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        return tmp_path

    return put


def test_the_matrix_goes_to_r_and_the_table_comes_back(rscript):
    keep = "shutil.copytree(sys.argv[-2], {0!r} + '/seen'); open({0!r} + '/seen/arguments', 'w').write(repr(sys.argv))"
    write = f"open(sys.argv[-2] + '/found.csv', 'w').write({FOUND!r})"
    folder = rscript("")
    rscript(f"{keep.format(str(folder))}\n{write}")
    table = SparkR().fit(X, COORDS, seed=2**40 + 5).table_
    np.testing.assert_array_equal(mmread(folder / "seen/counts.mtx").toarray(), X.T.toarray())
    np.testing.assert_array_equal(np.loadtxt(folder / "seen/coords.csv", delimiter=","), COORDS)
    arguments = (folder / "seen/arguments").read_text()
    assert "'--vanilla'" in arguments
    assert arguments.endswith("'5']")
    np.testing.assert_array_equal(table["pvalue"], [0, 1, 1e-10, 1])
    np.testing.assert_array_equal(table["qvalue"], [0, 1, 2e-9, 1])
    np.testing.assert_allclose(table["score"][[0, 2]], [-np.log10(np.finfo(float).tiny), 10])
    assert table["score"].idxmin() in (1, 3), "constant genes come last"


def test_without_r_it_is_skipped(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SkipRunError, match="Rscript is not installed"):
        SparkR().fit(X, COORDS, seed=0)


def test_without_the_package_it_is_skipped(rscript):
    rscript("sys.exit(3)")
    with pytest.raises(SkipRunError, match="the R package SPARK is not installed"):
        SparkR().fit(X, COORDS, seed=0)


def test_an_error_of_r_is_a_failure(rscript):
    rscript("sys.exit(1)")
    with pytest.raises(RuntimeError, match="exit status 1"):
        SparkR().fit(X, COORDS, seed=0)


def test_a_third_dimension_is_not_for_spark():
    with pytest.raises(SkipRunError, match="2 dimensions"):
        SparkR().fit(X, np.ones((3, 3)), seed=0)
