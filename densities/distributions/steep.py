"""Points whose way back comes upon a place where the inverse is infinitely steep: cube >> affine(0, 3) at 3.

A rounding by ε before the cube root moves the preimage by ε^(1/3). Points so near such a place that rounding on the way there
counts are led back in many digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from densities.anchored import Anchored, choose, value
from densities.arrays import quiet
from densities.domains import Interval
from densities.errors import UnsupportedOperationError
from densities.protocols import led_back
from densities.transforms.base import Bijection

__all__ = ["Steep", "steep_places"]

EPS = float(np.finfo(float).eps)
# So much of the distance from a steep place may rounding take: a third of it is what preimages and densities lose.
SHARE = 2.0**-33
# Points anchored within this share of the image of a steep place know their distance from it.
ASIDE = 2.0**-20
# Ulps of an image at which slopes are compared with those of many digits, and what a logarithm of them may be off there.
PROBES, KEPT = 2.0 ** np.arange(0, 36, 4), 1e-13
# At a log-distance DEEP from a place of slope 0 the logarithm of the slope is below FLAT.
DEEP, FLAT = -300.0, -100.0


@dataclass(frozen=True, eq=False)
class Steep:
    """The steps of a bijection, each with the images of the points where its slope is 0."""

    map: Bijection
    places: tuple[np.ndarray, ...]
    images: np.ndarray

    def lost(self, y: Any) -> Any:
        """Whether the way back loses the distance from a steep place, by first-order running errors."""
        points, y = y, value(y)
        lost, error = np.zeros(np.shape(y), dtype=bool), np.zeros(np.shape(y))
        steps: Sequence[Any] = self.map.steps
        for step, places in zip(reversed(steps), reversed(self.places), strict=True):
            for place in places:
                lost |= error + EPS * np.abs(y) > SHARE * np.abs(y - place)
            x, log_det = (value(part) for part in step.inverse_and_log_det(y))
            error = np.exp(log_det) * (error + EPS * np.abs(y)) + EPS * np.abs(x)
            y = x
        return lost & self._from_afar(points)

    def _from_afar(self, y: Any) -> Any:
        """Whether points are not known by their distance from the image of a steep place."""
        if not isinstance(y, Anchored):
            return True
        afar, place = np.full(np.shape(y), y._log is None), value(y)
        reach = ASIDE * (np.max(np.abs(self.images)) or 1.0)
        for image in self.images:
            afar &= (np.abs(y.anchor - image) > ASIDE * np.abs(image)) | (np.abs(place - image) > reach)
        return afar

    def keeps(self, y: Any) -> bool:
        """Whether no point is lost."""
        return not np.any(self.lost(y))

    def pulled(self, y: Any, x: Any, log_det: Any) -> tuple[Any, Any]:
        """The preimages x of y and their log-determinants, those that are lost in many digits."""
        lost = np.broadcast_to(self.lost(y), np.shape(y))
        points, where = np.unique(np.asarray(value(y))[lost], return_inverse=True)
        found = np.zeros((2, *np.shape(y)))
        found[:, lost] = np.array([led_back(self.map, float(point)) for point in points])[where].T
        return choose(lost, found[0], x), choose(lost, found[1], log_det)


def steep_places(bijection: Bijection, domain: Interval) -> Steep | None:
    """None where no inner point of the domain has the slope 0, and for batches."""
    steps: Sequence[Any] = bijection.steps
    if bijection.batch_shape or not any(len(step.kinks) for step in steps):
        return None
    with quiet():
        places = tuple(_images(step) for step in steps)
        apart = [i for i, images in enumerate(places) if np.any(images != 0.0) or (len(images) and i < len(steps) - 1)]
        images = [_carried(found, steps[i + 1 :]) for i, found in enumerate(places)]
    found = Steep(bijection, places, np.concatenate(images))
    return found if apart and _is_lossy(found) else None


def _is_lossy(steep: Steep) -> bool:
    """Whether slopes are lost at some of the doubles beside the images: y - 1 and log y of doubles beside 1 lose nothing."""
    ulps = np.spacing(np.maximum(np.abs(steep.images), 1.0))[:, None] * PROBES
    points = np.concatenate([(steep.images[:, None] + side * ulps).reshape(-1) for side in (-1.0, 1.0)])
    points = points[steep.map.codomain.contains(points)]
    with quiet():
        slopes = np.asarray(value(steep.map.inverse_and_log_det(points)[1]))
        try:
            truth = np.array([led_back(steep.map, float(point))[1] for point in points])
        except UnsupportedOperationError:
            return True
        return not np.all(np.abs(slopes - truth) <= KEPT)


def _carried(points: np.ndarray, steps: Sequence[Any]) -> np.ndarray:
    for step in steps:
        points = np.asarray(value(step.forward(points)), dtype=float)
    return points


def _images(step: Any) -> np.ndarray:
    kinks = np.asarray([kink for kink in step.kinks if _is_flat(step, float(kink))], dtype=float)
    images = np.asarray(value(step.forward(kinks)), dtype=float) if len(kinks) else kinks
    return images[np.isfinite(images)]


def _is_flat(step: Any, kink: float) -> bool:
    beside = [step.forward_and_log_det(Anchored.from_log(np.array([DEEP]), side, kink))[1] for side in (-1.0, 1.0)]
    return bool(np.nanmin([np.min(value(slope)) for slope in beside]) < FLAT)
