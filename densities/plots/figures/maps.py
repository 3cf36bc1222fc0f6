"""Maps, and what they do to a law."""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.plots.data.maps import Change, Strip, change, graph
from densities.plots.figures import style
from densities.plots.figures.laws import set_view

STRIPES = (0.55, 0.2)  # alternating opacity; only the first kind is shown on its way


def change_of_variables(X: Any, t: Any, *, axes: Any = None, strips: int = 10) -> Any:
    """The density of X below, the graph of t, and the density of t(X) at the left, on its side; the Figure.

    axes    three axes: pushed density, graph, base density
    strips  how many strips of equal probability are carried through the map

    Every strip holds the same probability on its way up and to the left, so where the map is flat the pushed density
    is high. Branches have colours of their own and add up; atoms are stems with their mass. The mode of Y is marked
    where it is not the image of the mode of X. Raises SupportError where X leaves the domain of t, ShapeError for
    batches and vectors, ParameterError for a number of strips outside 1 .. 100.
    """
    c = change(X, t, count=strips)
    figure = None
    if axes is None:
        figure = style.new_figure(8.6, 7.2)
        grid = figure.add_gridspec(2, 2, width_ratios=(1, 2.2), height_ratios=(2.2, 1))
        axes = [figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[0, 1]), figure.add_subplot(grid[1, 1])]
    pushed, middle, base = style.given_axes(axes, 3)
    for ax in (middle, base):
        set_view(ax, *c.x_view)
    margin = (0.06 if any(branch.flat for branch in c.branches) else 0.02) * (c.y_view[1] - c.y_view[0])
    for ax in (pushed, middle):
        ax.set_ylim(c.y_view[0] - margin, c.y_view[1] + margin)
    pushed.set_xlim(c.pushed_top[0], 0.0)
    base.set_ylim(0.0, c.base_top[0])
    _draw_base(base, c)
    _draw_graph(middle, c)
    _draw_pushed(pushed, c)
    if c.moved:
        _draw_modes(pushed, middle, base, c)
    if figure:
        _caption(figure, grid, c)
    return style.figure_of(middle)


def _text(transform: Any) -> str:
    """A map as text; what has no text of the command stands in <...>, which pictures do without."""
    text = str(transform)
    return text[1:-1] if text.startswith("<") and text.endswith(">") else text


def _colour(piece: int) -> str:
    return style.CYCLE[piece % len(style.CYCLE)]


def _alpha(strip: Strip) -> float:
    return STRIPES[strip.number % 2]


def _draw_base(ax: Any, c: Change) -> None:
    y = np.minimum(c.base_density, 1.5 * c.base_top[0])
    for strip in c.strips:
        inside = (c.x >= strip.x[0]) & (c.x <= strip.x[1])
        x = np.clip(np.concatenate([[strip.x[0]], c.x[inside], [strip.x[1]]]), *c.x_view)
        ax.fill_between(x, np.interp(x, c.x, y), color=_colour(strip.piece), alpha=_alpha(strip), lw=0)
    ax.plot(c.x, y, color=style.INK, lw=1.4)
    counting = c.base.measure == "counting"
    style.atoms(ax, *c.base_atoms, style.INK, counting=counting)
    _mark_cut(ax, c.x, c.base_density, c.base_top, horizontal=False)
    style.tidy(ax, "x", f"{_what(c.base)} of X")


def _what(law: Any) -> str:
    return "probability" if law.measure == "counting" else "density"


def _draw_graph(ax: Any, c: Change) -> None:
    """The graph, with every strip going up to it and then to the left."""
    left, bottom = ax.get_xlim()[0], ax.get_ylim()[0]
    for strip in c.strips:
        if strip.number % 2:
            continue
        branch = next(b for b in c.branches if b.piece == strip.piece)
        x = np.clip(strip.x, *c.x_view)
        inside = (branch.x >= x[0]) & (branch.x <= x[1])
        gx = branch.x[inside]
        gy = np.clip(branch.y[inside], bottom - 1e-9, ax.get_ylim()[1])
        color, alpha = _colour(strip.piece), STRIPES[1]
        ax.fill_between(gx, bottom, gy, color=color, alpha=alpha, lw=0)
        ax.fill_betweenx(gy, left, gx, color=color, alpha=alpha, lw=0)
    for branch in c.branches:
        ax.plot(branch.x, branch.y, color=_colour(branch.piece), lw=2.2)
    places, _ = c.base_atoms
    with np.errstate(all="ignore"):
        images = np.asarray(c.transform.forward(places), float)
    ax.plot(places, images, "o", color=style.INK, ms=4, zorder=4)
    style.tidy(ax, title=f"y = {style.plain(_text(c.transform))}")
    ax.tick_params(labelbottom=False, labelleft=False)


