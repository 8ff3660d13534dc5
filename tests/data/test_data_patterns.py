import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scbench.data.prepare import log1p_normalised, prepare
from scbench.errors import UserError
from scbench.io import read_prepared
from scbench.registry import Registry
from scbench.simulate import _masks, patterns
from scbench.simulate._moves import exchanges, shuffles
from scbench.simulate.patterns import ten_patterns
from scbench.simulate.scaling import step
from scbench.svg.moran import MoranI


def mesh(columns, rows):
    return np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2).astype(float)


def scattered(n=1001, seed=0):
    """Random spots, and the corners of their square, so that its ends are the same however they are turned."""
    return np.vstack([np.random.default_rng(seed).random((n, 2)), [[0, 0], [0, 1], [1, 0], [1, 1]]])


def dense(adata):
    return adata.layers["counts"].toarray()


RANKED = {
    "hotspot": 0.3,
    "streak": 0.2,
    "annulus": 0.3,
    "bulb_core": 73 / 352,
    "bulb_middle": 131 / 352,
    "bulb_rim": 58 / 352,
    "bulb_outside": 90 / 352,
}


@pytest.mark.parametrize("positions", [mesh(19, 14), mesh(22, 16), scattered()], ids=["266", "352", "random"])
def test_ranked_patterns_have_exactly_their_share(positions):
    for name, share in RANKED.items():
        assert abs(_masks.ALL[name](positions).sum() - share * len(positions)) < 1.001, name
    layers = [_masks.ALL[name](positions) for name in RANKED if name.startswith("bulb")]
    np.testing.assert_array_equal(np.sum(layers, axis=0), 1)


def test_the_layers_of_the_released_mesh_are_those_of_the_section():
    """On its 352 spots: 73, 131 and 58 spots of three layers, as in the authors' tissue masks."""
    assert [_masks.ALL[f"bulb_{layer}"](mesh(22, 16)).sum() for layer in ("core", "middle", "rim")] == [73, 131, 58]


@pytest.mark.parametrize(
    ("name", "share"), [("squares", 0.12), ("s_band", 0.3), ("streaks", 0.4), ("swiss_roll", 0.31)]
)
def test_shapes_of_fixed_borders_fill_their_area(name, share):
    assert abs(_masks.ALL[name](scattered(40_000)).mean() - share) < 0.01


def test_small_cases_by_hand():
    """A mesh of 5 x 5, of which x and y are 0, .25, .5, .75 and 1, and a row of ten."""
    five = mesh(5, 5)
    chosen = {name: {tuple(spot) for spot in five[_masks.ALL[name](five)].astype(int)} for name in _masks.ALL}
    assert chosen["streak"] == {(2, y) for y in range(5)}
    assert chosen["squares"] == {(0, 0), (2, 2), (4, 4)}
    cross = {(2, 2), (1, 2), (3, 2), (2, 1), (2, 3)}
    assert chosen["hotspot"] == cross | {(1, 1), (1, 3)}, "7 of 25; of the four at equal distance the left ones"
    assert chosen["annulus"] == {(1, 1), (1, 3), (3, 1), (3, 3), (0, 2)} | (cross - {(2, 2), (1, 2)})
    eleven = np.column_stack([np.arange(11), np.tile([0, 1], 6)[:11]])
    assert np.flatnonzero(_masks.streaks(eleven)).tolist() == [2, 3, 6, 7]


@pytest.mark.parametrize(
    ("radius", "turn", "inside"),
    [(0.05, 0, True), (0.2, 0, False), (0.3, 0, True), (0.05, 0.25, False), (0.1, 0.25, True), (0.3, 0.25, False)],
)
def test_the_roll_by_hand(radius, turn, inside):
    """4 radius - turn, without its integer part, is below a half on the roll. Its ellipse fills the extent."""
    angle = 2 * np.pi * turn
    spot = [0.5 + radius * np.cos(angle), 0.5 + radius * np.sin(angle)]
    assert _masks.swiss_roll(np.array([[0, 0], [1, 1], spot]) * [4, 3])[2] == inside


@settings(max_examples=30, deadline=None)
@given(
    scale=st.floats(1e-3, 1e4),
    shift=st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)),
    seed=st.integers(0, 2**32 - 1),
)
def test_patterns_do_not_depend_on_scale_shift_and_order(scale, shift, seed):
    """The released code takes the lower end of y from x: there a shift of one axis moves every pattern."""
    for positions in (mesh(19, 14), scattered(99)):
        order = np.random.default_rng(seed).permutation(len(positions))
        for name, mask in _masks.ALL.items():
            moved = mask((positions * scale + np.array(shift) * scale)[order])
            np.testing.assert_array_equal(moved, mask(positions)[order], err_msg=name)


