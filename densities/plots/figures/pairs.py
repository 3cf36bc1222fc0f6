"""Two laws against each other, and the Monte Carlo estimate of their divergence on its way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from densities.arrays import quiet
from densities.divergences.evaluate import kl
from densities.estimate import ErrorKind, Estimate, format_error, format_value
from densities.plots.data.laws import bulk_height, highest_mass, top
from densities.plots.data.pairs import METHODS, Comparison, best, comparison, estimates, of_report, run
from densities.plots.figures import style
from densities.plots.figures.laws import check_scale, set_view, x_label

P_OVER_Q = r"$\log\,(p/q)$  (nats)"
IN_VIEW = 0.95  # a smaller share of the area in view is worth a word
INTEGRAND = r"$p\,\log\,(p/q)$  "
# Of laws with a density, with point masses and with both: the unit of the integrand, and what of it makes up the divergence.
UNITS = {"lebesgue": "(nats per unit of x)", "counting": "(nats)", "mixed": "(nats per unit of x)"}
WHOLE = {"lebesgue": "area", "counting": "sum of the bars", "mixed": "area and bars (in nats)"}


def compare(
    p: Any,
    q: Any,
    *,
    axes: Any = None,
    labels: tuple[str, str] | None = None,
    xscale: str = "linear",
    report: Any = None,
    n: int = 2**16,
    rng: Any = 0,
) -> Any:
    """Both densities, where D(p‖q) comes from, the log-ratio, and the estimates against each other; the Figure.

    axes    four axes for densities, integrand, log-ratio and estimates, in this order (those of `plt.subplots(2, 2)`)
    labels  names for p and q
    xscale  "linear" or "log"; densities stay per unit of x, so on a logarithmic axis areas are not to scale
    report  the result of `validate(p, q)`: its rows are drawn, a claimed number included, and nothing is computed twice
    n, rng  the draws of the Monte Carlo estimate and their seed, without a report

    p is blue and q vermillion; the integrand is filled in the colour of the law that is larger there, and its signed
    area is D(p‖q) in nats. An infinite divergence is written as such, with the reason. Raises ShapeError for batches
    and vectors, ParameterError for other scales.
    """
    c = comparison(p, q, log=check_scale(xscale))
    names = labels or (style.name_of(c.p), style.name_of(c.q))
    forward = estimates(c.p, c.q, n=n, rng=rng) if report is None else of_report(report)
    back = kl(c.q, c.p)
    figure = None if axes is not None else style.new_figure(10.5, 7.2)
    (above, beside), (below, last) = np.reshape(style.given_axes(figure.subplots(2, 2) if figure else axes, 4), (2, 2))
    for ax in (above, below):
        set_view(ax, c.low, c.high, xscale)
    set_view(beside, *c.focus, xscale)
    draw_densities(above, c, names)
    draw_integrand(beside, c, best(forward))
    draw_log_ratio(below, c)
    draw_estimates(last, forward)
    for ax in (above, beside, below):
        ax.set_xlabel(x_label(xscale))
    if c.focus != (c.low, c.high):
        beside.set_xlabel("x (the part where p is)")
    if figure:
        there, backwards = style.divergence(), style.divergence("q", "p")
        title = f"{there} = {style.outcome(best(forward))}        {backwards} = {style.outcome(back)}"
        figure.suptitle(title, x=0.01, ha="left", fontsize=13)
    return style.figure_of(above)


def draw_densities(ax: Any, c: Comparison, names: tuple[str, str]) -> None:
    """p and q; stems for atoms. Heights more than a hundredfold apart get a logarithmic axis."""
    counting = c.p.measure == c.q.measure == "counting"
    bulks = [bulk_height(c.p), bulk_height(c.q)]
    width = c.high - c.low
    tops = [top(pdf, bulk, width) for pdf, bulk in zip((c.pdf_p, c.pdf_q), bulks, strict=True) if np.any(pdf > 0.0)]
    tops = tops or [(highest_mass(c.mass_p, c.mass_q), 0.0)]
    height, cut = max(tops)[0], max(peak for _, peak in tops)
    apart = min(bulks) > 0 and max(bulks) > 100.0 * min(bulks)
    rows: list[Any] = [
        (c.pdf_p, c.mass_p, style.P, f"$p$ = {names[0]}", -2.0, "-"),
        (c.pdf_q, c.mass_q, style.Q, f"$q$ = {names[1]}", 2.0, (0, (6, 1.5))),
    ]
    if apart:
        ax.set_yscale("log")
        ax.set_ylim(1e-4 * min(bulks), 3.0 * height)
    else:
        ax.set_ylim(0.0, height)
    for (pdf, masses, color, label, dx, dashes), head in zip(rows, style.HEADS, strict=False):
        here = masses > 0
        if not counting:
            y = np.minimum(pdf, 10.0 * height)
            y = np.where(y > 0, y, np.nan) if apart else y
            ax.plot(c.x, y, color=color, lw=1.8, ls=dashes, label=label)
            ax.fill_between(c.x, y, 0.0 if not apart else 1e-300, color=color, alpha=0.12, lw=0)
        stem = label if counting else None
        style.atoms(ax, c.places[here], masses[here], color, counting=counting, label=stem, dx=dx, head=head)
        above = np.flatnonzero(pdf > height)
        if cut and above.size and not apart:
            peak = above[np.argmax(pdf[above])]
            style.goes_on(ax, float(c.x[peak]), float(pdf[peak]), color)
    style.tidy(ax, ylabel="probability" if counting else "density (log axis)" if apart else "density")
    style.legend_above(ax)


def draw_integrand(ax: Any, c: Comparison, estimate: Estimate) -> None:
    """p·log(p/q) filled by sign: what p gains where it is larger, less what it loses where q is."""
    finite = np.where(np.isfinite(c.integrand), c.integrand, np.nan)
    limit = _robust(c, finite, np.geomspace if ax.get_xscale() == "log" else np.linspace)
    y = np.clip(finite, *(3.0 * np.array(limit)))
    if np.isfinite(c.pdf_p).any() and np.any(finite != 0):
        ax.plot(c.x, y, color=style.INK, lw=1.0)
        gain = np.inf if np.isposinf(estimate.value) else c.gain
        adds, takes = f"$p > q$: adds {style.number(gain, 3)}", f"$p < q$: takes away {style.number(c.loss, 3)}"
        ax.fill_between(c.x, np.maximum(y, 0.0), color=style.P, alpha=style.SOLID, lw=0, label=adds)
        ax.fill_between(c.x, np.minimum(y, 0.0), color=style.Q, alpha=style.SOLID, lw=0, label=takes)
        ax.set_ylim(*limit)
        style.beyond(ax, c.x, _told(c, max(map(abs, limit))))
    elif c.p.measure != "counting":
        ax.set_ylim(-1.0, 1.0)
    with quiet():
        terms = np.where(c.mass_p > 0, c.mass_p * c.t_atoms, 0.0)
    for sign, color in ((1.0, style.P), (-1.0, style.Q)):
        own = np.isfinite(terms) & (sign * terms > 0.0)
        if own.any():
            ax.vlines(c.places[own], 0.0, terms[own], color=color, lw=2.5)
    shade_nothing(ax, c)
    ax.axhline(0.0, color=style.NEUTRAL, lw=0.8)
    style.tidy(ax, ylabel=INTEGRAND + UNITS[c.p.measure])
    style.legend_above(ax, 2, _area(c, estimate))


def _told(c: Comparison, most: float) -> np.ndarray:
    """The integrand for words on how far it goes: without what is hatched, infinite at poles of p that it rises to."""
    y = np.where(np.isfinite(c.t), c.integrand, np.nan)
    for pole in np.flatnonzero(np.isposinf(c.pdf_p)):
        beside = y[max(pole - 1, 0) : pole + 2]
        far = beside[np.abs(beside) > most]
        y[pole] = np.inf * far[0] if far.size else np.nan
    return y


def _area(c: Comparison, estimate: Estimate) -> str:
    """What the whole of the integrand is, in words."""
    text = f"{WHOLE[c.p.measure]} = {style.divergence()} = {style.outcome(estimate)}"
    if np.isinf(estimate.value):
        return f"{text}\n{style.wrapped(estimate.reason, 52)}" if estimate.reason else text
    return f"{text}, {100 * c.shown:.0f} % of it in view" if c.shown < IN_VIEW else text


def shade_nothing(ax: Any, c: Comparison) -> None:
    """Hatching where p has mass and q has none: there the integrand is infinite."""
    where = np.flatnonzero(np.isposinf(c.t))
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 2}
    for group in np.split(where, np.flatnonzero(np.diff(where) > 1) + 1):
        if len(group) > 1:
            start, stop = c.x[group[0]], c.x[group[-1]]
            ax.axvspan(start, stop, facecolor="none", edgecolor=style.P, hatch="///", alpha=0.5, lw=0)
            ax.text(
                0.5 * (start + stop),
                0.5,
                "$q = 0$",
                transform=ax.get_xaxis_transform(),
                ha="center",
                va="center",
                color=style.P,
                fontsize=11,
                bbox=box,
            )


def _robust(c: Comparison, y: np.ndarray, spaced: Any) -> tuple[float, float]:
    """Limits of an axis that show all finite values but for spikes many times as high as most of the panel.

    `spaced` is the function that spaces points equally on the horizontal axis.
    """
    inside = np.isfinite(y) & (c.x >= c.focus[0]) & (c.x <= c.focus[1])
    known = y[inside]
    if not np.any(known):
        return -1.0, 1.0
    spread = np.abs(np.interp(spaced(*c.focus, 400), c.x[inside], known, left=0.0, right=0.0))
    reach = min(float(np.abs(known).max()), 6.0 * float(np.quantile(spread, 0.95)) or np.inf)
    low, high = max(float(known.min()), -reach), min(float(known.max()), reach)
    margin = 0.06 * (high - low)
    return min(low, 0.0) - margin, max(high, 0.0) + margin


def draw_log_ratio(ax: Any, c: Comparison) -> None:
    """log p/q, in the colour of the law that is larger."""
    y = np.where(np.isfinite(c.t), c.t, np.nan)
    low, high = c.t_range
    margin = 0.08 * (high - low) or 1.0
    ax.set_ylim(low - margin, high + margin)
    style.beyond(ax, c.x, y, said=False)
    x, y = _with_zeros(c.x, np.clip(y, low - 10 * margin, high + 10 * margin))
    ax.fill_between(x, np.maximum(y, 0.0), color=style.P, alpha=style.FAINT, lw=0)
    ax.fill_between(x, np.minimum(y, 0.0), color=style.Q, alpha=style.FAINT, lw=0)
    ax.plot(x, np.where(y >= 0, y, np.nan), color=style.P, lw=1.8)
    ax.plot(x, np.where(y <= 0, y, np.nan), color=style.Q, lw=1.8)
    seen = np.isfinite(c.t_atoms)
    ax.plot(c.places[seen], c.t_atoms[seen], "o", color=style.INK, ms=4)
    shade_nothing(ax, c)
    ax.axhline(0.0, color=style.NEUTRAL, lw=0.8)
    style.tidy(ax, ylabel=P_OVER_Q)


def _with_zeros(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A curve with the points where it crosses 0, so that its two halves meet."""
    before = np.flatnonzero(y[:-1] * y[1:] < 0.0)
    steps = y[before] / (y[before] - y[before + 1])
    crossings = x[before] + steps * (x[before + 1] - x[before])
    return np.insert(x, before + 1, crossings), np.insert(y, before + 1, 0.0)


