"""Pictures of laws that are hard to see: point masses side by side, ticks far from 0, infinite and empty ranges."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pytest

from densities import plots
from densities.distributions import (
    Beta,
    Binomial,
    Exponential,
    Gamma,
    Geometric,
    LogNormal,
    Normal,
    Poisson,
    Uniform,
    Zipf,
)
from densities.errors import ParameterError, UnsupportedOperationError
from densities.plots.data import laws, maps
from densities.plots.figures import style
from densities.transforms import Affine, Clip, Exp, Floor, Square

FEW = {"n": 2**12}
COUNTS = Poisson(3.0), Binomial(20, 0.3), Geometric(0.2)


def masses_said(ax):
    """The masses in figures that stand in a panel."""
    return [text for text in ax.texts if text.get_gid() == "mass"]


def ticks(axis):
    """The texts of an axis within its view."""
    low, high = sorted(axis.get_view_interval())
    places = [place for place in axis.get_majorticklocs() if low <= place <= high]
    return axis.get_major_formatter().format_ticks(places)


def heads(ax):
    return np.concatenate([line.get_ydata() for line in ax.get_lines() if line.get_marker() in style.HEADS])


@pytest.mark.parametrize("counts", [COUNTS, COUNTS[::-1], COUNTS[:2]])
def test_stems_of_several_laws_end_in_the_panel(counts):
    (ax,) = plots.density(*counts).axes
    assert len({line.get_marker() for line in ax.get_lines()}) == len(counts)  # told apart without colours
    assert heads(ax).max() == max(law.pmf(np.arange(30)).max() for law in counts)
    assert ax.get_ylim() == (0.0, pytest.approx(1.08 * heads(ax).max()))
    assert ax.get_ylabel() == "probability"


def test_stems_of_a_comparison_end_in_the_panel():
    figure = plots.compare(Poisson(3.0), Poisson(4.0), **FEW)
    above = figure.axes[0]
    assert heads(above).max() < above.get_ylim()[1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a panel without room
        figure.canvas.draw()
    assert min(ax.get_position().height for ax in figure.axes) > 0.2


def test_log_masses_stand_on_the_axis():
    figure = plots.density(*COUNTS[:2], kind="logpdf")
    (ax,) = figure.axes
    low, high = ax.get_ylim()
    assert np.all((heads(ax) > low) & (heads(ax) < high))
    assert ax.get_ylabel() == "log probability (nats)"
    figure.canvas.draw()


def test_laws_with_and_without_a_density_share_the_axis_of_the_density():
    (ax,) = plots.density(Normal(), Poisson(3.0)).axes
    assert ax.get_ylim()[1] == pytest.approx(1.08 * Normal().pdf(0.0))


def test_masses_are_said_where_they_have_room_and_never_over_each_other():
    for figure in (plots.density(Normal(), Poisson(3.0)), plots.compare(Normal() >> Clip(-1, 2), Poisson(3.0), **FEW)):
        said = masses_said(figure.axes[0])
        boxes = [text.get_window_extent() for text in said]
        assert len(said) >= 3
        assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


@pytest.mark.parametrize("base", [Poisson(3.0), Normal()])
def test_a_change_of_variables_shows_the_atoms_in_view_only(base):
    pushed, _, below, _ = plots.change_of_variables(base, Square() if base.measure == "counting" else Floor()).axes
    for ax, places in ((pushed, lambda line: line.get_ydata()), (below, lambda line: line.get_xdata())):
        low, high = ax.get_ylim() if ax is pushed else ax.get_xlim()
        drawn = np.concatenate([places(line) for line in ax.get_lines() if line.get_marker() == "o"] or [[low]])
        assert np.all((drawn >= low) & (drawn <= high))
    assert pushed.get_xlabel() == "probability of Y"
    assert below.get_ylabel() == ("probability of X" if base.measure == "counting" else "density of X")


def test_point_masses_have_no_strips():
    assert maps.change(Poisson(3.0), Square()).strips == ()


@pytest.mark.parametrize(("law", "view"), [(Poisson(1e6), (997_000, 1_003_000)), (Zipf(1.5), (1, 150_000))])
def test_laws_of_too_many_atoms_to_list_show_those_in_view(law, view):
    places, masses = laws.atoms_in(law, *view)
    assert np.sum(masses) == pytest.approx(law.prob(view[0] - 1, view[1]), rel=1e-9)
    assert np.all((places >= view[0]) & (places <= view[1]))
    (ax,) = plots.density(law).axes
    assert ax.get_lines()[0].get_label() == str(law)


def test_atoms_that_are_no_integers_and_too_many_are_refused():
    with pytest.raises(UnsupportedOperationError, match="too many to list"):
        plots.density(0.5 * Zipf(1.5))
    with pytest.raises(UnsupportedOperationError, match="too many to list"):
        laws.atoms_in(Zipf(1.5), 0.0, 1e9)


@pytest.mark.parametrize("law", [Poisson(1e6), 0.5 * Zipf(1.5), Normal()])
def test_quantiles_of_laws_whose_jumps_none_can_see_keep_their_grid(law):
    x = laws.probabilities(50)
    assert laws.with_jumps(law, "isf", x) is x


def test_quantiles_of_point_masses_jump():
    law = Poisson(3.0)
    x = laws.with_jumps(law, "ppf", laws.probabilities(50))
    y = law.ppf(x)
    assert np.all(np.diff(x)[np.diff(y) > 0] < 1e-12)


@pytest.mark.parametrize(
    "law",
    [Normal(1e6, 1e-3), Normal(1e6, 1.0), LogNormal(0.0, 10.0), Normal(0.0, 1e-9), Uniform(0.0, 1e30), Poisson(1e6)],
)
def test_ticks_tell_places_apart_and_have_room(law):
    figure = plots.density(law)
    figure.canvas.draw()
    (ax,) = figure.axes
    for axis in (ax.xaxis, ax.yaxis):
        texts = ticks(axis)
        assert len(texts) >= 2 and len(set(texts)) == len(texts)
        assert all(abs(float(t.replace("\N{MINUS SIGN}", "-"))) < 1e300 for t in texts)
    boxes = [label.get_window_extent() for label in ax.get_xticklabels() if label.get_text()]
    assert not any(a.overlaps(b) for a, b in pairwise(boxes))


def test_infinite_densities_leave_the_rest_to_be_seen():
    (ax,) = plots.density(Beta(0.1, 0.1)).axes
    assert ax.get_ylim()[1] == 2.0 * laws.MOST
    assert laws.top(np.array([0.1, np.inf]), 1e4, 2.0) == (laws.MOST, np.inf)


@pytest.mark.parametrize("kind", ["logcdf", "logsf", "logpdf"])
def test_axes_of_logarithms_do_not_follow_the_last_double_of_a_support(kind):
    (ax,) = plots.density(Normal(), Exponential(1.0), kind=kind).axes
    low, high = ax.get_ylim()
    assert -25.0 < low < -4.0
    assert 0.0 < high < 2.0


def test_bars_of_integers_hold_as_many_of_them():
    sample = np.random.default_rng(0).integers(0, 10, 100)
    edges = laws.sample_edges(sample, [])
    assert np.all(edges % 1.0 == 0.5)
    assert np.ptp(np.diff(edges)) == 0.0
    assert edges[0] < sample.min() and edges[-1] > sample.max()
    assert np.sum(laws.sample_curve(sample, "pdf", edges).y[:-1] * np.diff(edges)) == pytest.approx(1.0)


def test_the_seventh_law_differs_from_the_first():
    (ax,) = plots.density(*[Normal(i, 1.0) for i in range(8)]).axes
    looks = [(line.get_color(), line.get_linestyle()) for line in ax.get_lines()]
    assert len(set(looks)) == 8


@pytest.mark.parametrize("law", [Uniform(0.0, 1e-300), Uniform(1e300, 1.5e308), Uniform(1.0, 1.0 + 1e-14)])
def test_views_beyond_an_axis_of_doubles_are_refused(law):
    with pytest.raises(UnsupportedOperationError, match="shift and scale the laws"):
        plots.density(law)


def test_maps_without_a_finite_value_in_view_are_refused():
    with pytest.raises(ParameterError, match="low, high"):
        plots.transform(Affine(1e6, 1.0) >> Exp())
    with pytest.raises(ParameterError, match="low, high"):
        plots.transform(Exp(), low=1e4, high=2e4)


@pytest.mark.parametrize(("scale", "view"), [(0.8, (0.4, 1.2)), (-2.0, (-3.0, -1.0))])
def test_constant_slopes_stand_in_the_middle(scale, view):
    assert maps.graph(Affine(0.0, scale)).slope_view == pytest.approx(view)


def test_flat_maps_have_an_axis_of_slopes():
    assert maps.graph(Floor()).slope_view == (-1.0, 1.0)


def test_the_integrand_fills_its_panel_on_a_logarithmic_axis():
    figure = plots.compare(LogNormal(0.0, 2.0), LogNormal(1.0, 3.0), xscale="log", **FEW)
    beside = figure.axes[1]
    y = beside.get_lines()[0].get_ydata()
    assert np.nanmin(y) > beside.get_ylim()[0]


def test_a_law_without_density_against_one_with_is_drawn_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plots.compare(Normal(), Poisson(3.0), **FEW).canvas.draw()
        figure = plots.compare(Uniform(-1.0, 1.0), Normal(), **FEW)
    assert "takes away 0" in figure.axes[1].get_legend_handles_labels()[1][1]


def test_gammas_far_away_have_few_ticks():
    (ax,) = plots.density(Gamma(1e10, 1e-3)).axes
    assert sum(map(len, ticks(ax.xaxis))) < 72


@pytest.mark.parametrize(
    ("p", "q", "unit", "whole"),
    [
        (Normal(), Normal(1), "(nats per unit of x)", "area ="),
        (Binomial(9, 0.3), Binomial(9, 0.4), "(nats)", "sum of the bars ="),
        (Normal() >> Clip(-1, 1), Normal(1) >> Clip(-1, 1), "(nats per unit of x)", "area and bars (in nats) ="),
    ],
)
def test_the_integrand_says_what_it_is_measured_in(p, q, unit, whole):
    panel = plots.compare(p, q, **FEW).axes[1]
    assert panel.get_ylabel().endswith(unit)
    said = [text.get_text() for text in panel.findobj(lambda artist: hasattr(artist, "get_text"))]
    assert any(text.startswith(whole) for text in said)
