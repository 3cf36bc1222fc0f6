"""Pictures of curves that leave their panels, and what the figures say of them."""

import numpy as np
import pytest

from densities import plots
from densities.distributions import (
    Arcsine,
    Beta,
    Cauchy,
    Exponential,
    Gamma,
    Laplace,
    LogNormal,
    Mixture,
    NegativeBinomial,
    Normal,
    Poisson,
    StudentT,
    Uniform,
)
from densities.distributions.symbolic import Symbolic
from densities.estimate import Estimate
from densities.plots.data import pairs
from densities.plots.figures import style
from densities.plots.figures.laws import set_view
from densities.plots.figures.pairs import draw_integrand, draw_log_ratio
from densities.transforms import Square


def texts(figure):
    """All the text of a figure, in one string."""
    from matplotlib.text import Text

    return "\n".join(item.get_text() for item in figure.findobj(Text))


def arrows(ax):
    """The words at the edges of a panel where a curve leaves it."""
    return [text.get_text() for text in ax.texts if "arrow" in text.get_text()]


def log_ratio(p, q):
    c = pairs.comparison(p, q)
    ax = style.one_axes(None)
    set_view(ax, c.low, c.high)
    draw_log_ratio(ax, c)
    return ax


def integrand(p, q):
    c = pairs.comparison(p, q)
    ax = style.one_axes(None)
    set_view(ax, *c.focus)
    draw_integrand(ax, c, Estimate(c.area))
    return ax


def test_log_ratios_are_shown_as_far_as_they_go_or_arrows_say_that_they_go_on():
    ax = log_ratio(LogNormal(0.5, 0.8), Gamma(2.0))
    c = pairs.comparison(LogNormal(0.5, 0.8), Gamma(2.0))
    seen = c.t[(c.x >= c.low) & (c.x <= c.high) & np.isfinite(c.t)]
    assert ax.get_ylim()[1] > seen.max() > 5.0 and arrows(ax) == ["$\\downarrow$ "]
    assert arrows(log_ratio(Laplace(), Normal(0.0, 0.5))) == ["$\\uparrow$ "] * 2
    assert arrows(log_ratio(Normal(), Normal(1.0, 1.0))) == []


def test_an_integrand_that_leaves_its_panel_says_how_far():
    poles = integrand(Arcsine(0, 1), Beta(0.7, 0.4))
    assert sorted(arrows(poles)) == ["$\\downarrow$ $-\\infty$", "$\\uparrow$ $\\infty$"]
    narrow = Mixture([0.3, 0.7], [Normal(-3, 0.1), Normal(2, 1)])
    peak = integrand(narrow, Normal(0, 3))
    highest = narrow.pdf(-3.0) * (narrow.logpdf(-3.0) - Normal(0, 3).logpdf(-3.0))
    assert arrows(peak) == [f"$\\uparrow$ {highest:.3g}"]
    assert arrows(plots.density(Arcsine(0, 1), kind="logpdf").axes[0]) == ["$\\uparrow$ $\\infty$"] * 2


def test_the_halves_of_a_log_ratio_meet():
    p = Mixture([0.2, 0.8], [Normal(-3.1, 0.1), Normal(2, 1.2)])
    upper, lower, *_ = log_ratio(p, Normal(0, 3)).get_lines()
    c = pairs.comparison(p, Normal(0, 3))
    changes = np.count_nonzero(np.diff(np.sign(c.t[np.isfinite(c.t)])))
    assert changes == np.count_nonzero(upper.get_ydata() == 0.0) == np.count_nonzero(lower.get_ydata() == 0.0) > 0


def test_equal_laws_have_an_integrand_of_zero_amid_its_panel():
    assert integrand(Normal(), Normal()).get_ylim() == (-1.0, 1.0)


def test_a_mean_that_is_infinite_at_once_is_said_and_has_no_ticks():
    ax = plots.convergence(Normal(), Uniform(-0.1, 0.1), n=512).axes[0]
    assert "infty$ from the first look on" in texts(ax.figure) and not len(ax.get_yticks())


def test_tails_are_called_heavy_where_they_are():
    steady = [
        (Poisson(4.0), NegativeBinomial(4, 0.5)),
        (Mixture([0.3, 0.7], [Normal(-3, 0.1), Normal(2, 1)]), Normal(0, 3)),
        (Cauchy(), StudentT(2.0, 1.0, 2.0)),
    ]
    assert not [pair for pair in steady if pairs.run(*pair, n=2**14).heavy]
    assert pairs.run(StudentT(2.1), Normal(), n=2**14).heavy


def test_point_masses_stand_on_the_graph_that_they_go_through():
    figure = plots.change_of_variables(Poisson(3.0), Square())
    points = figure.axes[1].get_lines()[-1]
    np.testing.assert_array_equal(points.get_ydata(), points.get_xdata() ** 2)
    assert len(points.get_xdata()) > 5


@pytest.mark.slow
def test_formulas_stand_in_titles_without_brackets():
    assert "y = x**2 - x" in texts(plots.change_of_variables(Exponential(), Symbolic("x**2 - x")))
