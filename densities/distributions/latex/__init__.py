"""Densities in LaTeX: of families with their numbers, of g(X) by the change-of-variables rule, of mixtures and parts.

    f_Y(y) = f_X(g^{-1}(y)) |dg^{-1}(y)/dy|,   f_X(x) = ...,   y in the support

The strings stand beside the formulas of families and maps; nothing is derived, but ways back through maps without a
template (`symbolic`). `maps` has the templates of inverses and slopes, `limits` those of densities that are 0/0 at some
parameters, `text` puts numbers into them. What comes out is LaTeX that matplotlib's mathtext renders too.
"""

from __future__ import annotations

import re
from functools import singledispatch
from importlib import import_module
from typing import Any

import numpy as np

from densities import protocols
from densities.anchored import value
from densities.distributions.array_pushforward import ArrayPushforward, elementary_steps
from densities.distributions.base import Distribution
from densities.distributions.continuous.bounded import ContinuousBernoulli, Triangular
from densities.distributions.latex.maps import has_template, inverse_of, named, waves
from densities.distributions.latex.text import filled, interval, number, rounded, substituted, symbols, worded
from densities.distributions.mixture import Mixture
from densities.distributions.product import Product
from densities.distributions.pushforward import Pushforward
from densities.distributions.truncated import Truncated
from densities.protocols import push_forward
from densities.transforms.base import Inverse
from densities.transforms.manytoone import Periodic
from densities.transforms.vector import Independent

__all__ = ["density_latex", "short"]
# More atoms than these are not listed one by one.
LISTED_ATOMS = 6


@protocols.density_latex.register
def density_latex(law: Distribution) -> str:
    """The density of a law in LaTeX, with its support: `f(x) = ..., \\quad x \\in (0, \\infty)`.

    A pushed-forward law is written by the change-of-variables rule, in y, with the density of its base beside it; point
    masses follow. For the density of the shortest name take that of `law.simplify()`.
    """
    return formula(law)


def where(*parts: str) -> str:
    """A formula and what belongs to it."""
    return r",\quad ".join(part for part in parts if part)


@singledispatch
def formula(law: Any) -> str:
    """The density of a law of this type with everything that belongs to it; a new kind of law registers its own."""
    return where(rf"X \sim {short(law)}", interval("x", getattr(law, "support", None)))


@formula.register
def _family(law: Distribution) -> str:
    if not template(law):
        return where(rf"X \sim {short(law)}", interval("x", law.support))
    if law.measure == "counting":  # the template says which k there are
        return rf"\mathrm{{P}}(X = k) = {density(law)}"
    return where(f"f(x) = {density(law)}", interval("x", law.support))


@formula.register
def _mixture(law: Mixture) -> str:
    """The weighted sum, each term with the support of its component where they differ."""
    return where(f"f(x) = {density(law)}", interval("x", law.support), _atoms(law, "X"), *_named_components(law))


@formula.register
def _truncated(law: Truncated) -> str:
    beside = f"f_X(x) = {density(law.base)}"
    return where(f"f(x) = {density(law)}", interval("x", law.support), _atoms(law, "X"), beside)


@formula.register
def _pushforward(law: Pushforward) -> str:
    """Σ f_X(xᵢ)|dxᵢ/dy| over the preimages, with f_X beside it; of point masses, the maps of X and the law of X."""
    if law.measure == "counting":  # no slope touches a mass
        return f"Y = {short(law)}"
    base, steps = law.unfolded
    beside = where(f"f_X(x) = {density(base)}", interval("x", base.support)) if law.branches else ""
    return where(f"f_Y(y) = {change_of_variables(base, steps)}", interval("y", law.support), _atoms(law, "Y"), beside)


@formula.register
def _vector_pushforward(law: ArrayPushforward) -> str:
    """The maps of X, and the law of X."""
    return f"Y = {short(law)}"


def change_of_variables(base: Any, steps: tuple[Any, ...]) -> str:
    """The sum over the preimages of y: slopes collected on the way back through the maps."""
    supports = [base.support]
    for n in range(1, len(steps)):
        supports.append(_image(base, steps[:n]))
    found = [("y", "")]
    for step, support in zip(reversed(steps), reversed(supports), strict=True):
        found = [(x, slope + factor) for argument, slope in found for x, factor in _ways_back(step, argument, support)]
    terms = [rf"{slope}\,f_X\left({x}\right)" if slope else rf"f_X\left({x}\right)" for x, slope in found]
    return " + ".join(terms) or "0"


def _ways_back(step: Any, argument: str, support: Any) -> list[tuple[str, str]]:
    """The preimages of the argument in the support, each with |dx/dy|; a map may write its own."""
    own = step.latex_inverses(argument, support)
    if own is not None:
        return own
    if isinstance(step, Periodic) and not step.batch_shape:
        return waves(step, argument, support)
    if has_template(step) or step.batch_shape or step.event_ndim:
        inverse = inverse_of(step, argument)
        return [(x, inverse.slope) for x in _within(inverse.preimages, support)]
    by_formula = import_module("densities.distributions.latex.symbolic").ways_back(step, argument, support)
    return by_formula or [tuple(named(step, argument))]


def _image(base: Any, steps: tuple[Any, ...]) -> Any:
    law = base
    for step in steps:
        law = push_forward(law, step)
    return law.support


