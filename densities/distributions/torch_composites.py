"""Laws that torch.distributions and NumPyro make of other laws: transformed, mixed, truncated, independent, of log-odds.

Each part becomes one of ours, so that what it makes has tails, quantiles and closed forms; a law with a part that is unknown
here is left to its log-density.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
from scipy import special

from densities import transforms as maps
from densities.distributions.discrete import Bernoulli, Binomial, Categorical, Delta, Geometric, NegativeBinomial
from densities.distributions.mixture import Mixture
from densities.distributions.product import Product
from densities.distributions.truncated import truncate
from densities.errors import UnsupportedOperationError, argument_error
from densities.foreign import is_foreign, to_numpy
from densities.protocols import as_distribution, push_forward

__all__ = ["COMPOSITES", "UnknownPartError", "numbers"]


class UnknownPartError(UnsupportedOperationError):
    """A part of a law of theirs that is unknown here."""


def numbers(x: Any) -> np.ndarray:
    return to_numpy(x) if is_foreign(x) else np.asarray(x)


def _doubles(x: Any) -> Any:
    return np.asarray(numbers(x), dtype=float)[()]


# ---- maps ----


def _map(theirs: Any) -> Any:
    """Our map for one of theirs."""
    make = MAPS.get(type(theirs).__name__)
    if make is None:
        raise UnknownPartError(argument_error("transform", f"one of {', '.join(MAPS)}", type(theirs).__name__))
    return make(theirs)


MAPS: dict[str, Callable[[Any], Any]] = {
    "AbsTransform": lambda _: maps.Abs(),
    "AffineTransform": lambda t: maps.Affine(_doubles(t.loc), _doubles(t.scale)),
    "ComposeTransform": lambda t: reduce(lambda first, then: first >> then, map(_map, t.parts), maps.Identity()),
    "CumulativeDistributionTransform": lambda t: maps.CdfOf(as_distribution(t.distribution)),
    "ExpTransform": lambda _: maps.Exp(),
    "IdentityTransform": lambda _: maps.Identity(),
    "IndependentTransform": lambda t: _map(t.base_transform),
    "PowerTransform": lambda t: maps.Power(_doubles(t.exponent)),
    "SigmoidTransform": lambda _: maps.Sigmoid(),
    "SoftplusTransform": lambda _: maps.Softplus(),
    "StickBreakingTransform": lambda _: maps.StickBreaking(),
    "TanhTransform": lambda _: maps.Tanh(),
    "_InverseTransform": lambda t: _map(t.inv).inv,
}


# ---- laws ----


def _like(law: Any, ours: Any) -> Any:
    """What was made of the parts of a law, if it has the shapes of the whole."""
    shapes = [tuple(law.batch_shape), tuple(law.event_shape)]
    if [ours.batch_shape, ours.event_shape] != shapes:
        got = f"those of {type(law).__name__}, {shapes[0]} and {shapes[1]}"
        raise UnknownPartError(
            f"law: expected the shapes of batch and event {ours.batch_shape} and {ours.event_shape}, got {got}"
        )
    return ours


def _members(law: Any) -> list[Any]:
    """The laws of a batch along its only axis."""
    while type(law).__name__ == "ExpandedDistribution":
        law, shape = law.base_dist, tuple(law.batch_shape)
        if tuple(law.batch_shape) != shape:
            ours = as_distribution(law)
            return [ours.member(index, shape) for index in np.ndindex(shape)]
    ours = as_distribution(law)
    return [ours.member(index, ours.batch_shape) for index in np.ndindex(ours.batch_shape)]


def _transformed(law: Any) -> Any:
    return _like(law, reduce(push_forward, map(_map, law.transforms), as_distribution(law.base_dist)))


def _independent(law: Any) -> Any:
    if not law.reinterpreted_batch_ndims:
        return as_distribution(law.base_dist)
    return _like(law, Product(_members(law.base_dist)))


def _expanded(law: Any) -> Any:
    return _like(law, as_distribution(law.base_dist))


def _shares(categorical: Any) -> Any:
    """The probabilities of a law of theirs in double precision."""
    if _by_log_odds(categorical):
        return special.softmax(_doubles(categorical.logits), axis=-1)
    shares = _doubles(categorical.probs)
    return shares / np.sum(shares, axis=-1, keepdims=True)


def _mixed(weights: str, components: str) -> Callable[[Any], Any]:
    def adapted(law: Any) -> Any:
        parts = getattr(law, components)
        parts = list(map(as_distribution, parts)) if isinstance(parts, list | tuple) else _members(parts)
        return _like(law, Mixture(_shares(getattr(law, weights)), parts))

    return adapted


def _truncated(law: Any) -> Any:
    low, high = (_doubles(getattr(law, name, end)) for name, end in (("low", -np.inf), ("high", np.inf)))
    return _like(law, truncate(as_distribution(law.base_dist), low, high))


def _inflated(law: Any) -> Any:
    gate = _odds("gate", _doubles(law.gate_logits)) if hasattr(law, "gate_logits") else _doubles(law.gate)
    return _like(law, Mixture([gate, 1.0 - gate], [Delta(0.0), as_distribution(law.base_dist)]))


# ---- probabilities by their log-odds ----


def _by_log_odds(law: Any) -> bool:
    """Whether a law was made from log-odds, whose probabilities its own precision may have rounded to 1."""
    kept = vars(law).get("logits")
    return kept is not None and kept is getattr(law, "_param", kept)


def _odds(name: str, logits: Any) -> Any:
    """The probability of log-odds; refused where it rounds to 0 or 1."""
    probability = special.expit(logits)
    if np.any(((probability == 1.0) | (probability == 0.0)) & np.isfinite(logits)):
        expected = "log-odds whose probability a double tells from 0 and 1"
        raise UnsupportedOperationError(argument_error(name, expected, logits))
    return probability


def _probability(law: Any) -> Any:
    return _odds("logits", _doubles(law.logits)) if _by_log_odds(law) else _doubles(law.probs)


def _failures(law: Any) -> Any:
    """Their failures until so many successes count our successes."""
    rest = _odds("logits", -_doubles(law.logits)) if _by_log_odds(law) else 1.0 - _doubles(law.probs)
    return NegativeBinomial(_doubles(law.total_count), rest)


def _categorical(law: Any) -> Any:
    return Categorical(_shares(law))


BY_PROBABILITY: dict[str, Callable[[Any], Any]] = {
    "Bernoulli": lambda law: Bernoulli(_probability(law)),
    "Binomial": lambda law: Binomial(_doubles(law.total_count), _probability(law)),
    "Categorical": _categorical,
    "Geometric": lambda law: push_forward(Geometric(_probability(law)), maps.Shift(-1.0)),
    "NegativeBinomial": _failures,
}
OF_BOTH: dict[str, Callable[[Any], Any]] = {"Independent": _independent, "TransformedDistribution": _transformed}
COMPOSITES: dict[tuple[str, str], Callable[[Any], Any]] = {
    **{(library, name): adapter for library in ("torch", "numpyro") for name, adapter in OF_BOTH.items()},
    **{("torch", name): adapter for name, adapter in BY_PROBABILITY.items()},
    **{("numpyro", name + kind): adapter for name, adapter in BY_PROBABILITY.items() for kind in ("Probs", "Logits")},
    ("torch", "MixtureSameFamily"): _mixed("mixture_distribution", "component_distribution"),
    ("numpyro", "MixtureSameFamily"): _mixed("mixing_distribution", "component_distribution"),
    ("numpyro", "MixtureGeneral"): _mixed("mixing_distribution", "component_distributions"),
    ("numpyro", "ExpandedDistribution"): _expanded,
    ("numpyro", "LeftTruncatedDistribution"): _truncated,
    ("numpyro", "RightTruncatedDistribution"): _truncated,
    ("numpyro", "TwoSidedTruncatedDistribution"): _truncated,
    ("numpyro", "ZeroInflatedProbs"): _inflated,
    ("numpyro", "ZeroInflatedLogits"): _inflated,
}
