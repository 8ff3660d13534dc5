"""Figures of the experiments on real tissue, from ordinary and from degenerate input."""

import numpy as np
import pandas as pd
import pytest
from drawn import UGLY, checked, saved, texts
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_hex

from scbench.figures import _tissue_maps as maps
from scbench.figures import style, svg_calls, svg_clusters, svg_distances, svg_structure, svg_voronoi
from scbench.svg.structure.calls import calls, gene_sets, summarise
from scbench.svg.structure.distances import METRICS, compare, passing
from scbench.svg.structure.reconstruct import MEASURES
from scbench.svg.structure.study import Example


def registry(n):
    labels = [*UGLY, *(f"Method {place}" for place in range(n))][:n]
    return {f"m{place}": {"label": label, "role": "method", "track": "svg"} for place, label in enumerate(labels)}


@pytest.fixture(scope="module")
def tissue():
    x, y = np.meshgrid(np.arange(8.0), np.arange(8.0))
    coords = np.column_stack([x.ravel(), y.ravel()])
    return maps.Tissue(coords + 0.05 * np.random.default_rng(0).random(coords.shape))


LEFT = (np.arange(64) % 8 < 4).astype(int)


# --- calls ------------------------------------------------------------------------------------------------------------


def called_genes(n, *, failed=(), unranked=(), controls=True, n_genes=300, share=0.2):
    rng = np.random.default_rng(0)
    genes = np.array([f"g{place}" for place in range(n_genes)])
    outputs, statuses = {}, {}
    for place in range(n):
        name = f"m{place}"
        p = np.where(rng.random(n_genes) < share, 1e-9, rng.random(n_genes))
        q = np.minimum(3 * p, 1) if place % 2 else np.nan
        table = pd.DataFrame({"gene": genes, "statistic": 0.0, "pvalue": p, "qvalue": q, "score": -p})
        statuses[name] = "oom" if name in failed else "ok"
        if name in unranked:
            table["pvalue"] = np.nan
        outputs[name] = table.head(0) if name in failed else table
    found = calls(outputs, genes, fdr=0.05)
    marked = np.arange(n_genes) < 10 if controls else None
    summary = summarise(found, statuses, marked, confidence=0.95)
    return summary, found["bh"].join(found["matched"])[list(outputs)]


@pytest.mark.parametrize(("n", "controls"), [(1, True), (2, False), (5, True), (12, True)])
def test_calls_of_few_and_many_methods(n, controls):
    summary, called = called_genes(n, controls=controls)
    found = checked(svg_calls.plot(summary, called, methods=registry(n), title="$x$ <b>", fdr=0.05))
    assert ("share of the negative controls called" in found) == controls
    assert ("Jaccard index" in found) == (n > 1)
    assert any("smaller combinations" in text for text in found) == (n > 4)


def test_bars_and_dots_are_the_numbers(tmp_path):
    summary, called = called_genes(3)
    figure = svg_calls.plot(summary, called, methods=registry(3), title="", fdr=0.05)
    widths = [bar.get_width() for bar in figure.subfigs[0].axes[0].patches]
    assert widths == summary["n_called"].tolist()
    exact = called.groupby(list(called)).size()
    heights = [bar.get_height() for bar in figure.subfigs[1].axes[0].patches]
    assert heights == sorted(exact.drop((False, False, False)), reverse=True)
    again = svg_calls.plot(summary, called, methods=registry(3), title="", fdr=0.05)
    assert saved(figure, tmp_path) == saved(again, tmp_path)


def test_failed_runs_and_methods_without_p_values():
    summary, called = called_genes(5, failed=["m1", "m2"], unranked=["m3"])
    found = checked(svg_calls.plot(summary, called, methods=registry(5), title="", fdr=0.05))
    assert found.count("failed (oom)") == 2
    assert "first genes, median number" in found
    summary, called = called_genes(3, failed=["m0", "m1", "m2"])
    assert checked(svg_calls.plot(summary, called, methods=registry(3), title="", fdr=0.05)).count("failed (oom)") == 3


def test_no_called_gene_and_no_method():
    summary, called = called_genes(3, share=0)
    figure = svg_calls.plot(summary, called & False, methods=registry(3), title="", fdr=0.05)
    assert "no gene is called" in checked(figure)
    figure = svg_calls.plot(summary.head(0), called, methods={}, title="T", fdr=0.05)
    assert texts(figure) == ["T: there is no method to show."]


# --- maps -------------------------------------------------------------------------------------------------------------


def test_cells_have_their_colours_and_borders(tissue):
    ax = style.blank("").subplots()
    tissue.draw(ax, maps.layer_colors(LEFT))
    tissue.outline(ax, LEFT)
    faces = [to_hex(color).upper() for color in ax.collections[0].get_facecolor()]
    assert faces == [maps.LAYERS[code].upper() for code in LEFT]
    ends = np.concatenate([path.vertices for path in ax.collections[1].get_paths()])
    np.testing.assert_allclose(ends[:, 0], 3.5, atol=0.2)