def _within(preimages: tuple[str, ...], support: Any) -> tuple[str, ...]:
    """Of the two preimages of an even map only the one that the support reaches."""
    if len(preimages) == 2 and np.all(value(support.low) >= 0):
        return preimages[:1]
    return preimages[1:] if len(preimages) == 2 and np.all(value(support.high) <= 0) else preimages


def _atoms(law: Any, variable: str) -> str:
    """The point masses, one by one where they are few."""
    places, masses = law.atoms
    if len(places) > LISTED_ATOMS:
        return rf"{len(places)}\ \mathrm{{atoms\ of\ mass}}\ {rounded(np.sum(masses))}"
    return where(
        *(
            rf"\mathrm{{P}}({variable} = {number(place)}) = {rounded(mass)}"
            for place, mass in zip(places, masses, strict=True)
            if mass > 0
        )
    )


def template(law: Any) -> str:
    """The density that a family declares, with the names of its parameters."""
    return getattr(type(law), "latex_density", "")


@singledispatch
def density(law: Any) -> str:
    """The density alone, in x; a law without a template of its own is f with its name as index."""
    return rf"f_{{{short(law)}}}(x)"


@density.register
def _family_density(law: Distribution) -> str:
    declared = template(law)
    return substituted(declared, symbols(law.params)) if declared else rf"f_{{{short(law)}}}(x)"


@density.register
def _triangular_density(law: Triangular) -> str:
    """One slope only where the mode is an end."""
    left, mode, right = (law.params[name] for name in ("left", "mode", "right"))
    one_sided = {left: r"\mathrm{right}-x", right: r"x-\mathrm{left}"}.get(mode) if not law.batch_shape else None
    if one_sided is None:
        return _family_density(law)
    return substituted(rf"\frac{{2}}{{(\mathrm{{right}}-\mathrm{{left}})^2}}({one_sided})", symbols(law.params))


@density.register
def _continuous_bernoulli_density(law: ContinuousBernoulli) -> str:
    """Constant for p = 1/2, where the formula is 0/0."""
    return "1" if not law.batch_shape and law.params["p"] == 0.5 else _family_density(law)


@density.register
def _pushed_density(law: Pushforward) -> str:
    return rf"f_{{{short(law)}}}(x)"


@density.register
def _mixed_density(law: Mixture) -> str:
    terms = [rf"{number(weight)}\,f_{{{n}}}(x)" for n, weight in enumerate(law.weights, 1) if weight > 0]
    return " + ".join(terms)


def _named_components(law: Mixture) -> list[str]:
    return [
        where(f"f_{{{n}}}(x) = {density(component)}", interval("x", component.support))
        for n, (weight, component) in enumerate(zip(law.weights, law.components, strict=True), 1)
        if weight > 0
    ]


@density.register
def _truncated_density(law: Truncated) -> str:
    """The density of the base over the mass that is left."""
    mass = rounded(np.exp(law.log_mass)) if law.log_mass > -700 else rf"e^{{{rounded(law.log_mass)}}}"
    return rf"\frac{{f_X(x)}}{{{mass}}}"


@singledispatch
def short(law: Any) -> str:
    """A law of this type by a short name."""
    return rf"\mathrm{{{worded(type(law).__name__)}}}"


@short.register
def _short_family(law: Distribution) -> str:
    numbers = [number(p) if np.ndim(p) == 0 else rf"\mathrm{{{worded(name)}}}" for name, p in law.params.items()]
    return rf"\operatorname{{{type(law).__name__}}}\left({', '.join(numbers)}\right)"


@short.register
def _short_pushforward(law: Pushforward) -> str:
    """The maps of X, and the law of X."""
    base, steps = law.unfolded
    text = "X"
    for step in steps:
        text = _forward(step, text)
    return rf"{text},\ X \sim {short(base)}"


def _forward(step: Any, argument: str) -> str:
    """A map of an argument, from the formula that it declares."""
    if not step.latex:
        return rf"\operatorname{{{worded(step.name) or 'g'}}}\left({argument}\right)"
    enclosed = re.sub(r"(?<=\{)x(?=\})|(?<=\\left[|(])x(?=[\\,])", "@", step.latex)
    return filled(substituted(enclosed, {"x": "#"}), argument, step.params)


@short.register
def _short_vector_pushforward(law: ArrayPushforward) -> str:
    """The names of the maps around X, and the law of X."""
    text = "X"
    for step in elementary_steps(law.transform):
        one, power = step.elementwise if isinstance(step, Independent) else step, ""
        if not one.name and isinstance(one, Inverse):
            one, power = one.original, "^{-1}"
        text = rf"\operatorname{{{worded(one.name) or 'g'}}}{power}\left({text}\right)"
    return rf"{text},\ X \sim {short(law.base)}"


@short.register
def _short_product(law: Product) -> str:
    return r" \otimes ".join(map(short, law.components))


@short.register
def _short_mixture(law: Mixture) -> str:
    weighted = zip(law.weights, law.components, strict=True)
    return " + ".join(rf"{number(weight)}\,{short(component)}" for weight, component in weighted)


@short.register
def _short_truncated(law: Truncated) -> str:
    return rf"{short(law.base)}\ \mathrm{{on}}\ \left({number(law.low)}, {number(law.high)}\right]"
