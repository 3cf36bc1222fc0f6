"""Figures: what they are made of, as arrays and artists. No pixel is compared."""

import gc
import sys
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from densities import plots
from densities.distributions import (
    Beta,
    Cauchy,
    ChiSquared,
    Exponential,
    Gamma,
    LogNormal,
    Mixture,
    MultivariateNormal,
    Normal,
    Uniform,
)
from densities.divergences import kl
from densities.errors import ParameterError, ShapeError, SupportError, UnknownNameError
from densities.plots.data import laws, maps, pairs
from densities.transforms import Clip, Exp, Independent, Logit, Reciprocal, Relu, SinhArcsinh, Square, Tan
from densities.validation import validate

LOGNORMAL = np.exp(0.8 * Normal() + 0.5)
BIMODAL = Mixture([0.3, 0.7], [Normal(0, 0.2), Normal(2, 0.5)])
CLIPPED = np.clip(Normal(), -1, 2)
FEW = {"n": 256, "rng": 0}
SCALES = st.floats(0.2, 5.0)


def texts(figure):
    """All the text of a figure, in one string."""
    from matplotlib.text import Text

    return "\n".join(item.get_text() for item in figure.findobj(Text))


def labels(ax):
    return ax.get_legend_handles_labels()[1]


def methods(ax):
    """The names beside the estimates, from below."""
    return [text.get_text().split("\n")[0] for text in ax.get_yticklabels()]


# ---- importing


def test_matplotlib_is_loaded_by_the_first_figure_and_pyplot_never(run_python):
    code = """
import sys
from densities import plots
from densities.distributions import Normal
import densities.plots.data.laws, densities.plots.data.maps, densities.plots.data.pairs
assert "matplotlib" not in sys.modules
plots.density(Normal()).savefig("normal.png")
assert "matplotlib" in sys.modules and "matplotlib.pyplot" not in sys.modules
"""
    run_python("-c", code)


def test_figures_are_freed_and_settings_kept():
    import matplotlib

    before = dict(matplotlib.rcParams)
    figure = plots.compare(Normal(), Normal(1.0, 2.0), **FEW)
    figure.canvas.draw()
    gone = weakref.ref(figure)
    del figure
    gc.collect()
    assert gone() is None
    assert dict(matplotlib.rcParams) == before


def test_a_notebook_shows_a_figure():
    assert plots.density(Normal())._repr_png_().startswith(b"\x89PNG")


# ---- where to look


EVERYONE = [Normal(3.0, 2.0), LOGNORMAL, ChiSquared(1.0), Beta(0.5, 0.5), Cauchy(), BIMODAL, CLIPPED]


@pytest.mark.parametrize("law", EVERYONE)
def test_limits_lie_in_the_support_and_hold_the_bulk(law):
    low, high = laws.limits(law)
    start, stop = laws.ends(law)
    assert start <= low < high <= stop
    assert law.cdf(low) - law.pmf(low) + law.sf(high) <= 2 * laws.CUT


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))
def test_limits_move_and_stretch_with_the_law(loc, scale):
    low, high = laws.limits(Normal(loc, scale))
    first, last = laws.limits(Normal())
    assert [low, high] == pytest.approx([loc + scale * first, loc + scale * last], rel=1e-9, abs=1e-9 * scale)


def test_limits_snap_to_near_ends_and_not_to_far_ones():
    assert laws.limits(Gamma(2.0, 1.0))[0] == 0.0
    assert laws.limits(Gamma(400.0, 1.0))[0] > 300
    assert laws.limits(Uniform(2.0, 3.0)) == (2.0, 3.0)


def test_limits_for_a_logarithmic_axis_are_positive():
    low, high = laws.limits(LOGNORMAL, positive=True)
    assert [low, high] == pytest.approx(LOGNORMAL.ppf([laws.LEVEL, 1 - laws.LEVEL]), rel=1e-9)
    with pytest.raises(ParameterError, match="xscale"):
        laws.limits(Normal(), positive=True)