def test_many_spots_are_points_without_borders(monkeypatch):
    monkeypatch.setattr(maps, "MOST_CELLS", 50)
    coords = np.random.default_rng(0).random((64, 3))
    many = maps.Tissue(coords)
    assert not many.has_cells
    ax = style.blank("").subplots()
    many.draw(ax, maps.layer_colors(LEFT))
    many.outline(ax, LEFT)
    assert [type(item) for item in ax.collections] == [PathCollection]


def test_samples_are_side_by_side():
    coords = np.tile(np.random.default_rng(0).random((20, 2)), (5, 1))
    drawn = maps.Tissue(coords, np.repeat(list("abcde"), 20))._coords.reshape(5, 20, 2)
    boxes = [(part.min(axis=0), part.max(axis=0)) for part in drawn]
    for place, (low, high) in enumerate(boxes):
        for other_low, other_high in boxes[place + 1 :]:
            assert (low > other_high).any() or (other_low > high).any()
        np.testing.assert_allclose(drawn[place] - low, drawn[0] - boxes[0][0])


def test_more_layers_than_colours():
    colors = maps.layer_colors(np.array([-1, 0, 14, 15]))
    assert (colors[1] == colors[3]).all()
    assert len(np.unique(colors, axis=0)) == 3


# --- clusters ---------------------------------------------------------------------------------------------------------


def clusters(sizes):
    number = np.repeat(np.arange(len(sizes)), sizes)
    rng = np.random.default_rng(0)
    place = {"x": rng.random(len(number)), "y": rng.random(len(number)), "typical": rng.random(len(number))}
    table = pd.DataFrame({"gene": [f"gene$_{n}" for n in range(len(number))], "cluster": number} | place)
    return table, rng.random((len(sizes), 64))


@pytest.mark.parametrize("sizes", [[10], [900, 40, 3], [9, 8, 7, 6, 5, 4, 3, 2]])
def test_clusters_few_and_many(sizes, tissue):
    table, means = clusters(sizes)
    figure = svg_clusters.plot(table, means, tissue, title="$T$", n_called=len(table))
    found = checked(figure)
    assert f"{sum(sizes):,} called genes" in found
    assert [f"cluster {place + 1}: {size:,} genes\n" in found for place, size in enumerate(sizes)] == [True] * len(
        sizes
    )
    assert len(figure.findobj(PolyCollection)) == len(sizes)


def test_typical_genes_are_named_and_constant_means_drawn(tissue, tmp_path):
    table, means = clusters([12])
    figure = svg_clusters.plot(table, means * 0, tissue, title="", n_called=12)
    best = table.sort_values("typical", ascending=False)["gene"].head(3)
    assert ", ".join(best) in texts(figure)
    saved(figure, tmp_path)


def test_too_few_genes_for_clusters(tissue):
    table, means = clusters([])
    figure = svg_clusters.plot(table, means, tissue, title="T", n_called=4)
    assert texts(figure) == ["T: clusters need 10 called genes that vary. Called: 4."]


# --- structure --------------------------------------------------------------------------------------------------------


def structure(n, *, annotated=True, empty=()):
    sets = ["common", *(f"{kind} m{place}" for kind in ("all", "only") for place in range(n))]
    rng = np.random.default_rng(0)
    rows = [
        (name, reference, *([np.nan] * 5 if name in empty else rng.random(5)))
        for name in sets
        for reference in ["annotated"] * annotated + ["common"] * (name != "common" and "common" not in empty)
    ]
    codes = {"annotated": np.where(np.arange(64) == 0, -1, LEFT)} if annotated else {}
    codes |= {name: np.full(64, -1) if name in empty else LEFT for name in sets}
    sizes = {name: 0 if name in empty else 1234 for name in sets}
    return pd.DataFrame(rows, columns=["set", "reference", *MEASURES]), codes, sizes


@pytest.mark.parametrize(("n", "annotated"), [(2, False), (4, True)])
def test_structures_of_few_and_many_sets(n, annotated, tissue):
    table, codes, sizes = structure(n, annotated=annotated, empty=["only m1"])
    layers = ["left <b>", "right"] if annotated else []
    figure = svg_structure.plot(table, codes, tissue, sizes=sizes, layers=layers, methods=registry(n), title="$T$")
    found = checked(figure)
    assert ("Against the annotated layers" in found) == annotated
    assert ("left <b>" in found) == annotated
    assert found.count("no structure") == 1
    assert len(figure.findobj(PolyCollection)) == len(codes)
    drawn = [item for item in figure.findobj(LineCollection) if len(item.get_segments())]
    assert len(drawn) == len(codes) - 1


def test_lines_are_the_measures(tissue, tmp_path):
    table, codes, sizes = structure(2)
    figure = svg_structure.plot(table, codes, tissue, sizes=sizes, layers=["a", "b"], methods=registry(2), title="")
    lines = {
        tuple(np.round(line.get_ydata(), 9)) for line in figure.findobj(lambda artist: hasattr(artist, "get_ydata"))
    }
    for row in table[list(MEASURES)].to_numpy():
        assert tuple(np.round(row, 9)) in lines
    saved(figure, tmp_path)


