"""The tables of closed forms, and how an answer is made of them.

D(p||q) = sum of a pair rule where one is known, otherwise -H(p) - E_p[log q]: N entropies and expectations and
M log-densities answer N x M pairs. Families are known by their registry names and parameters alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from densities.divergences.closed_forms.elementary import Bounded, as_bounded, times, total
from densities.errors import DuplicateNameError

Params = Mapping[str, Any]
Feature = tuple[Any, ...]

_KL: dict[tuple[str, str], tuple[Callable[..., Any], str]] = {}
_ENTROPY: dict[str, Callable[..., Any]] = {}
_EXPECTATION: dict[tuple[str, str], Callable[..., Any]] = {}
_LOG_DENSITY: dict[str, Callable[..., Any]] = {}
_SUPPORT: dict[str, tuple[Callable[..., Any], str]] = {}


@dataclass(frozen=True)
class ClosedForm:
    """D(p||q) in nats with |value - truth| <= bound + 4 eps |truth|; `reason` says why where the value is infinite.

    Where no closed form holds for one element of a batch, that element is nan and its bound is inf. `escapes` says that
    for some element p has mass where q has none, which for rounded ends of supports may be too hard a word.
    """

    value: Any
    bound: Any
    source: str
    rule: str
    reason: str | None = None
    escapes: bool = False


def _insert(table: dict[Any, Any], key: Any, entry: Any) -> None:
    if key in table:
        raise DuplicateNameError(f"closed form: expected a new entry, got {key!r}, which is registered already")
    table[key] = entry


def kl_rule(p: str, q: str, source: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register f(p_params, q_params) -> Bounded as D(p||q)."""

    def register(rule: Callable[..., Any]) -> Callable[..., Any]:
        _insert(_KL, (p, q), (rule, source))
        return rule

    return register