def test_the_grid_sees_a_narrow_peak_beside_a_wide_law():
    x = laws.grid(Normal(0, 1e-6), Normal(0, 1))
    assert np.sum(np.abs(x) < 1e-6) > 50
    assert np.sum(np.abs(x) > 0.1) > 50
    assert np.all(np.diff(x) > 0)


def test_peaks_are_cut_where_they_hide_the_rest():
    assert laws.top(np.array([0.1, 0.4]), 0.35) == (pytest.approx(0.432), 0.0)
    assert laws.top(np.array([0.1, np.inf]), 0.5) == (1.0, np.inf)
    assert laws.top(np.array([0.1, 50.0]), 0.5) == (1.0, 50.0)


# ---- the comparison


@pytest.mark.parametrize(
    ("p", "q"),
    [
        (LOGNORMAL, Gamma(2.0, 1.0)),
        (Gamma(2.0, 1.0), LOGNORMAL),
        (Normal() ** 2, Exponential(1.0)),
        (Beta(0.5, 0.5), Uniform(0.0, 1.0)),
        (Uniform(0.0, 1.0), Normal()),
        (BIMODAL, Normal(1.0, 2.0)),
        (Normal(0.0, 1e-3), Normal()),
        (CLIPPED, np.clip(Normal(0.5, 1.0), -1, 2)),
    ],
)
def test_the_area_of_the_integrand_is_the_divergence(p, q):
    c = pairs.comparison(p, q)
    truth = kl(p, q, method="quadrature").value
    assert c.area == pytest.approx(truth, rel=1e-3, abs=1e-4)
    assert 0.5 < c.shown <= 1.0


@given(st.floats(-2, 2), SCALES, SCALES)
def test_the_area_of_normal_pairs(mean, first, second):
    exact = np.log(second / first) + (first**2 + mean**2) / (2 * second**2) - 0.5
    assert pairs.comparison(Normal(mean, first), Normal(0, second)).area == pytest.approx(exact, rel=1e-3, abs=1e-3)


def test_the_integrand_is_p_times_the_log_ratio():
    c = pairs.comparison(Normal(), Normal(1.0, 2.0))
    exact = np.log(2) - c.x**2 / 2 + (c.x - 1) ** 2 / 8
    assert c.t == pytest.approx(exact, abs=1e-12)
    assert c.integrand == pytest.approx(np.exp(-(c.x**2) / 2) / np.sqrt(2 * np.pi) * exact, abs=1e-12)


def test_atoms_of_both_laws_have_their_log_ratio():
    c = pairs.comparison(CLIPPED, np.clip(Normal(0.5, 1.0), -1, 2))
    assert c.places.tolist() == [-1.0, 2.0]
    assert c.t_atoms == pytest.approx(np.log(c.mass_p / c.mass_q))
    assert c.t_atoms == pytest.approx(
        [np.log(0.15865525393145707 / 0.06680720126885807), np.log(0.022750131948179207 / 0.06680720126885807)],
        rel=1e-12,
    )


def test_compare_draws_both_laws_in_their_colours():
    figure = plots.compare(LOGNORMAL, Gamma(2.0, 1.0), **FEW)
    above, beside, below, last = figure.axes
    assert [line.get_color() for line in above.get_lines()] == ["#0072B2", "#D55E00"]
    assert labels(above) == ["$p$ = log_normal(mu=0.5, sigma=0.8)", "$q$ = gamma(shape=2, scale=1)"]
    assert [text[:7] for text in labels(beside)] == ["$p > q$", "$p < q$"]
    assert "0.0747 nats" in texts(figure)
    assert "0.04988 nats" in texts(figure)
    assert "nats" in below.get_ylabel() and "nats" in beside.get_ylabel()
    assert methods(last) == ["Monte Carlo", "quadrature", "closed form"]
    figure.canvas.draw()