def draw_estimates(ax: Any, forward: Mapping[str, Estimate]) -> None:
    """The methods one below the other: value and error as a point with its bar, and in figures."""
    rows = list(forward.items())[::-1]
    drawn = [(row, estimate) for row, (_, estimate) in enumerate(rows) if np.isfinite(estimate.value + estimate.error)]
    for row, estimate in drawn:
        low, high = estimate.interval()
        bar = [[max(estimate.value - low, 0.0)], [max(high - estimate.value, 0.0)]]
        face = style.INK if estimate.ok else "white"
        ax.errorbar(estimate.value, row, xerr=bar, fmt="o", ms=7, color=style.INK, mfc=face, capsize=4, lw=1.6)
    for row, (_, estimate) in enumerate(rows):
        if np.isinf(estimate.value):
            ax.text(
                0.5,
                row,
                style.number(float(estimate.value)),
                transform=ax.get_yaxis_transform(),
                ha="center",
                va="center",
                fontsize=13,
            )
    truth = best(forward)
    if drawn:
        centre = truth.value if np.isfinite(truth.value) else drawn[0][1].value
        reach = max(abs(end - centre) for _, estimate in drawn for end in estimate.interval())
        reach = max(1.4 * reach, 1e-6 * abs(centre)) or 1.0
        ax.set_xlim(centre - reach, centre + reach)
    else:
        ax.set_xticks([])
    if np.isfinite(truth.value):
        ax.axvline(truth.value, color=style.NEUTRAL, lw=1.0, ls="--", zorder=0)
    style.tidy(ax, f"{style.divergence()}  (nats)", title="methods, with 95 % intervals or bounds")
    texts = ["\n".join([METHODS.get(method, method), *_figures(estimate)]) for method, estimate in rows]
    ax.set_yticks(range(len(rows)), texts, fontsize=9)
    ax.set_ylim(-0.6, len(rows) - 0.4)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def _figures(estimate: Estimate) -> list[str]:
    """Value ± error where it is finite, and a word where it is not to be trusted."""
    words = [] if estimate.ok else [str(estimate.status).replace("_", " ")]
    if not np.isfinite(estimate.value):
        return words
    value = format_value(estimate.value, estimate.error)
    value = value if len(value) <= 12 else f"{estimate.value:.10g}"
    kind = " s.e." if estimate.error_kind is ErrorKind.STANDARD_ERROR else ""
    return [f"{value} ± {format_error(estimate.error)}{kind}", *words]


