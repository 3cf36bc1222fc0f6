"""The law of log|X| on one side of 0, and of -log|X|."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from densities.anchored import Anchored, value
from densities.arrays import quiet
from densities.distributions.pushforward import Pushforward
from densities.distributions.truncated import truncate
from densities.protocols import push_forward
from densities.transforms import get

__all__ = ["Half", "LogSize", "halves"]

# Nearer than this share of its place to an end or pole that is not 0, points travel as distances from it.
NEAR = 1e-3
# The logarithm of a size whose square is still a double, and what a logarithm that is below this there stays below.
SQUARES, SUNK = 350.0, -1e9


class LogSize(Pushforward):
    """The law of power·log(sX) given sX > 0, for a law with the probability `weight` there; s and the power are 1 or -1.

    On plain doubles its formulas are those of X at s e^(power·u); what these lose goes through the chain of maps.
    """

    def __init__(self, law: Any, sign: float, power: float, weight: float, size: Any):
        super().__init__(size, _log(power))
        self.law, self.sign, self.power, self.weight = law, sign, power, weight

    def raw_logpdf(self, y: Any) -> Any:
        chain = super().raw_logpdf
        if isinstance(y, Anchored):
            return chain(y)
        return self._at("raw_logpdf", y, self.power * y - np.log(self.weight), chain)

    def raw_logcdf(self, y: Any) -> Any:
        return self._outside(y, super().raw_logcdf) if self.power < 0 else self._inside(y, super().raw_logcdf)

    def raw_logsf(self, y: Any) -> Any:
        return self._outside(y, super().raw_logsf) if self.power > 0 else self._inside(y, super().raw_logsf)

    def _outside(self, y: Any, chain: Callable[[Any], Any]) -> Any:
        """log P(|X| > e^(power·y)) on this side, given the side."""
        if isinstance(y, Anchored):
            return chain(y)
        return self._at("raw_logsf" if self.sign > 0 else "raw_logcdf", y, -np.log(self.weight), chain)

    def _inside(self, y: Any, chain: Callable[[Any], Any]) -> Any:
        """log P(|X| <= e^(power·y)) on this side, given the side."""
        if isinstance(y, Anchored) or self.weight < 1.0:
            return chain(y)
        return self._at("raw_logcdf" if self.sign > 0 else "raw_logsf", y, 0.0, chain)

    def raw_logwithin(self, y: Any) -> Any:
        """log P(s|X|^power <= e^y), of the whole law."""
        if self.weight == 1.0:
            return self.raw_logcdf(y)
        if self.power < 0:
            return np.logaddexp(np.log1p(-self.weight), self.raw_logcdf(y) + np.log(self.weight))
        mass = self.law.raw_logcdf if self.sign > 0 else self.law.raw_logsf
        return value(mass(np.exp(y) * self.sign))

    def _at(self, method: str, y: Any, more: Any, chain: Callable[[Any], Any]) -> np.ndarray:
        """What a method of X gives at s e^(power·y), and more; by the chain beside an end, anchored where squares overflow."""
        formula = getattr(self.law, method)
        x = np.exp(self.power * y) * self.sign
        found = np.asarray(value(formula(x)) + more)
        finite = np.isfinite(found)
        if finite.all() and not self._places:
            return found
        lost = ~finite & (np.abs(y) > SQUARES)
        if lost.any() and not value(formula(np.exp(SQUARES) * self.sign)) < SUNK:
            far = np.exp(Anchored.exact(np.asarray(self.power * y)[lost])) * self.sign
            found[lost] = value(formula(far)) + np.broadcast_to(more, found.shape)[lost]
        near = np.isnan(found)
        for place in self._places:
            near |= np.abs(x - place) < NEAR * abs(place)
        if near.any():
            found[near] = value(chain(Anchored.exact(np.asarray(y)[near])))
        return found

    def guide(self) -> np.ndarray:
        """None where quantiles are formulas: these are over the mass, and not beyond it."""
        return super().guide() if self.law.guide().size else np.empty(0)

    @cached_property
    def _places(self) -> list[float]:
        places = [float(value(place)) for place in (*self.law.support.edges, *self.law.critical_points)]
        return [place for place in places if np.isfinite(place) and place * self.sign > 0]


class Half(NamedTuple):
    """The part of a law on one side of 0: its probability, its sign, and the law of ±log|X|."""

    weight: float
    sign: float
    law: Any

    @property
    def spread(self) -> float:
        with quiet():
            return float(value(self.law.raw_isf(np.asarray(0.25)) - self.law.raw_ppf(np.asarray(0.25))))


def halves(law: Any, power: float) -> list[Half]:
    """The halves of a law that carry mass, with the laws of power·log|X|: one, where the law is symmetric."""
    weights = (float(law.sf(0.0)), 1.0), (float(law.cdf(0.0)), -1.0)
    if all(weight > 0 for weight, _ in weights) and push_forward(law, get("scale")(-1.0)).simplify().same_as(law):
        image = _half(law, 1.0, power, 0.5)
        return [Half(0.5, sign, image) for sign in (1.0, -1.0)]
    return [Half(weight, sign, _half(law, sign, power, weight)) for weight, sign in weights if weight > 0]


def _half(law: Any, sign: float, power: float, weight: float) -> Any:
    """The law of power·log(sX) given sX > 0, which has the probability `weight`."""
    low, high = (0.0, np.inf) if sign > 0 else (-np.inf, 0.0)
    inside = law.support.low >= low and law.support.high <= high
    part = law if inside else truncate(law, low, high)
    size = part if sign > 0 else push_forward(part, get("scale")(-1.0))
    image = push_forward(size, _log(power))
    # Where the logarithm undoes an exponential the law is better known without it.
    return LogSize(law, sign, power, weight, size) if _steps(image) > _steps(size) else image


def _log(power: float) -> Any:
    return get("log")() if power > 0 else get("log")() >> get("scale")(-1.0)


def _steps(law: Any) -> int:
    return len(law.transform.steps) if isinstance(law, Pushforward) else 0