def test_compare_says_infinite_and_why():
    figure = plots.compare(Normal(), Gamma(2.0, 1.0), **FEW)
    assert "= $\\infty$\np has mass below 0, where q has none" in texts(figure)
    assert "$q = 0$" in texts(figure)
    figure.canvas.draw()
    tails = plots.compare(Cauchy(), Normal(), **FEW)
    assert "= $\\infty$" in texts(tails)
    assert "$q = 0$" not in texts(tails)
    tails.canvas.draw()


@pytest.mark.parametrize(
    ("p", "q"),
    [
        pytest.param(Normal(), Normal(), marks=pytest.mark.slow),
        (Normal(), Normal(1e-9, 1.0)),
        (Normal(0.0, 1e-6), Normal(0.0, 1e6)),
        pytest.param(Uniform(0.0, 1.0), Uniform(2.0, 3.0), marks=pytest.mark.slow),
        pytest.param(Beta(0.5, 0.5), Uniform(0.0, 1.0), marks=pytest.mark.slow),
        (CLIPPED, np.clip(Normal(0.5, 1.0), -1, 2)),
        pytest.param(CLIPPED, Normal(), marks=pytest.mark.slow),
    ],
)
def test_compare_draws_hard_pairs_without_a_warning(p, q):
    plots.compare(p, q, **FEW).canvas.draw()


def test_the_integrand_of_a_narrow_law_is_enlarged():
    figure = plots.compare(Normal(0.0, 1e-3), Normal(), **FEW)
    above, beside = figure.axes[:2]
    assert np.ptp(beside.get_xlim()) < 0.01 < np.ptp(above.get_xlim())
    assert above.get_yscale() == "log"


def test_compare_draws_the_rows_of_a_report():
    report = validate(Normal(), Normal(1.0, 1.0), claimed=0.5, n=1024)
    last = plots.compare(Normal(), Normal(1.0, 1.0), report=report).axes[3]
    assert methods(last) == ["claimed", "Monte Carlo", "quadrature", "closed form"]


def test_compare_takes_axes_labels_and_scale():
    from matplotlib.figure import Figure

    mine = Figure()
    axes = mine.subplots(2, 2)
    figure = plots.compare(LOGNORMAL, Gamma(2.0, 1.0), axes=axes, labels=("mine", "yours"), xscale="log", **FEW)
    assert figure is mine
    assert axes[0, 0].get_xscale() == "log"
    assert "per unit of x" in axes[0, 0].get_xlabel()
    assert labels(axes[0, 0]) == ["$p$ = mine", "$q$ = yours"]
    figure.canvas.draw()
    with pytest.raises(ParameterError, match="axes"):
        plots.compare(Normal(), Normal(1.0, 1.0), axes=axes[0], **FEW)
    with pytest.raises(ParameterError, match="xscale"):
        plots.compare(Normal(), Normal(1.0, 1.0), xscale="cube", **FEW)


def test_batches_are_refused():
    with pytest.raises(ShapeError, match="p: expected one law on the line"):
        plots.compare(Normal(np.zeros(2)), Normal())
    with pytest.raises(ShapeError, match=r"got 'event shape \(2,\): multivariate_normal"):
        plots.compare(MultivariateNormal(np.zeros(2), np.eye(2)), Normal())


# ---- change of variables

CHANGES = [
    (Normal(0.5, 0.8), Exp()),
    (Normal(0.5, 1.0), Square()),
    (Normal(0.5, 1.0), Reciprocal()),
    (Normal(), SinhArcsinh(0.5, 1.2)),
    (Normal(0.3, 1.0), Relu()),
    (Gamma(3.0, 2.0), Reciprocal()),
    (Uniform(0.0, 1.0), Logit()),
    (Normal(), Clip(-1.0, 2.0)),
]


