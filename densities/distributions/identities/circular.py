"""Distribution functions and quantiles of named laws as maps, and the sine, cosine and tangent of uniform angles."""

from __future__ import annotations

from typing import Any

import numpy as np

from densities.distributions.identities.moves import Exponent, near
from densities.distributions.identities.names import all_are
from densities.distributions.identities.table import for_any_family, named, register_identity
from densities.protocols import simplify

ARCSINE = "Johnson, Kotz, Balakrishnan 2, ch. 25"
CAUCHY = "Johnson, Kotz, Balakrishnan 1, ch. 16"
HALF_TURN = 0.5 * np.pi


@register_identity("normal", "normal_cdf", source="probability integral transform")
def cdf_of_normal(loc: Any, scale: Any) -> Any:
    return named("uniform", 0.0, 1.0) if np.all(np.equal(loc, 0.0)) and near(scale, 1.0) else None


@for_any_family("ppf_of")
def quantile_of_uniform(law: Any, other: Any) -> Any:
    """F⁻¹(U) has the distribution function F."""
    standard = law.name == "uniform" and all_are(law.params["low"], 0.0) and all_are(law.params["high"], 1.0)
    return simplify(other) if standard and law.batch_shape in ((), other.batch_shape) else None


@register_identity("uniform", "normal_ppf", source="probability integral transform")
def normal_quantile_of_uniform(low: Any, high: Any) -> Any:
    if not np.all(np.equal(high, 1.0)):
        return None
    whole, half = np.all(np.equal(low, 0.0)), np.all(np.equal(low, 0.5))
    return named("normal", 0.0, 1.0) if whole else named("half_normal", 1.0) if half else None


@register_identity("uniform", "tan", source=CAUCHY)
def tan_of_uniform(low: Any, high: Any) -> Any:
    """A whole number of half turns at any phase, or the quarter turn from 0."""
    half_turns = (high - low) / np.pi
    if near(half_turns, np.round(half_turns)) and np.all(np.round(half_turns) > 0):
        return named("cauchy", 0.0, 1.0)
    return named("half_cauchy", 1.0) if np.all(np.equal(low, 0.0)) and near(high, HALF_TURN) else None


@register_identity("cauchy", "atan", source=CAUCHY)
def atan_of_cauchy(loc: Any, scale: Any) -> Any:
    standard = np.all(np.equal(loc, 0.0)) and np.all(np.equal(scale, 1.0))
    return named("uniform", -HALF_TURN, HALF_TURN) if standard else None


@register_identity("half_cauchy", "atan", source=CAUCHY)
def atan_of_half_cauchy(scale: Any) -> Any:
    return named("uniform", 0.0, HALF_TURN) if np.all(np.equal(scale, 1.0)) else None


@register_identity("uniform", "sin", source=ARCSINE)
def sin_of_uniform(low: Any, high: Any) -> Any:
    """A whole number of turns at any phase, or of half turns between extremes."""
    return _arcsine(low, high, phase=low / np.pi + 0.5)


@register_identity("uniform", "cos", source=ARCSINE)
def cos_of_uniform(low: Any, high: Any) -> Any:
    return _arcsine(low, high, phase=low / np.pi)


def _arcsine(low: Any, high: Any, phase: Any) -> Any:
    half_turns = (high - low) / np.pi
    whole = near(half_turns, np.round(half_turns)) and np.all(np.round(half_turns) > 0)
    from_extreme = np.all(np.abs(phase - np.round(phase)) <= 4.0 * np.spacing(1.0))
    full = np.all(np.equal(np.remainder(np.round(half_turns), 2.0), 0.0))
    return named("arcsine", -1.0, 1.0) if whole and (full or from_extreme) else None


@register_identity("uniform", "sin", "abs", "power", source=ARCSINE)
def squared_sin_of_uniform(low: Any, high: Any, p: Exponent) -> Any:
    """sin² of an angle between neighbouring quarter turns."""
    quarter = np.all(np.equal(low, 0.0)) and near(high, HALF_TURN)
    return named("arcsine", 0.0, 1.0) if quarter and p.is_(2.0) else None


@register_identity("arcsine", "asin", source=ARCSINE)
def asin_of_arcsine(low: Any, high: Any) -> Any:
    return named("uniform", -HALF_TURN, HALF_TURN) if _between(low, high, -1.0) else None


@register_identity("arcsine", "acos", source=ARCSINE)
def acos_of_arcsine(low: Any, high: Any) -> Any:
    return named("uniform", 0.0, np.pi) if _between(low, high, -1.0) else None


@register_identity("arcsine", "power", "asin", source=ARCSINE)
def asin_of_root_of_arcsine(low: Any, high: Any, p: Exponent) -> Any:
    return named("uniform", 0.0, HALF_TURN) if p.is_(0.5) and _between(low, high, 0.0) else None


def _between(low: Any, high: Any, start: float) -> bool:
    return bool(np.all(np.equal(low, start)) and np.all(np.equal(high, 1.0)))