TURNS = {
    "left to right": lambda p: p * [-1, 1],
    "upside down": lambda p: p * [1, -1],
    "half a turn": lambda p: -p,
    "a quarter turn": lambda p: p[:, ::-1] * [-1, 1],
    "diagonal": lambda p: p[:, ::-1],
}
SYMMETRIES = {
    "hotspot": set(TURNS),
    "annulus": set(TURNS),
    "streak": {"left to right", "upside down", "half a turn"},
    "streaks": {"left to right", "upside down", "half a turn"},
    "squares": {"half a turn", "diagonal"},
    "s_band": {"half a turn"},
    "swiss_roll": set(),
    "bulb_core": {"left to right"},
    "bulb_middle": {"left to right"},
    "bulb_rim": {"left to right"},
    "bulb_outside": {"left to right", "upside down", "half a turn"},
}


@pytest.mark.parametrize("name", list(_masks.ALL))
def test_each_pattern_has_its_symmetries_and_no_other(name):
    positions = scattered()
    mask = _masks.ALL[name]
    kept = {turn for turn, move in TURNS.items() if (mask(move(positions)) != mask(positions)).mean() < 0.005}
    assert kept == SYMMETRIES[name]


def test_patterns_differ():
    masks = np.array([mask(mesh(19, 14)) for mask in _masks.ALL.values()], dtype=int)
    overlap = np.abs(np.corrcoef(masks)) - np.eye(len(masks))
    assert overlap.max() < 0.65


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(2, 30), min_size=1, max_size=3),
    share=st.floats(0, 0.99),
    seed=st.integers(0, 2**32 - 1),
)
def test_moves_are_orders_within_groups_and_exchanges_move_exactly_their_share(sizes, share, seed):
    order = np.random.default_rng(seed).permutation(sum(sizes))
    groups = np.split(order, np.cumsum(sizes)[:-1])
    for to in (
        shuffles(np.random.default_rng(seed), groups, 5),
        exchanges(np.random.default_rng(seed), groups, 5, share),
    ):
        for group in groups:
            np.testing.assert_array_equal(np.sort(to[:, group], axis=1), np.tile(np.sort(group), (5, 1)))
    for group in groups:
        moved = (to[:, group] != group).sum(axis=1)
        expected = round(share * len(group))
        assert (moved == (0 if expected == 1 else expected)).all()


def test_shuffles_favour_no_place():
    """Each of the 6 orders of 3 spots in 6000 draws; 4 standard errors."""
    to = shuffles(np.random.default_rng(0), [np.arange(3)], 6000)
    _, times = np.unique(to @ [9, 3, 1], return_counts=True)
    assert len(times) == 6
    np.testing.assert_allclose(times, 1000, atol=116)


SMALL = {"n_spots": 266, "n_patterned": 40, "n_null": 100}