@pytest.mark.parametrize(("base", "transform"), CHANGES)
def test_strips_hold_equal_probability_on_both_sides(base, transform):
    found = maps.strips(base, transform, 8)
    assert sorted({strip.number for strip in found}) == list(range(8))
    for number in range(8):
        assert sum(strip.mass for strip in found if strip.number == number) == pytest.approx(1 / 8, rel=1e-9)
    pushed = base >> transform
    for first, second in [(0, 3), (5, 8)]:
        ends = np.array([strip.y for strip in found if first <= strip.number < second])
        inside = [
            strip.mass
            for strip in found
            if ends.min() <= min(strip.y) and max(strip.y) <= ends.max() and min(strip.y) < max(strip.y)
        ]
        atoms = sum(mass for place, mass in zip(*pushed.atoms, strict=True) if ends.min() <= place <= ends.max())
        below = pushed.cdf(ends.min()) - pushed.pmf(ends.min()) if np.isfinite(ends.min()) else 0.0
        whole = pushed.cdf(ends.max()) - below
        assert sum(inside) + atoms <= whole + 1e-9


@pytest.mark.parametrize(("base", "transform"), CHANGES)
def test_branches_add_up_to_the_pushed_density(base, transform):
    c = maps.change(base, transform)
    total = sum(branch.density for branch in c.branches)
    inner = np.isfinite(c.pushed_density) & np.isfinite(total) & (c.y > c.y[2]) & (c.y < c.y[-3])
    assert total[inner] == pytest.approx(c.pushed_density[inner], rel=1e-9, abs=1e-12)
    for branch in c.branches:
        assert branch.y == pytest.approx(np.asarray(transform(branch.x)), rel=1e-12)


@pytest.mark.parametrize(("base", "transform"), CHANGES)
def test_change_of_variables_draws(base, transform):
    figure = plots.change_of_variables(base, transform)
    pushed, middle, below = figure.axes[:3]
    assert middle.get_ylim() == pushed.get_ylim()
    assert middle.get_xlim() == below.get_xlim()
    assert pushed.get_xlim()[0] > pushed.get_xlim()[1] == 0.0
    figure.canvas.draw()


def test_a_pole_breaks_the_graph():
    c = maps.change(Normal(0.5, 1.0), Reciprocal())
    assert len(c.branches) == 2
    assert c.branches[0].x.max() < 0 < c.branches[1].x.min()
    assert c.branches[0].y.max() < 0 < c.branches[1].y.min()


def test_the_mode_is_marked_only_where_it_moves():
    moved = maps.change(Normal(0.5, 0.8), Exp())
    assert moved.moved
    eye = 0.005 * np.ptp(moved.y_view)
    assert [moved.mode, moved.image_of_mode] == pytest.approx([np.exp(0.5 - 0.64), np.exp(0.5)], abs=eye)
    assert "mode of Y" in texts(plots.change_of_variables(Normal(0.5, 0.8), Exp()))
    assert not maps.change(Normal(), SinhArcsinh(0.0, 1.2)).moved
    assert not maps.change(Normal(), Square()).moved
    assert not maps.change(Uniform(0.0, 1.0), Exp()).moved


def test_atoms_stand_beside_the_pushed_density():
    assert "P = 0.382" in texts(plots.change_of_variables(Normal(0.3, 1.0), Relu()))


def test_change_of_variables_takes_axes_and_refuses_nonsense():
    from matplotlib.figure import Figure

    mine = Figure()
    assert plots.change_of_variables(Normal(), Exp(), axes=mine.subplots(1, 3), strips=4) is mine
    with pytest.raises(ParameterError, match="strips"):
        plots.change_of_variables(Normal(), Exp(), strips=0)
    with pytest.raises(ParameterError, match="transform: expected a Transform"):
        plots.change_of_variables(Normal(), np.exp)
    with pytest.raises(ShapeError, match="transform: expected one map of the line"):
        plots.change_of_variables(Normal(), Independent(Exp(), 1))
    with pytest.raises(SupportError):
        plots.change_of_variables(Normal(), Logit())


