"""Points of a root that doubles round, pinned to what they stand for: the distance from there is the one that counts.

The pole of 1/x lies -10⁴ widths from the middle of normal(1, 1e-4) but for rounding, and 1 + 1e-4·z misses 0 there by 1e-21.
Beside the pole an integrand would see that distance and none that is smaller, and have the exponent of a point next to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from densities.anchored import Anchored, anchored, choose, value
from densities.arrays import quiet
from densities.distributions.route import TAME, End, from_end, log_slope

__all__ = ["pinned"]

# Nodes within so many ulps of a point are anchored at it.
ULPS = 8.0 * float(np.finfo(float).eps)
# Farther than so many times what doubles miss a point by, a difference of images keeps the digits that matter.
CLEAR = 2.0**36
# The share of its place by which a point is left to see whether the map rises there.
ASIDE = 2.0**-20
Forward = Callable[[Any], tuple[Any, Any]]


class Pin(NamedTuple):
    """A point of a root that goes to a point of the image, by how much the map misses that, and whether it rises there."""

    end: End
    missed: float
    rises: bool


def pinned(
    forward: Forward, preimages: Callable[[np.ndarray], np.ndarray], images: Sequence[float] | np.ndarray
) -> Forward:
    """The map, but beside the preimages of `images` the distance from these is the integral of the slope."""
    with quiet():
        pins = _pins(forward, preimages, np.unique(np.asarray(images, dtype=float)))
    if not pins:
        return forward

    def carried(x: Any) -> tuple[Any, Any]:
        y, log_det = forward(x)
        if isinstance(x, Anchored):
            for pin in pins:
                y = _from_pin(pin, forward, x, y, log_det)
        return y, log_det

    return carried


def _pins(forward: Forward, preimages: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> list[Pin]:
    """Those of the preimages that the map does not send to the image, and where it has a slope."""
    images = images[np.isfinite(images)]
    places = np.unique(np.ravel(preimages(images))) if len(images) else images
    places = places[np.isfinite(places) & (places != 0.0)]
    if not len(places):
        return []
    y, log_det = forward(Anchored(places, ASIDE * np.abs(places) * np.array([[-1.0], [0.0], [1.0]])))
    slopes = np.broadcast_to(value(log_det), (3, len(places)))[1]
    pins: list[Pin] = []
    for place, (before, here, after), at, slope in zip(
        places, np.broadcast_to(value(y), (3, len(places))).T, range(len(places)), slopes, strict=True
    ):
        image = images[np.argmin(np.abs(images - here))]
        missed = float(value((anchored(y) - image)[1, at]))
        clear = 0.0 < abs(missed) < ASIDE * abs(after - before) and np.isfinite(slope)
        if clear and not any(_near(pin, place) for pin in pins):
            pins.append(Pin(End(float(place), 0.0, float(image), float(slope)), missed, bool(after > before)))
    return pins


def _near(pin: Pin, place: Any) -> Any:
    return np.abs(place - pin.end.start) <= ULPS * abs(pin.end.start)


def _from_pin(pin: Pin, forward: Forward, x: Anchored, y: Any, log_det: Any) -> Any:
    at = np.broadcast_to(_near(pin, x.anchor), x.shape)
    if not np.any(at):
        return y
    beside = at & (x.log_offset + pin.end.slope < np.log(CLEAR * abs(pin.missed)))
    if not np.any(beside):
        return y
    tame = beside & (np.abs(value(log_det) - pin.end.slope) < TAME)
    y = choose(beside, anchored(y) - pin.missed, y)  # farther out y may come near 0, and keep its digits there
    return from_end(pin.end, partial(log_slope, forward), pin.rises, x, y, tame)