@pytest.mark.parametrize("options", [{}, {"mix": "released", "nulls": "levels"}, {"exchange": 0.2, "layout": "random"}])
def test_a_seed_decides_everything(options):
    first, again, other = (ten_patterns(**SMALL, **options, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(dense(first), dense(again))
    assert (dense(first) != dense(other)).any()
    assert first.var.equals(again.var)
    assert not first.var.equals(other.var)
    counts = first.layers["counts"]
    assert (counts.format, counts.dtype, counts.nnz) == ("csr", np.int32, np.count_nonzero(dense(first)))


def test_without_noise_and_library_sizes_the_counts_are_those_of_two_levels():
    """int(expm1(h) + 0.5) for h from 1 to 4, and the high one inside in just half of the genes of each pattern."""
    adata = ten_patterns(**SMALL, noise=0, library_sd=0, seed=3)
    level = {2: 1, 6: 2, 19: 3, 54: 4}
    counts, shape = dense(adata), adata.var["shape"].to_numpy()
    assert adata.obsm["spatial"].tolist() == mesh(19, 14).tolist()
    for name, mask in list(_masks.ALL.items())[:10]:
        inside = mask(adata.obsm["spatial"])
        genes = counts[:, shape == name].T
        high = [level[gene[inside][0]] for gene in genes]
        low = [level[gene[~inside][0]] for gene in genes]
        assert all(len(set(gene[inside])) == len(set(gene[~inside])) == 1 for gene in genes)
        assert sorted(np.subtract(high, low).tolist()) == [-1, -1, 1, 1]
        assert sorted(zip(high, low, strict=True)) == sorted(zip(low, high, strict=True)), "pairs share their levels"
    assert set(shape) == {*list(_masks.ALL)[:10], ""}
    np.testing.assert_array_equal(adata.var["spatial"], shape != "")


def test_shuffled_nulls_have_the_values_of_the_patterned_genes(monkeypatch):
    """Each of them twice, or once where the nulls run out, and however the genes are cut into blocks."""
    for block in (64 * 2**20, 8 * 266 * 7):
        monkeypatch.setattr(patterns, "_BLOCK_BYTES", block)
        adata = ten_patterns(n_spots=266, n_patterned=40, n_null=65, library_sd=0, seed=3)
        genes, spatial = np.sort(dense(adata).T, axis=1), adata.var["spatial"].to_numpy()
        patterned = {tuple(gene) for gene in genes[spatial]}
        times = [sum(tuple(null) == gene for null in genes[~spatial]) for gene in patterned]
        assert sorted(times) == [1] * 15 + [2] * 25


def test_flat_nulls_have_three_levels_and_less_noise():
    adata = ten_patterns(n_spots=266, n_patterned=0, n_null=600, noise=0.3, nulls="levels", library_sd=0, seed=1)
    values = np.log1p(dense(adata))
    assert set(np.round(values.mean(axis=0))) == {0, 1, 2}
    spread = values[:, values.mean(axis=0) > 1.5].std(axis=0)  # counts of e**2: rounding adds little
    assert {round(float(s), 1) for s in spread} == {0.1, 0.2, 0.3}
    assert not adata.var["spatial"].any()


@pytest.mark.parametrize("mode", ["per_gene", "whole_spots"])
def test_an_exchange_moves_its_share_and_nothing_else(mode):
    params = {"n_spots": 266, "n_patterned": 200, "n_null": 0, "library_sd": 0, "seed": 3}
    before, after = ten_patterns(**params), ten_patterns(**params, exchange=0.4, exchange_mode=mode)
    assert before.var.equals(after.var)
    before, after = dense(before), dense(after)
    np.testing.assert_array_equal(np.sort(before, axis=0), np.sort(after, axis=0))
    moved = before != after  # not where two spots with the same count exchanged it
    assert moved.any(axis=1).sum() == {"whole_spots": 106, "per_gene": 266}[mode]
    assert 80 < moved.sum(axis=0).mean() < moved.sum(axis=0).max() <= 106


def test_an_exchange_of_whole_spots_is_the_same_for_all_genes():
    params = {"n_spots": 266, "n_patterned": 200, "n_null": 0, "library_sd": 0, "seed": 3}
    before = {tuple(spot) for spot in dense(ten_patterns(**params))}
    after = {tuple(spot) for spot in dense(ten_patterns(**params, exchange=0.4, exchange_mode="whole_spots"))}
    assert before == after


def leak(adata):
    """Strongest correlation of the totals with a pattern, and the share of null genes with p < 0.05."""
    totals = np.log(dense(adata).sum(axis=1))
    masks = (mask(adata.obsm["spatial"]) for mask in _masks.ALL.values())
    X = log1p_normalised(adata.layers["counts"], "median")
    p = MoranI().fit(X, adata.obsm["spatial"], seed=0).table_["pvalue"].to_numpy()
    return max(abs(np.corrcoef(totals, mask)[0, 1]) for mask in masks), (p[~adata.var["spatial"]] < 0.05).mean()


def test_totals_tell_the_pattern_in_the_released_mix_only():
    params = {"n_spots": 266, "n_patterned": 200, "n_null": 1800, "nulls": "levels", "library_sd": 0, "seed": 5}
    correlation, false = leak(ten_patterns(**params))
    assert correlation < 0.25  # 4 standard errors of no correlation
    assert false < 0.075
    correlation, false = leak(ten_patterns(**params, mix="released"))
    assert correlation > 0.9
    assert false > 0.3


def test_the_released_mix():
    adata = ten_patterns(n_spots=352, mix="released", noise=0, library_sd=0, n_null=0, seed=1)
    shape = adata.var["shape"].to_numpy()
    sizes = dict.fromkeys(("hotspot", "streak", "streaks", "annulus", "squares", "bulb_middle", "bulb_outside"), 100)
    assert {name: (shape == name).sum() for name in set(shape)} == sizes | {"bulb_core": 300}
    counts, positions = dense(adata), adata.obsm["spatial"]

    def up(name):
        inside = _masks.ALL[name](positions)
        return int((counts[inside].mean(axis=0) > counts[~inside].mean(axis=0))[shape == name].sum())

    assert {name: up(name) for name in set(shape)} == {
        **dict.fromkeys(("hotspot", "streak", "streaks", "annulus", "squares"), 50),
        "bulb_middle": 100,
        "bulb_outside": 100,
        "bulb_core": 300,
    }
    top = counts[:, shape == "bulb_core"].max(axis=0)
    assert 200 <= (top >= 54).sum() < 300, "200 at levels 4 and 5, and of the other 100 a third at 4"


def test_a_mesh_has_distance_one_and_random_spots_the_same_density():
    random = ten_patterns(n_spots=1200, n_patterned=0, n_null=20, nulls="levels", layout="random", seed=0)
    low, high = random.obsm["spatial"].min(axis=0), random.obsm["spatial"].max(axis=0)
    np.testing.assert_allclose(high - low, [40, 30], rtol=0.02)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_spots": 260}, r"'n_spots' parameter must be that of a mesh of 4 to 3; 19 x 14 = 266 is near. Got 260"),
        ({"n_spots": 1}, "'n_spots' parameter must be an integer >= 2. Got 1"),
        ({"n_patterned": -1}, "'n_patterned' parameter must be an integer >= 0. Got -1"),
        ({"n_patterned": 0}, "'n_patterned' parameter must be an integer >= 1 where they are shuffled. Got 0"),
        ({"n_patterned": 0, "n_null": 0}, "'n_null' parameter must be an integer >= 1. Got 0"),
        ({"n_patterned": 30, "mix": "released"}, "must be a multiple of 20 in the released mix. Got 30"),
        ({"noise": 3}, "'noise' parameter must be a number from 0 to 2. Got 3"),
        ({"noise": 0.05, "nulls": "levels"}, "'noise' parameter must be a number from 0.1 to 2. Got 0.05"),
        ({"library_sd": -1}, "'library_sd' parameter must be a number from 0 to 2. Got -1"),
        ({"exchange": 1.0}, "'exchange' parameter must be below 1"),
        ({"exchange": 0.004}, "'exchange' parameter must make two or more spots exchange. Got 0.004 of 266"),
        ({"exchange_mode": "genes"}, "'exchange_mode' parameter has the unknown value 'genes'"),
        ({"nulls": "level"}, "'nulls' parameter has the unknown value 'level'. Did you mean 'levels'?"),
        ({"mix": "release"}, "'mix' parameter has the unknown value 'release'. Did you mean 'released'?"),
        ({"layout": "meshes"}, "'layout' parameter has the unknown value 'meshes'. Did you mean 'mesh'?"),
    ],
)
def test_parameters_out_of_range_are_named(params, message):
    with pytest.raises(UserError, match=message):
        ten_patterns(**SMALL | params, seed=0)