def convergence(p: Any, q: Any, *, n: int = 2**16, rng: Any = 0, level: float = 0.95, ax: Any = None) -> Any:
    """The running Monte Carlo estimate of D(p‖q) with its interval against the number of draws; the Figure.

    n, rng  plain draws from p, and their seed
    level   of the interval, Student's t at every n by itself

    Lines show what quadrature and a closed form say. Where the draws have heavy tails the figure says that the interval
    does not hold. Raises ParameterError for n or level out of range, ShapeError for batches and vectors.
    """
    path = run(p, q, n=n, rng=rng, level=level)
    exact = estimates(p, q, methods=("closed", "quadrature"))
    ax = style.one_axes(ax, 7.5, 4.5)
    ax.set_xscale("log")
    mean = np.where(np.isfinite(path.mean), path.mean, np.nan)
    half = np.where(np.isfinite(path.half), path.half, np.nan)
    if np.isnan(mean).all():
        told = f"the mean of the draws is {style.number(float(path.mean[-1]))} from the first look on"
        ax.text(0.5, 0.5, told, transform=ax.transAxes, ha="center", va="center", color=style.P, fontsize=11)
        ax.set_yticks([])
    else:
        band = f"{100 * level:g} % interval"
        ax.fill_between(path.n, mean - half, mean + half, color=style.P, alpha=style.FAINT, lw=0, label=band)
        ax.plot(path.n, mean, color=style.P, lw=1.6, label="Monte Carlo mean")
    looks: Any = {"closed": (style.INK, "-"), "quadrature": (style.GREEN, (0, (5, 4)))}
    for method, estimate in exact.items():
        if np.isfinite(estimate.value):
            color, dashes = looks[method]
            label = f"{METHODS[method]}: {', '.join(_figures(estimate))}"
            ax.axhline(estimate.value, color=color, lw=1.4, ls=dashes, label=label)
    ax.set_xlim(path.n[0], path.n[-1])
    _limit_convergence(ax, path, [estimate.value for estimate in exact.values()])
    style.tidy(ax, "draws from $p$", f"{style.divergence()}  (nats)")
    style.legend_above(ax, 2, _verdict(best(exact), path.heavy, path.shape))
    return style.figure_of(ax)


def _limit_convergence(ax: Any, path: Any, values: list[float]) -> None:
    """The range of the band from a few dozen draws on, and the lines."""
    late = path.n >= min(50, path.n[-1])
    ends = np.concatenate([(path.mean - path.half)[late], (path.mean + path.half)[late], values])
    ends = ends[np.isfinite(ends)]
    if ends.size:
        margin = 0.08 * float(np.ptp(ends)) or 1e-12 + 0.1 * abs(float(ends[0]))
        ax.set_ylim(float(ends.min()) - margin, float(ends.max()) + 2 * margin)


def _verdict(exact: Estimate, heavy: bool, shape: float) -> str:
    if np.isinf(exact.value):
        return f"{style.divergence()} = $\\infty$, whatever the mean of the draws\n{style.wrapped(exact.reason)}"
    if heavy:
        return f"heavy tail (shape {shape:.2f} > 1/3): the interval does not hold"
    return ""