def entropy(*families: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register f(**params) -> Bounded as the entropy in nats."""
    return _register_each(_ENTROPY, families)


def expectation(feature: str, *families: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register f(params, *feature_arguments) -> Bounded as E[feature(X)]."""
    return _register_each(_EXPECTATION, [(family, feature) for family in families])


def log_density(*families: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register f(**params) -> [(coefficient, feature), ...]; the feature ("one",) carries the constants."""
    return _register_each(_LOG_DENSITY, families)


def support(*families: str, measure: str = "lebesgue") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register f(**params) -> (low, high), the least interval that carries the law."""

    def register(rule: Callable[..., Any]) -> Callable[..., Any]:
        for family in families:
            _insert(_SUPPORT, family, (rule, measure))
        return rule

    return register


def _register_each(table: dict[Any, Any], keys: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(rule: Callable[..., Any]) -> Callable[..., Any]:
        for key in keys:
            _insert(table, key, rule)
        return rule

    return register


def pairs() -> list[tuple[str, str]]:
    """The pairs with a rule of their own."""
    return sorted(_KL)


def entropies() -> list[str]:
    """The families whose entropy is known."""
    return sorted(_ENTROPY)


def features() -> list[tuple[str, str]]:
    """The (family, feature) whose expectation is known."""
    return sorted(_EXPECTATION)


def log_densities() -> list[str]:
    """The families whose log-density is a combination of features."""
    return sorted(_LOG_DENSITY)


def closed_form(p_name: str, p_params: Params, q_name: str, q_params: Params) -> ClosedForm | None:
    """D(p||q) by a pair rule, else by entropy and expectations; None where no closed form is known.

    Parameters broadcast; scalars in give floats out.
    """
    p = {name: np.asarray(value, dtype=float) for name, value in p_params.items()}
    q = {name: np.asarray(value, dtype=float) for name, value in q_params.items()}
    with np.errstate(all="ignore"):
        found = _by_pair(p_name, p, q_name, q) or compose(p_name, p, q_name, q)
        escape, reason = _escapes(p_name, p, q_name, q)
        if found is None:
            if not np.all(escape):
                return None
            found = Bounded(np.full(np.shape(escape), np.inf), 0.0), "mass outside the support", "support"
        (value, bound), source, rule = found
        value = np.where(escape, np.inf, value)
        bound = np.where(np.isposinf(value), 0.0, np.where(np.isnan(value), np.inf, bound))
        value, bound = np.broadcast_arrays(value, bound)
        if np.all(np.isnan(value)):
            return None
        if np.any(np.isposinf(value)) and not np.any(escape):
            reason = f"{_infinite_term(p_name, p, q_name, q)} is infinite, or beyond the largest float"
        reason = reason if np.any(np.isposinf(value)) else None
        return ClosedForm(value[()], bound[()], source, rule, reason, bool(np.any(escape)))


def _by_pair(p_name: str, p: Params, q_name: str, q: Params) -> tuple[Bounded, str, str] | None:
    entry = _KL.get((p_name, q_name))
    if entry is None:
        return None
    rule, source = entry
    return as_bounded(rule(p, q)), source, f"{p_name}||{q_name}"


def compose(p_name: str, p: Params, q_name: str, q: Params) -> tuple[Bounded, str, str] | None:
    """-H(p) - E_p[log q]; an infinite term decides alone, since no family here has two of opposite sign."""
    if p_name not in _ENTROPY or q_name not in _LOG_DENSITY:
        return None
    terms = [times(-1.0, _ENTROPY[p_name](**p))]
    for coefficient, (feature, *arguments) in _LOG_DENSITY[q_name](**q):
        if feature == "one":
            terms.append(times(-1.0, coefficient))
            continue
        rule = _EXPECTATION.get((p_name, feature))
        if rule is None:
            if np.all(coefficient == 0):
                continue
            return None
        terms.append(times(-coefficient, rule(p, *arguments)))
    infinite = np.logical_or.reduce(np.broadcast_arrays(*(np.isposinf(term.value) for term in terms)))
    value, bound = total(*terms)
    answer = Bounded(np.where(infinite, np.inf, value), bound)
    return answer, "entropy and expectations", f"-H({p_name}) - E[log {q_name}]"


# The features as they stand in log q, but for places and scales.
WORDS = {
    "abs": "|X|", "abs_power": "|X|^b", "cos": "cos(X)", "exp_minus": "exp(-X)", "linear": "X", "log": "log(X)",
    "log1m_power": "log(1 - X^b)", "log1p": "log(1 + X)", "log1p_square": "log(1 + X²)", "log_square": "log(X)²",
    "power": "X^b", "square": "X²",
}  # fmt: skip


def _infinite_term(p_name: str, p: Params, q_name: str, q: Params) -> str:
    """What makes the divergence infinite: the expectation of a term of log q, or the whole."""
    for coefficient, (feature, *arguments) in _LOG_DENSITY[q_name](**q) if q_name in _LOG_DENSITY else ():
        rule = _EXPECTATION.get((p_name, feature))
        if rule is not None and np.any(np.isposinf(times(-coefficient, rule(p, *arguments)).value)):
            return f"E[{WORDS[feature]}] for X of {p_name}, which stands in E[log {q_name}],"
    return "the expectation of log dp/dq"


def _escapes(p_name: str, p: Params, q_name: str, q: Params) -> tuple[Any, str | None]:
    """Where p has mass that q has not, and the words for it."""
    if p_name not in _SUPPORT or q_name not in _SUPPORT:
        return np.False_, None
    (p_support, p_measure), (q_support, q_measure) = _SUPPORT[p_name], _SUPPORT[q_name]
    (p_low, p_high), (q_low, q_high) = p_support(**p), q_support(**q)
    shape = np.broadcast_shapes(*(np.shape(value) for value in (*p.values(), *q.values())))
    if p_measure != q_measure:
        return np.full(shape, True), f"{p_name} has a density against {p_measure} measure, {q_name} has none"
    escape = np.broadcast_to((p_low < q_low) | (p_high > q_high), shape)
    return escape, f"{p_name} has mass outside the support of {q_name}"