# ---- convergence


def test_the_running_mean_ends_at_the_mean_of_the_draws():
    found = pairs.run(Normal(), Normal(1.0, 1.0), n=4096, rng=1)
    assert found.n[0] == 8 and found.n[-1] == 4096
    assert np.all(np.diff(found.n) > 0)
    assert abs(found.mean[-1] - 0.5) < 2 * found.half[-1]
    # log p/q = 1/2 - x has standard deviation 1
    assert found.half[-1] == pytest.approx(1.96 / 64, rel=0.05)
    assert not found.heavy
    again = pairs.run(Normal(), Normal(1.0, 1.0), n=4096, rng=1)
    assert np.array_equal(found.mean, again.mean)


@pytest.mark.slow
def test_the_band_holds_as_often_as_it_says():
    hits = [
        abs(found.mean[-1] - 0.5) < found.half[-1]
        for found in (pairs.run(Normal(), Normal(1.0, 1.0), n=256, rng=seed) for seed in range(2000))
    ]
    assert np.mean(hits) == pytest.approx(0.95, abs=0.02)


def test_convergence_draws_the_lines():
    figure = plots.convergence(Normal(), Normal(1.0, 1.0), n=512)
    (ax,) = figure.axes
    assert ax.get_xscale() == "log"
    assert labels(ax) == ["95 % interval", "Monte Carlo mean", *labels(ax)[2:]]
    assert [line.get_ydata()[0] for line in ax.get_lines()[1:]] == pytest.approx([0.5, 0.5], rel=1e-9)
    figure.canvas.draw()


def test_convergence_says_what_the_draws_cannot():
    assert "whatever the mean of the draws" in texts(plots.convergence(Cauchy(), Normal(), n=512))
    assert "whatever the mean of the draws" in texts(plots.convergence(Normal(), Exponential(1.0), n=512))
    assert "heavy tail" in texts(plots.convergence(LogNormal(0.0, 2.0), Gamma(2.0, 1.0), n=4096))


@pytest.mark.parametrize("arguments", [{"n": 4}, {"level": 1.0}])
def test_convergence_refuses_nonsense(arguments):
    with pytest.raises(ParameterError, match=next(iter(arguments))):
        plots.convergence(Normal(), Normal(1.0, 1.0), **arguments)


# ---- overlays


@pytest.mark.parametrize("kind", laws.KINDS)
def test_density_draws_every_kind_of_laws_and_samples(kind):
    sample = np.random.default_rng(0).exponential(size=300)
    figure = plots.density(Exponential(1.0), ChiSquared(1.0), BIMODAL, CLIPPED, sample, kind=kind)
    (ax,) = figure.axes
    assert len(labels(ax)) == 5
    assert labels(ax)[-1] == "sample of 300"
    figure.canvas.draw()


def test_the_curve_is_the_function_of_the_law():
    line = plots.density(LogNormal(0.0, 1.0), kind="cdf").axes[0].get_lines()[0]
    x, y = line.get_data()
    assert y == pytest.approx(LogNormal(0.0, 1.0).cdf(x), rel=1e-14)


def test_an_infinite_end_is_cut_and_said():
    figure = plots.density(ChiSquared(1.0))
    (ax,) = figure.axes
    assert 1.0 < ax.get_ylim()[1] < 10.0
    assert "$\\uparrow$ $\\infty$" in texts(figure)
    assert np.isfinite(ax.get_lines()[0].get_ydata()).all()
    assert texts(plots.density(Beta(0.5, 0.5))).count("uparrow") == 2
    assert "uparrow" not in texts(plots.density(Normal()))


def test_atoms_are_stems_with_their_mass():
    assert {"P = 0.159", "P = 0.0228"} <= set(texts(plots.density(CLIPPED)).split("\n"))


