"""Whether a law lives where a map is defined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from densities.anchored import value
from densities.arrays import quiet
from densities.domains import Interval
from densities.errors import ShapeError, SupportError
from densities.parameters import joint_shape
from densities.transforms.base import Bijection, Flat, Piece, Transform


def populated(pieces: Sequence[Piece | Flat], support: Interval) -> Sequence[Piece | Flat]:
    """The pieces of a map without those that a support reaches only by the rounding of its end.

    2 - Φ⁻¹(Φ(2)) is -4e-17 in doubles and 0 in truth: 1/x then has no mass beyond its pole.
    """
    reached = [piece for piece in pieces if not np.all(sliver(piece.domain, support))]
    return reached or pieces


def sliver(domain: Interval, support: Interval) -> Any:
    """Whether only one end of the support lies in the domain of a piece, and its rounding is wider than what does."""
    common = domain.intersect(support)
    own_low, own_high = (np.equal(value(a), value(b)) for a, b in zip(common.edges, support.edges, strict=True))
    slack = np.where(own_low, support.low_slack, support.high_slack)
    return (own_low != own_high) & (slack > 0) & np.asarray(common.length <= slack)


def on_poles(step: Transform, places: np.ndarray) -> np.ndarray:
    """Those of the places where a map has no finite value, but has one on either side."""
    around = places[:, None] + 1e-3 * np.maximum(1.0, np.abs(places))[:, None] * np.array([-1.0, 0.0, 1.0])
    finite = np.isfinite(value(step.forward(around)))
    return places[~finite[:, 1] & finite[:, 0] & finite[:, 2]]


def _check_poles(base: Any, transform: Transform) -> None:
    """SupportError where a point mass lies on a pole of the map."""
    if base.batch_shape or transform.batch_shape or not len(base.atoms[0]):
        return
    with quiet():
        lost = on_poles(transform, base.atoms[0])
    if len(lost):
        mass = float(base.pmf(lost[0]))
        raise SupportError(
            f"{transform}: the atom at {lost[0]:.6g} = {mass:.6g} of {base} lies on its pole; restrict the law with "
            "truncate(...) or choose a map defined there",
            lost_mass=mass,
            log_lost_mass=float(np.log(mass)),
        )


def check_support(base: Any, transform: Transform) -> None:
    """SupportError with the lost mass where the base certainly leaves the domain of the map.

    What the class of a map does not say is found here, or refused, before any number is asked for.
    """
    _ = [step.increasing for step in transform.steps if isinstance(step, Bijection)]
    _check_poles(base, transform)
    domain, support = transform.domain, base.support
    if not isinstance(domain, Interval) or not isinstance(support, Interval) or domain.is_real_line:
        return
    with quiet():
        below = np.asarray(
            value(domain.low - support.low) > np.asarray(support.low_slack) + np.asarray(domain.low_slack)
        )
        above = np.asarray(
            value(support.high - domain.high) > np.asarray(support.high_slack) + np.asarray(domain.high_slack)
        )
        if base.batch_shape or transform.batch_shape:
            if below.any() or above.any():
                _check_members(base, transform)
            return
        losses = []
        if below.any():
            losses.append((f"P(X <= {value(domain.low):.6g})", base.raw_logcdf(np.asarray(value(domain.low)))))
        if above.any():
            losses.append((f"P(X >= {value(domain.high):.6g})", base.raw_logsf(np.asarray(value(domain.high)))))
        locations, masses = base.atoms
        lost_atoms = ~np.asarray(domain.contains(locations)) if len(locations) else np.zeros(0, bool)
        if not losses and lost_atoms.any():
            losses.append((f"the atom at {locations[lost_atoms][0]:.6g}", np.log(masses[lost_atoms][0])))
    if losses:
        what, log_mass = losses[0]
        log_mass = float(np.max(value(log_mass)))
        amount = f"{np.exp(log_mass):.6g}" if log_mass > -700 else f"10^{log_mass / np.log(10):.6g}"
        raise SupportError(
            f"{transform}: {what} = {amount} of {base} lies outside its domain {domain}; "
            f"restrict the law with truncate({base}, {value(domain.low):g}, {value(domain.high):g}) "
            "or choose a map defined there (such as abs first)",
            lost_mass=float(np.exp(log_mass)),
            log_lost_mass=log_mass,
        )


# What a point of a map is, by its number of axes, and where its laws come from.
KINDS = {
    1: ("vectors", "dn.Product([...]) makes one of independent laws"),
    2: ("matrices", "a law of vectors becomes one by dn.LogCholesky() or dn.CorrelationFactor()"),
}


def shared_batch(base: Any, transform: Transform) -> tuple[int, ...]:
    """The batch shape of the law of transform(X); ShapeError where X has fewer axes than the map takes."""
    if transform.event_ndim > len(base.event_shape):
        expected, hint = KINDS[transform.event_ndim]
        raise ShapeError(f"{transform}: expected a law of {expected}, got {base}; {hint}")
    shapes = {"law": base.batch_shape, "map": transform.batch_shape}
    return joint_shape(str(transform), "batches of laws and maps", shapes)


def _check_members(base: Any, transform: Transform) -> None:
    shape = shared_batch(base, transform)
    for index in np.ndindex(shape):
        check_support(base.member(index, shape), transform.member(index, shape))
