"""The canonical bijection between two supports, and laws moved from theirs to another."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np

from densities.anchored import value
from densities.domains import (
    CONSTRAINED,
    REAL,
    SPD,
    CorrelationCholesky,
    Domain,
    Interval,
    Ordered,
    Product,
    RealVector,
    Simplex,
)
from densities.errors import ParameterError, UnsupportedOperationError, argument_error
from densities.protocols import as_distribution, push_forward
from densities.transforms.base import Bijection, Identity, is_identity
from densities.transforms.chains import compose
from densities.transforms.exponential import Exp
from densities.transforms.linear import Affine, Scale, Shift
from densities.transforms.sigmoidal import Sigmoid

__all__ = ["between", "reparametrise"]


def between(source: Domain, target: Domain) -> Bijection:
    """The canonical increasing bijection from one support onto another; open or closed ends make no difference.

    Intervals of the same kind are carried by a line: (a, b) to (c, d), and a half line to one that is open on the same
    side. All others pass through the real line: R is carried to (0, inf) by exp, to (-inf, 0) by -exp(-x), to (0, 1) by
    the sigmoid, each then moved into place. Of vectors, R^n and products of intervals are carried entry by entry where
    one map serves every entry; R^n to a simplex of n + 1 entries by breaking a stick, and to ascending vectors; to positive
    definite matrices by `LogCholesky`, and to the factors of those of correlations by `CorrelationFactor`.
    Raises ParameterError for what is no domain or an empty one, UnsupportedOperationError where no bijection is known.
    """
    for name, domain in (("source", source), ("target", target)):
        if not isinstance(domain, Domain):
            raise ParameterError(argument_error(name, "a domain such as Real() or Interval(0, 1)", domain))
    if bool(source.event_ndim) != bool(target.event_ndim):
        raise UnsupportedOperationError(f"between: no bijection from {source} to {target}: their dimensions differ")
    return carry(source, target)


def reparametrise(law: Any, domain: Domain) -> Any:
    """The law carried from its support to `domain` by `between`: a law on (0, inf) seen on the real line, say.

    Raises what `between` raises.
    """
    law = as_distribution(law)
    return push_forward(law, between(law.support, domain))


@singledispatch
def carry(source: Domain, target: Domain) -> Bijection:
    """The bijection for one kind of source."""
    raise UnsupportedOperationError(f"between: no bijection from {source} to {target} is known")


@carry.register
def _(source: Interval, target: Domain) -> Bijection:
    if not isinstance(target, Interval):
        raise UnsupportedOperationError(f"between: no bijection from {source} to {target} is known")
    (a, b), (c, d) = _ends("source", source), _ends("target", target)
    if (np.isinf(a), np.isinf(b)) == (np.isinf(c), np.isinf(d)):
        return _along(a, b, c, d)
    return compose(*_from_line(a, b).inv.steps, *_from_line(c, d).steps)  # type: ignore[return-value]


@carry.register
def _(source: RealVector, target: Domain) -> Bijection:
    if isinstance(target, CONSTRAINED):
        space, onto = from_space(target)
        if space.n == source.n:
            return onto
    return _entrywise((REAL,) * source.n, source, target)


@carry.register
def _(source: Product, target: Domain) -> Bijection:
    if isinstance(target, CONSTRAINED):
        space, onto = from_space(target)
        return compose(*carry(source, space).steps, *onto.steps)  # type: ignore[return-value]
    return _entrywise(source.sides, source, target)


@carry.register(Simplex)
@carry.register(Ordered)
@carry.register(SPD)
@carry.register(CorrelationCholesky)
def _(source: Any, target: Domain) -> Bijection:
    space, onto = from_space(source)
    return compose(*onto.inv.steps, *carry(space, target).steps)  # type: ignore[return-value]


@singledispatch
def from_space(target: Domain) -> tuple[RealVector, Bijection]:
    """The space of as many dimensions as a set of arrays that obey a constraint, and the map from there onto it."""
    raise NotImplementedError


@from_space.register
def _(target: Simplex) -> tuple[RealVector, Bijection]:
    from densities.transforms.constrained import StickBreaking

    return RealVector(len(target.sides) - 1), StickBreaking()


@from_space.register
def _(target: Ordered) -> tuple[RealVector, Bijection]:
    from densities.transforms.constrained import Ascending

    return RealVector(len(target.sides)), Ascending()


@from_space.register
def _(target: SPD) -> tuple[RealVector, Bijection]:
    from densities.transforms.matrices import LogCholesky

    return _of_rows(target, LogCholesky())


@from_space.register
def _(target: CorrelationCholesky) -> tuple[RealVector, Bijection]:
    from densities.transforms.matrices import CorrelationFactor

    return _of_rows(target, CorrelationFactor())


def _of_rows(target: Any, onto: Bijection) -> tuple[RealVector, Bijection]:
    rows = len(target.interior_point())
    return RealVector(*onto.preimage_shape((rows, rows))), onto


def _entrywise(sides: Any, source: Domain, target: Domain) -> Bijection:
    from densities.transforms.vector import Independent

    others = getattr(target, "sides", None) if isinstance(target, RealVector | Product) else None
    if others is None or len(others) != len(sides):
        raise UnsupportedOperationError(f"between: no bijection from {source} to {target} is known")
    maps = [between(side, other) for side, other in zip(sides, others, strict=True)]
    if not all(each.same_as(maps[0]) for each in maps):
        raise UnsupportedOperationError(
            f"between: {source} and {target} need a different map for each entry; push each entry by its own"
        )
    return maps[0] if is_identity(maps[0]) else Independent(maps[0])


def _ends(name: str, interval: Interval) -> tuple[float, float]:
    low, high = (value(end) for end in interval.edges)
    if np.ndim(low) or np.ndim(high) or not low < high:
        raise ParameterError(argument_error(name, "an interval with two different ends", interval))
    return float(low), float(high)


def _along(a: float, b: float, c: float, d: float) -> Bijection:
    """The line from (a, b) onto (c, d), or a shift where an end is infinite."""
    if (np.isinf(a) and np.isinf(b)) or (a, b) == (c, d):
        return Identity()
    if np.isfinite(a) and np.isfinite(b):
        scale = (d - c) / (b - a)
        steps = [Shift(-a)] * (a != 0.0) + [Scale(scale)] * (scale != 1.0) + [Shift(c)] * (c != 0.0)
        return compose(*steps)  # type: ignore[return-value]
    return Shift(c - a if np.isfinite(a) else d - b)


def _from_line(low: float, high: float) -> Bijection:
    """From the real line onto (low, high)."""
    if np.isinf(low) and np.isinf(high):
        return Identity()
    if np.isinf(high):
        return compose(Exp(), Shift(low)) if low else Exp()  # type: ignore[return-value]
    if np.isinf(low):
        return compose(Scale(-1.0), Exp(), Affine(high, -1.0))  # type: ignore[return-value]
    return Sigmoid() if (low, high) == (0.0, 1.0) else compose(Sigmoid(), Affine(low, high - low))  # type: ignore[return-value]