def _draw_pushed(ax: Any, c: Change) -> None:
    """The pushed density on its side: the branches stacked, and the strips in each of them."""
    below = np.zeros(c.y.shape)
    for branch in c.branches:
        above = np.minimum(below + branch.density, 1.5 * c.pushed_top[0])
        for strip in (s for s in c.strips if s.piece == branch.piece and not branch.flat):
            inside = (c.y >= min(strip.y)) & (c.y <= max(strip.y))
            y = np.clip(np.concatenate([[min(strip.y)], c.y[inside], [max(strip.y)]]), *c.y_view)
            ax.fill_betweenx(
                y,
                np.interp(y, c.y, below),
                np.interp(y, c.y, above),
                color=_colour(strip.piece),
                alpha=_alpha(strip),
                lw=0,
            )
        below = above
    ax.plot(np.minimum(c.pushed_density, 1.5 * c.pushed_top[0]), c.y, color=style.INK, lw=1.4)
    places, masses = c.pushed_atoms
    flats = {float(b.y[0]): _colour(b.piece) for b in c.branches if b.flat}
    colours = np.array([flats.get(float(place), style.INK) for place in places])
    for colour in np.unique(colours):
        own = colours == colour
        counting = c.pushed.measure == "counting"
        style.atoms(ax, places[own], masses[own], str(colour), counting=counting, horizontal=True)
    _mark_cut(ax, c.y, c.pushed_density, c.pushed_top, horizontal=True)
    style.tidy(ax, f"{_what(c.pushed)} of Y", "y")
    ax.spines["left"].set_visible(False)
    ax.spines["right"].set_visible(True)
    ax.yaxis.set_label_position("left")


def _mark_cut(ax: Any, points: np.ndarray, heights: np.ndarray, top: tuple[float, float], *, horizontal: bool) -> None:
    above = np.flatnonzero(heights > top[0])
    if above.size:
        peak = above[np.argmax(heights[above])]
        style.goes_on(ax, float(points[peak]), float(heights[peak]), horizontal=horizontal)


def _draw_modes(pushed: Any, middle: Any, base: Any, c: Change) -> None:
    """The mode of X on its way to an image that is not the mode of Y, and that mode."""
    path = {"color": style.INK, "lw": 1.2, "ls": ":"}
    base.axvline(c.base_mode, **path)
    left, bottom = middle.get_xlim()[0], middle.get_ylim()[0]
    middle.plot([c.base_mode, c.base_mode, left], [bottom, c.image_of_mode, c.image_of_mode], **path)
    pushed.axhline(c.image_of_mode, **path)
    with np.errstate(all="ignore"):
        height = float(c.pushed.pdf(c.mode))
    pushed.plot([height], [c.mode], "o", ms=6, color=style.INK, clip_on=False, zorder=5)
    middle.plot([c.base_mode], [c.image_of_mode], "o", ms=6, mfc="white", mec=style.INK, zorder=5)


def _caption(figure: Any, grid: Any, c: Change) -> None:
    ax = figure.add_subplot(grid[1, 0])
    ax.set_axis_off()
    lines = [f"X ~ {style.name_of(c.base)}"]
    if c.n_strips:
        lines.append(f"{c.n_strips} strips of equal probability")
    if c.moved:
        lines += ["", "● mode of Y", "○ image of the mode of X"]
    text = "\n".join(lines)
    ax.text(0.0, 0.9, text, transform=ax.transAxes, va="top", fontsize=9.5, linespacing=1.5, color=style.INK)


def transform(t: Any, *, axes: Any = None, low: float | None = None, high: float | None = None) -> Any:
    """The graph of a map with its domain and codomain, and its derivative below; the Figure.

    axes       two axes, for the graph and the derivative
    low, high  the range of x, by default the domain or four units of it
    """
    g = graph(t, low=low, high=high)
    figure = None if axes is not None else style.new_figure(6.4, 6.2)
    above, below = style.given_axes(figure.subplots(2, 1, sharex=True, height_ratios=(2, 1)) if figure else axes, 2)
    for index, (x, y, slope) in enumerate(g.pieces):
        above.plot(x, y, color=_colour(index), lw=2.2)
        below.plot(x, slope, color=_colour(index), lw=1.8)
    for ax in (above, below):
        set_view(ax, *g.x_view)
        ax.axhline(0.0, color=style.NEUTRAL, lw=0.6, zorder=0)
    above.set_ylim(*g.y_view)
    below.set_ylim(*g.slope_view)
    for end in g.codomain:
        above.axhline(end, color=style.NEUTRAL, lw=1.0, ls="--", zorder=0)
    for end in g.domain:
        for ax in (above, below):
            ax.axvline(end, color=style.NEUTRAL, lw=1.0, ls="--", zorder=0)
    name = style.plain(str(g.transform))
    style.tidy(above, ylabel="y", title=f"{name}:  {g.transform.domain} $\\rightarrow$ {g.transform.codomain}")
    style.tidy(below, "x", "dy/dx")
    return style.figure_of(above)