@given(st.integers(0, 10**6), SCALES)
def test_histograms_keep_the_mass_and_the_support(seed, scale):
    sample = Exponential(scale).rvs(500, rng=seed)
    edges = laws.sample_edges(sample, [Exponential(scale)])
    curve = laws.sample_curve(sample, "pdf", edges)
    assert edges[0] >= 0.0
    assert np.sum(curve.y[:-1] * np.diff(edges)) == pytest.approx(np.mean((sample >= edges[0]) & (sample <= edges[-1])))
    assert np.sum(curve.y[:-1] * np.diff(edges)) > 0.98


def test_the_empirical_cdf_counts():
    curve = laws.sample_curve(np.array([3.0, 1.0, 2.0, 2.0]), "cdf", np.array([1.0, 3.0]))
    assert curve.x.tolist() == [1.0, 2.0, 2.0, 3.0]
    assert curve.y.tolist() == [0.25, 0.5, 0.75, 1.0]


def test_a_constant_sample_and_wide_data_draw():
    plots.density(np.ones(10)).canvas.draw()
    plots.density(np.geomspace(1e-200, 1e200, 50)).canvas.draw()


def test_density_takes_axes_and_labels():
    from matplotlib.figure import Figure

    mine = Figure().subplots()
    assert plots.density(Normal(), ax=mine, labels=["a law"]) is mine.figure
    assert labels(mine) == ["a law"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (((), {}), ParameterError),
        (((Normal(),), {"labels": ["one", "two"]}), ParameterError),
        (((Normal(),), {"kind": "pfd"}), UnknownNameError),
        (((Normal(),), {"xscale": "log"}), ParameterError),
        (((np.zeros((2, 2)),), {}), ShapeError),
        ((([1.0, np.nan],), {}), ShapeError),
        ((("normal",), {}), TypeError),
        (((Normal(np.zeros(3)),), {}), ShapeError),
    ],
)
def test_density_refuses_nonsense(arguments, error):
    with pytest.raises(error):
        plots.density(*arguments[0], **arguments[1])


def test_names_with_dollars_and_great_length_are_drawn():
    from densities.plots.figures import style

    assert style.plain("a $ b") == "a \\$ b"
    assert len(style.plain("word " * 50)) <= style.LONGEST
    assert style.number(np.nan) == "undefined"
    assert style.number(-np.inf) == "$-\\infty$"


# ---- maps alone


def test_transform_draws_graph_and_derivative():
    figure = plots.transform(Exp())
    above, below = figure.axes
    x, y = above.get_lines()[0].get_data()
    assert y == pytest.approx(np.exp(x), rel=1e-12)
    x, slope = below.get_lines()[0].get_data()
    assert slope == pytest.approx(np.exp(x), rel=1e-12)
    assert "exp" in above.get_title(loc="left")
    figure.canvas.draw()


@pytest.mark.parametrize("transform", [Reciprocal(), Tan(), Logit(), Clip(-1.0, 2.0), Square(), Exp().inv])
def test_graphs_stay_in_the_domain_and_in_view(transform):
    graph = maps.graph(transform)
    assert transform.domain.contains(np.concatenate([piece[0] for piece in graph.pieces])).all()
    assert np.isfinite([*graph.y_view, *graph.slope_view]).all()
    assert np.ptp(graph.y_view) < 100
    plots.transform(transform).canvas.draw()


def test_graphs_of_derivatives_have_their_sign():
    (x, _, slope), (_, _, other) = maps.graph(Square()).pieces
    assert slope == pytest.approx(2 * x, rel=1e-12)
    assert np.all(other > 0)


def test_transform_takes_a_range():
    assert maps.graph(Exp(), low=0.0, high=1.0).x_view == (0.0, 1.0)
    with pytest.raises(ParameterError, match="low, high"):
        plots.transform(Exp(), low=2.0, high=1.0)
    with pytest.raises(ShapeError):
        plots.transform(Independent(Exp(), 1))


def test_no_test_has_loaded_pyplot():
    assert "matplotlib.pyplot" not in sys.modules