def test_steps_have_two_values_and_small_sets_start_large_ones():
    large, small = step(n_spots=500, n_genes=7, seed=3), step(n_spots=120, n_genes=7, seed=3)
    np.testing.assert_array_equal(large.obsm["spatial"][:120], small.obsm["spatial"])
    np.testing.assert_array_equal(dense(large)[:120], dense(small))
    left = large.obsm["spatial"][:, 0] < 0.5
    assert 200 < left.sum() < 300
    for gene in dense(large).T:
        assert set(gene[left]) == {gene[left][0]} <= set(range(1, 11))
        assert set(gene[~left]) == {gene[~left][0]} <= set(range(20, 51))
    assert large.var["spatial"].all()
    assert large.layers["counts"].format == "csr"
    with pytest.raises(UserError, match=r"'n_spots' parameter must be an integer >= 1. Got 0"):
        step(n_spots=0, seed=0)


def test_the_small_sets_of_the_registry_are_what_they_expect_to_be(root, tmp_path):
    """`prepare` compares their shapes; a set that is derived comes after its parent."""
    known = Registry.load(root)
    registry = known.datasets
    small = [
        name
        for name, entry in registry.items()
        if known.simulated(name)
        and entry["tracks"] == ["svg"]
        and entry["expected"]["cells"] * entry["expected"]["genes"] <= 1_000_000
    ]
    assert {"toy_patterns", "sim_small_noise_02", "sim_shapes_permuted", "scale_step_1e3"} <= set(small)
    truth = {}
    for name in small:
        source = registry[name]["source"]
        parent = tmp_path / f"{source['from']}.h5ad" if source["type"] == "derive" else None
        prepare(name, registry[name], tmp_path / f"{name}.h5ad", source=parent, seed=1)
        truth[name] = read_prepared(tmp_path / f"{name}.h5ad").truth
    nulls = {name for name, spatial in truth.items() if not spatial.any()}
    assert nulls >= {"sim_null", "sim_shapes_permuted"}
    assert not nulls & {name for name in small if name.startswith(("sim_small", "scale", "toy_patterns"))}
    levels = {name: registry[name]["source"]["params"]["noise"] for name in registry if "_noise_" in name}
    assert levels == {name: int(name[-1]) / 10 for name in levels}, "names tell the noise"
    shares = {name: registry[name]["source"]["params"]["exchange"] for name in registry if "_exchange_" in name}
    assert shares == {name: int(name[-2:]) / 100 for name in shares}, "and the share"
