"""Parametric families: a subclass holds the formulas of the standard member, and this class shifts and stretches them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from densities.anchored import Anchored, anchored, log_abs, pure, value
from densities.anchored.numbers import is_safe
from densities.arrays import quiet
from densities.distributions import masses
from densities.distributions.base import Part, Univariate
from densities.distributions.narrow import NARROW, WIDE, Narrowness, stretched
from densities.domains import Interval
from densities.errors import UnsupportedOperationError
from densities.foreign import Foreign, ForeignError
from densities.logmath import log1mexp
from densities.parameters import batch_shape, bind

# Quantiles of standard members, by family and shapes: they cost more than the rest of the integral of a tame pair. So many
# are remembered, in some megabytes.
_STANDARD_MARKS: dict[tuple[type, tuple[Any, ...]], np.ndarray] = {}
REMEMBERED = 4096
# Logarithms of masses and of lengths that are near the end of the doubles; over these lengths a density is FLAT or singular.
LOG_TINY, FLAT = -660.0, 1e-15
# The marks of a law lie so many of its widths apart. Nearer to 0 ulps of a point are no more than those of log-densities.
SPANNED, FAR = 3.0, 16.0


class Family(Univariate):
    """A parametric family: a subclass holds the formulas of its standard member and names its location and scale.

    `parameters` declares the parameters; `location_name` and `scale_name` say which shift and stretch. Formulas take
    z = (x - loc)/scale, strictly inside the support, or a probability, and then the remaining (shape) parameters in their
    declared order, as scalars or broadcasting arrays; NumPy's functions in them take `Anchored` z too.

    needed      `_logpdf(z)`; `_cdf(z)` or `_logcdf(z)`; `_sf(z)` or `_logsf(z)`, each right in its own small tail;
                `standard_support(*shapes)`, a classmethod, where that is not the line; `validate()` where parameters are tied
    faster      `_ppf(q)`, `_isf(q)`, `_log_ppf(logq)`, `_log_isf(logq)`, solved for otherwise; `_log_mass(a, b)`; `_draw`
    known       `_mean()`, `_var()`, `_std()`, `_median()`, `_mode()`, `_entropy()` of the standard member, integrated or
                searched for otherwise; `_kinks()`, where the density is not smooth

    `dn.check_distribution` judges the result. Raises ParameterError for parameters outside their domains, and
    UnsupportedOperationError where a formula that is needed is not written.
    """

    # Whether the density is that of the double z itself, without the rounding of a power or a quotient on the way.
    keeps_points = False

    def __init__(self, *args: Any, **kwargs: Any):
        self.params = bind(self.name or type(self).__name__, self.parameters, args, kwargs)
        self.batch_shape = batch_shape(self.name, self.params)
        self._loc = self.params[self.location_name] if self.location_name else 0.0
        self._scale = self.params[self.scale_name] if self.scale_name else 1.0
        self._shapes = tuple(p for name, p in self.params.items() if name not in (self.location_name, self.scale_name))
        self._log_scale = np.log(self._scale)
        self._shifted = np.ndim(self._loc) > 0 or self._loc != 0.0
        self._scaled = np.ndim(self._scale) > 0 or self._scale != 1.0
        try:
            self.validate()
        except ForeignError as error:
            raise UnsupportedOperationError(
                f"{self.name}: parameters by arrays of another library: expected plain numbers, got {error.what}"
            ) from error

    @cached_property
    def _is_narrow(self) -> bool:
        plain = (
            not self.batch_shape and self.location_name is not None and not isinstance(self._loc + self._scale, Foreign)
        )
        return plain and bool(abs(self._loc) * NARROW > self._scale)

    def validate(self) -> None:
        """Conditions that tie several parameters together; raises ParameterError."""

    @classmethod
    def standard_support(cls, *shapes: Any) -> Interval:
        """The support of the standard member."""
        return Interval()

    @cached_property
    def support(self) -> Interval:
        standard = self.standard_support(*self._shapes)
        low, high = (
            end if np.ndim(end) == 0 and not np.isfinite(end) else self._loc + self._scale * end
            for end in (standard.low, standard.high)
        )
        return Interval(
            low,
            high,
            low_closed=standard.low_closed,
            high_closed=standard.high_closed,
            low_slack=standard.low_slack,
            high_slack=standard.high_slack,
        )

    @property
    def narrowness(self) -> Narrowness:
        return Narrowness(abs(self._loc) / self._scale) if self._is_narrow else WIDE

    @property
    def log_lost(self) -> float:
        """What ulps of its points do where no location is taken off them and they are many widths from 0."""
        exact = self.keeps_points and np.frexp(self._scale)[0] == 0.5
        if self.batch_shape or self.location_name is not None or self._shifted or exact:
            return 0.0
        points = self.landmarks()
        width = float(np.ptp(points)) if len(points) else 0.0
        widths = SPANNED * float(np.abs(points).max()) / width if width > 0.0 else 0.0
        return 4.0 * widths if widths > FAR else 0.0

    def standardise(self, x: Any) -> Any:
        if self._shifted:
            x = x - self._loc
        return x / self._scale if self._scaled else x

    @property
    def takes_points_as_they_are(self) -> bool:
        """Whether no parameter is in the way from a point to the formulas."""
        return not (self._shifted or self._scaled or self._shapes)

    def restore(self, z: Any) -> Any:
        if self._is_narrow and isinstance(z, np.ndarray | np.floating | float | Anchored):
            return stretched(z, self._loc, self._scale)
        if self._scaled:
            z = z * self._scale
        return z + self._loc if self._shifted else z

    def raw_logpdf(self, x: Any) -> Any:
        result = self._logpdf(self.standardise(x), *self._shapes)
        return result - self._log_scale if self._scaled else result

    def raw_cdf(self, x: Any) -> Any:
        return self._by_logs(self._cdf, self.standardise(x), lambda logs: np.exp(logs[0]), 0.0, 1.0)

    def raw_sf(self, x: Any) -> Any:
        return self._by_logs(self._sf, self.standardise(x), lambda logs: np.exp(logs[1]), 0.0, 1.0)

    def raw_logcdf(self, x: Any) -> Any:
        return self._by_logs(self._logcdf, self.standardise(x), lambda logs: logs[0], -np.inf, 0.0)

    def raw_logsf(self, x: Any) -> Any:
        return self._by_logs(self._logsf, self.standardise(x), lambda logs: logs[1], -np.inf, 0.0)

    def _by_logs(self, formula: Any, z: Any, told: Any, none: float, all_of_it: float) -> Any:
        """A distribution function; where z has left the doubles and it says none or all, what the two logarithms tell."""
        found = formula(z, *self._shapes)
        if not isinstance(z, Anchored) or z._log is None or not np.any(gone := ~is_safe(z.offset)):
            return found
        doubtful = gone & ((found == none) | (found == all_of_it))
        if not np.any(doubtful):
            return found
        below, above = (value(formula(z, *self._shapes)) for formula in (self._logcdf, self._logsf))
        settled = [(logs == 0.0) | (logs == -np.inf) for logs in (below, above)]
        logs = np.where(settled[0], log1mexp(above), below), np.where(settled[1], log1mexp(below), above)
        return np.where(doubtful, told(logs), found)

    def raw_log_mass(self, a: Any, b: Any) -> Any:
        return self._over_slivers(a, b, self._log_mass(*self._standard_ends(a, b), *self._shapes))

    def _over_slivers(self, a: Any, b: Any, found: Any) -> Any:
        """log-masses of intervals; of those shorter than doubles tell when divided by the scale, density times length."""
        if not isinstance(found, np.ndarray | Anchored) or not np.any(value(found) < LOG_TINY):
            return found
        length = log_abs(anchored(b) - anchored(a))
        first, last = (np.asarray(value(self.raw_logpdf(end))) for end in (a, b))
        flat = np.isfinite(last) & (np.abs(first - last) <= FLAT * (1.0 + np.abs(last)))
        return np.where(flat & (length < LOG_TINY), last + length, value(found))

    def raw_mass(self, a: Any, b: Any) -> Any:
        return self._mass(*self._standard_ends(a, b), *self._shapes)

    def _standard_ends(self, a: Any, b: Any) -> tuple[Any, Any]:
        """a and b standardised, b as a and the width where that is narrow: dividing each by the scale would round it away."""
        low, high = self.standardise(a), self.standardise(b)
        if not (self._scaled or self._shifted):
            return low, high
        if self._shifted:
            low, high = (pure(anchored(x) - self._loc) / self._scale for x in (a, b))
        gap = (b - a) / self._scale
        centre, width = np.asarray(value(low)), np.asarray(value(gap))
        narrow = np.isfinite(width) & (np.abs(centre) > 1e-290) & (np.abs(width) <= 0.5 * np.abs(centre)) | (
            centre == 0.0
        )
        start, stop = Anchored(centre, np.zeros_like(width)), Anchored(centre, width, log_abs(gap))
        return np.where(narrow, start, anchored(low)), np.where(narrow, stop, anchored(high))

    def raw_ppf(self, q: Any) -> Any:
        return self.restore(self._ppf(q, *self._shapes))

    def raw_isf(self, q: Any) -> Any:
        return self.restore(self._isf(q, *self._shapes))

    def raw_log_ppf(self, logq: Any) -> Any:
        return self.restore(self._log_ppf(logq, *self._shapes))

    def raw_log_isf(self, logq: Any) -> Any:
        return self.restore(self._log_isf(logq, *self._shapes))

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return self.restore(self._draw(rng, shape, *self._shapes))

    def from_stream(self, z: Any) -> Any:
        return self.restore(self._from_stream(z, *self._shapes))

    def parts(self) -> Sequence[Part]:
        """A law that is narrow where it stands is seen from there: doubles would not tell its points apart."""
        if not self._is_narrow:
            return super().parts()
        loc, scale = self._loc, self._scale

        def forward(z: Any) -> tuple[Any, Any]:
            return stretched(z, loc, scale), self._log_scale

        return (Part(1.0, self.standard(), forward, lambda points: (points - loc) / scale),)

    def kinks(self) -> np.ndarray:
        return self._each(self._kinks(*self._shapes))

    def marks(self) -> np.ndarray:
        return self._marks

    @cached_property
    def _marks(self) -> np.ndarray:
        if self.batch_shape:
            return self._own_marks()
        with quiet():
            return value(self.restore(self._standard_marks()))

    def _own_marks(self) -> np.ndarray:
        standard = self._landmarks(*self._shapes)
        return super().marks() if standard is None else self._each(standard)

    def _standard_marks(self) -> np.ndarray:
        key = type(self), self._shapes
        if key not in _STANDARD_MARKS:
            if len(_STANDARD_MARKS) >= REMEMBERED:
                _STANDARD_MARKS.clear()
            _STANDARD_MARKS[key] = self._standard_view()._own_marks()  # type: ignore[attr-defined]
        return _STANDARD_MARKS[key]

    def landmarks(self) -> np.ndarray:
        points = super().landmarks()
        low, high = (np.min(self.support.low), np.max(self.support.high))
        return points[(points > low) & (points < high)]

    def _each(self, standard: Sequence[Any]) -> np.ndarray:
        """Points of the standard member, each a number or an array of the batch, in the place of this one."""
        if not len(standard):
            return np.empty((0, *self.batch_shape))
        with np.errstate(all="ignore"):
            return value(self.restore(np.stack([np.broadcast_to(point, self.batch_shape) for point in standard])))

    # ---- closed summaries: of the standard member, shifted and stretched; None where the family has none ----

    def _closed(self, name: str) -> Any:
        formula = getattr(self, f"_{name}", None)
        return (
            None
            if formula is None
            else formula(*(np.float64(shape) if np.ndim(shape) == 0 else shape for shape in self._shapes))
        )

    def _moved(self, standard: Any) -> Any:
        if standard is None:
            return None
        result = self._loc + self._scale * np.broadcast_to(standard, self.batch_shape)
        return float(result) if np.ndim(result) == 0 else result

    def closed_mean(self) -> Any:
        return self._moved(self._closed("mean"))

    def closed_median(self) -> Any:
        return self._moved(self._closed("median"))

    def closed_mode(self) -> Any:
        return self._moved(self._closed("mode"))

    def closed_var(self) -> Any:
        standard = self._closed("var")
        if standard is None:
            return None
        result = self._scale * (self._scale * np.broadcast_to(standard, self.batch_shape))  # 0·inf is no number
        return float(result) if np.ndim(result) == 0 else result

    def closed_std(self) -> Any:
        standard = self._closed("std")
        if standard is None:
            standard = self._closed("var")
            standard = None if standard is None else np.sqrt(standard)
        if standard is None:
            return None
        result = self._scale * np.broadcast_to(standard, self.batch_shape)
        return float(result) if np.ndim(result) == 0 else result

    def closed_entropy(self) -> Any:
        standard = self._closed("entropy")
        if standard is None:
            return None
        result = np.broadcast_to(standard, self.batch_shape) + self._log_scale
        return float(result) if np.ndim(result) == 0 else result

    # ---- formulas of the standard member; a family gives those that are needed, and more where the defaults are not good ----

    def _logpdf(self, z: Any, *shapes: Any) -> Any:
        raise self._unwritten("_logpdf")

    def _cdf(self, z: Any, *shapes: Any) -> Any:
        """F, from its logarithm where that is written alone."""
        if type(self)._logcdf is Family._logcdf:
            raise self._unwritten("_cdf")
        return np.exp(self._logcdf(z, *shapes))

    def _sf(self, z: Any, *shapes: Any) -> Any:
        """1 - F, from its logarithm where that is written alone."""
        if type(self)._logsf is Family._logsf:
            raise self._unwritten("_sf")
        return np.exp(self._logsf(z, *shapes))

    def _unwritten(self, formula: str) -> UnsupportedOperationError:
        told = f"{type(self).__name__}: {formula}(z, *shapes) is not written; help(distributions.Family) lists the formulas"
        return UnsupportedOperationError(f"{told}, and FromDensity takes a law of which the density alone is known")

    def _ppf(self, q: Any, *shapes: Any) -> Any:
        return masses.quantile_between(self._standard_view(), np.log(q), np.log1p(-q))

    def _isf(self, q: Any, *shapes: Any) -> Any:
        return masses.quantile_between(self._standard_view(), np.log1p(-q), np.log(q))

    def _logcdf(self, z: Any, *shapes: Any) -> Any:
        """log F; a family whose F underflows gives its own."""
        return np.log(self._cdf(z, *shapes))

    def _logsf(self, z: Any, *shapes: Any) -> Any:
        return np.log(self._sf(z, *shapes))

    def _mass(self, a: Any, b: Any, *shapes: Any) -> Any:
        if type(self)._log_mass is not Family._log_mass:
            return np.exp(self._log_mass(a, b, *shapes))
        return masses.mass(self._standard_view(), a, b)

    def _log_mass(self, a: Any, b: Any, *shapes: Any) -> Any:
        return masses.log_mass(self._standard_view(), a, b)

    def _log_ppf(self, logq: Any, *shapes: Any) -> Any:
        return masses.solve_quantile(self._standard_view(), logq, lower=True)

    def _log_isf(self, logq: Any, *shapes: Any) -> Any:
        return masses.solve_quantile(self._standard_view(), logq, lower=False)

    def _draw(self, rng: np.random.Generator, shape: tuple[int, ...], *shapes: Any) -> Any:
        """Draws of the standard member: by inversion unless NumPy has the family."""
        if self.stream is not None:
            return self._from_stream(self.stream.draw(rng, shape), *shapes)
        u = rng.random(shape)
        return self._ppf(np.where(u == 0.0, 2.0**-54, u), *shapes)

    def _from_stream(self, z: Any, *shapes: Any) -> Any:
        """The points of the standard member that draws of its stream make."""
        return z

    def _landmarks(self, *shapes: Any) -> Any:
        """Landmarks of the standard member where its quantiles are slow; None for quantiles."""
        return None

    def _kinks(self, *shapes: Any) -> Sequence[float]:
        return ()

    def _standard_view(self) -> Univariate:
        """The standard member itself, for the numeric defaults."""
        return self._standard if self._shifted or self._scaled else self

    @cached_property
    def _standard(self) -> Any:
        return self.standard()

    def standard(self) -> Any:
        """The member of the family with location 0 and scale 1."""
        changes = {name: default for name, default in ((self.location_name, 0.0), (self.scale_name, 1.0)) if name}
        return self.replace(**changes)
