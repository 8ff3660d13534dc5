import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scbench.markers.sampling import inner_split, stratified


@given(
    y=st.lists(st.integers(0, 4), min_size=1, max_size=60),
    size=st.integers(0, 80),
    seed=st.integers(0, 5),
)
def test_a_stratified_sample_has_every_class_and_its_share(y, size, seed):
    y = np.array(y)
    counts = np.bincount(y)
    drawn = stratified(y, size, np.random.default_rng(seed))
    found = np.bincount(y[drawn], minlength=len(counts))
    assert len(set(drawn)) == len(drawn)
    if size >= len(y):
        np.testing.assert_array_equal(found, counts)
        return
    share = counts * size / len(y)
    least = np.maximum(np.floor(share), counts > 0)
    assert ((found >= least) & (found <= np.maximum(np.ceil(share), least))).all()
    assert len(drawn) == max(size, least.sum())


@given(y=st.lists(st.integers(0, 3), min_size=2, max_size=60), seed=st.integers(0, 5))
def test_an_inner_split_never_takes_a_classs_only_cell(y, seed):
    y = np.array(y)
    train, held_out = inner_split(y, 0.2, np.random.default_rng(seed))
    assert sorted([*train, *held_out]) == list(range(len(y)))
    assert set(y[held_out]) == {c for c in set(y) if (y == c).sum() > 1}
    assert set(y[train]) == set(y)