def test_without_common_genes_or_any_reference(tissue):
    for annotated in (True, False):
        table, codes, sizes = structure(2, annotated=annotated, empty=["common"])
        figure = svg_structure.plot(table, codes, tissue, sizes=sizes, layers=[], methods=registry(2), title="")
        assert "Against the structure of the common genes" not in checked(figure)


# --- distances --------------------------------------------------------------------------------------------------------


def distances(sizes, *, own=0):
    rng = np.random.default_rng(0)
    found = {name: pd.DataFrame(rng.random((n, 3)), columns=list(METRICS)) for name, n in sizes.items()}
    for table in found.values():
        table.iloc[: len(table) // 10] = np.inf
    tables = [table.assign(set=name, segmentation="shared") for name, table in found.items()]
    tables += [found["common"].head(own).assign(set="common", segmentation="m0")] if own else []
    return pd.concat(tables), passing(found, common="common", confidence=0.95), compare(found)


@pytest.mark.parametrize(
    "sizes",
    [
        {"common": 40, "only m0": 30, "only m3": 1, "random": 1000},
        {"common": 0, "only m0": 30, "random": 30},
        {"common": 1, "random": 1},
    ],
)
def test_distances_of_few_and_many_genes(sizes):
    given = distances(sizes, own=min(sizes["common"], 7))
    figure = svg_distances.plot(*given, methods=registry(4), title="$T$")
    found = checked(figure)
    names = [name for name, size in sizes.items() if size]
    assert f"random genes ({sizes['random']:,})" in found
    assert ("share within the cutoff" in found) == (not sizes["common"])
    assert sum(line.get_linestyle() == ":" for line in figure.axes[0].lines) == bool(sizes["common"])
    assert sum(line.get_linestyle() == "-" for line in figure.axes[0].lines) == len(names)


def test_curves_end_at_the_share_of_genes_with_a_segment():
    values = [0.1, 0.25, 0.5, 0.5, np.inf, np.inf, np.inf, np.inf]
    found = {"common": pd.DataFrame(dict.fromkeys(METRICS, values))}
    table = found["common"].assign(set="common", segmentation="shared")
    cutoffs = passing(found, common="common", confidence=0.95)
    figure = svg_distances.plot(table, cutoffs, compare(found), methods={}, title="")
    x, y = figure.axes[0].lines[0].get_data()
    np.testing.assert_allclose(x, [0, 0.1, 0.25, 0.5, 0.5, 0.5])
    np.testing.assert_allclose(y, [0, 0.125, 0.25, 0.375, 0.5, 0.5])


def test_nothing_to_compare():
    table = pd.DataFrame(columns=["gene", "set", "segmentation", *METRICS])
    figure = svg_distances.plot(table, table, table, methods={}, title="T")
    assert texts(figure) == ["T: no gene is called, or the structure has no layers."]


def test_all_genes_without_a_segment(tmp_path):
    found = {name: pd.DataFrame(np.full((3, 3), np.inf), columns=list(METRICS)) for name in ("common", "random")}
    table = pd.concat([part.assign(set=name, segmentation="shared") for name, part in found.items()])
    cutoffs = passing(found, common="common", confidence=0.95)
    figure = svg_distances.plot(table, cutoffs, compare(found), methods={}, title="T")
    checked(figure)
    saved(figure, tmp_path)


# --- examples ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "with_structure"), [(1, False), (1, True), (8, True)])
def test_examples_few_and_many(n, with_structure, tissue):
    values = np.random.default_rng(0).random(64)
    shown = [Example(f"gene$_{place}", f"cluster {place + 1}", values, LEFT) for place in range(n)]
    figure = svg_voronoi.plot(shown, tissue, structure=LEFT if with_structure else None, title="$T$")
    rows = 2 if with_structure else 1
    drawn = [item for item in figure.findobj(PolyCollection) if len(item.get_paths()) == 64]
    borders = [item for item in figure.findobj(LineCollection) if len(item.get_segments()) >= 8]
    assert len(drawn) == len(borders) == n * rows
    checked(figure)


def test_no_examples_and_a_gene_that_is_nowhere(tissue, tmp_path):
    assert texts(svg_voronoi.plot([], tissue, structure=None, title="T")) == ["T: no gene is called."]
    silent = Example("g", "rank 1", np.zeros(64), np.zeros(64, dtype=int))
    saved(svg_voronoi.plot([silent], tissue, structure=np.full(64, -1), title="T"), tmp_path)


def test_names_of_sets():
    methods = registry(2)
    assert svg_structure.set_name("common", methods) == "common to all"
    assert svg_structure.set_name("only m0", methods) == "<b>x</b>& only"
    called = pd.DataFrame({"m0": [True, True, False], "m1": [True, False, False]})
    assert {name: list(genes) for name, genes in gene_sets(called, ["m0", "m1"]).items()} == {
        "common": [0],
        "all m0": [0, 1],
        "all m1": [0],
        "only m0": [1],
        "only m1": [],
    }
