"""A computed number with its error, what kind of error that is, how it was found and whether it can be trusted."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_UP, Context, Decimal
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri, stdtrit

from densities.arrays import some
from densities.errors import EstimateError, ParameterError, UnsupportedOperationError, argument_error

__all__ = ["ErrorKind", "Estimate", "Status", "format_error", "format_value", "jsonable"]

MAX_DIGITS = 15  # every decimal of 15 digits survives a trip through float64


class Status(Enum):
    """How a computation ended; `advice` says what to do, `ok` whether the value answers the question."""

    ok: bool
    advice: str

    EXACT = "exact", True, "A closed form; the error is the rounding of its terms."
    CONVERGED = "converged", True, "The error is as small as was asked for."
    INFINITE = "infinite", True, "The value is infinite, and that is certain; detail['reason'] says why."
    UNDEFINED = (
        "undefined",
        False,
        "The quantity does not exist (its positive and negative parts are both infinite, or an operand is NaN).",
    )
    UNDECIDED = (
        "undecided",
        False,
        "Finite and infinite could not be told apart. Move the parameters away from the border, or find the exponents "
        "of both tails by hand.",
    )
    HEAVY_TAIL = (
        "heavy_tail",
        False,
        "The variance of the integrand is not finite as far as can be told, so no standard error holds. Use "
        "method='quadrature', or sample from a law with heavier tails.",
    )
    NOT_CONVERGED = (
        "not_converged",
        False,
        "The error is larger than was asked for. Raise the number of evaluations, loosen the tolerance, or try another "
        "method.",
    )
    UNAVAILABLE = "unavailable", False, "The method does not apply here; detail['reason'] says why."

    def __new__(cls, value: str, ok: bool, advice: str) -> Status:
        member = object.__new__(cls)
        member._value_ = value
        member.ok = ok
        member.advice = advice
        return member

    def __str__(self) -> str:
        return self.value


class ErrorKind(Enum):
    """What the error promises; `meaning` says it in words."""

    meaning: str

    EXACT = "exact", "the rounding of a closed form, and nothing else"
    BOUND = "bound", "the truth lies within the error"
    HEURISTIC = "heuristic", "the truth is expected within the error, without proof"
    STANDARD_ERROR = "standard_error", "the standard deviation of the estimate; see interval()"

    def __new__(cls, value: str, meaning: str) -> ErrorKind:
        member = object.__new__(cls)
        member._value_ = value
        member.meaning = meaning
        return member

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Estimate:
    """A value and its error; every field may be an array of the batch shape, `status` then an object array.

    `error` is absolute and never negative, `detail` holds what a method has to tell (`reason`, `dof`, `plan`, ...).
    KL divergences and entropies are in nats; `bits` converts. `float(e)` is the value, `e[i]` one member of a batch.
    """

    value: Any
    error: Any = 0.0
    error_kind: ErrorKind = ErrorKind.EXACT
    status: Any = Status.EXACT
    method: str = "closed"
    evaluations: Any = 0
    detail: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("value", "error", "status", "evaluations"):
            given = getattr(self, name)
            if isinstance(given, (np.ndarray, np.generic, list, tuple)):
                object.__setattr__(self, name, _plain(given))
        assert not some(self.error < 0), f"a negative error is a bug of densities: {self.error!r}"

    def noting(self, **detail: Any) -> Estimate:
        """The estimate with more to tell in `detail`."""
        same = object.__new__(Estimate)
        for name in Estimate.__slots__:
            object.__setattr__(same, name, getattr(self, name))
        object.__setattr__(same, "detail", {**self.detail, **detail})
        return same

    @property
    def shape(self) -> tuple[int, ...]:
        """The batch shape; () for a single estimate."""
        return np.shape(self.value)

    @property
    def statuses(self) -> tuple[Status, ...]:
        """The different statuses in the batch, in the order of their definition."""
        present = set(_flat(self.status))
        return tuple(status for status in Status if status in present)

    @property
    def ok(self) -> bool:
        """True where every member of the batch answers the question."""
        return all(status.ok for status in self.statuses)

    @property
    def reason(self) -> str:
        """Why the status is what it is, in words; empty when the method had nothing to add."""
        return "; ".join(dict.fromkeys(filter(None, _flat(self.detail.get("reason", "")))))

    @property
    def bits(self) -> Estimate:
        """The same estimate in bits instead of nats: value and error over log 2."""
        return replace(self, value=np.divide(self.value, math.log(2)), error=np.divide(self.error, math.log(2)))

    def require(self, *, rtol: float | None = None, atol: float | None = None) -> Estimate:
        """Return the estimate itself where it is good enough; otherwise raise EstimateError.

        Good enough: every status is `ok` (a certain infinity is), and with a tolerance given, error <= atol +
        rtol |value|. A standard error is compared as it stands, with no factor for a confidence level.
        """
        for name, tolerance in (("rtol", rtol), ("atol", atol)):
            if tolerance is not None and not tolerance >= 0:
                raise ParameterError(argument_error(name, "a tolerance >= 0", tolerance))
        failed = [status for status in self.statuses if not status.ok]
        if failed:
            raise EstimateError(f"{self}. {self.reason or failed[0].advice}", estimate=self)
        if rtol is None and atol is None:
            return self
        with np.errstate(invalid="ignore"):  # rtol = 0 of an infinite value
            allowed = np.where(np.isinf(self.value), 0.0, (atol or 0.0) + (rtol or 0.0) * np.abs(self.value))
        if not np.all(np.less_equal(self.error, allowed)):
            raise EstimateError(f"{self}: the error exceeds rtol={rtol}, atol={atol}", estimate=self)
        return self

    def interval(self, level: float = 0.95) -> tuple[Any, Any]:
        """Lower and upper end of where the truth lies.

        For a standard error: a two-sided confidence interval at `level`, Student's t with `detail["dof"]` degrees of
        freedom where present, normal otherwise. For the other kinds of error, value -/+ error whatever the level.
        """
        if not 0 < level < 1:
            raise ParameterError(argument_error("level", "a probability strictly between 0 and 1", level))
        half = np.multiply(self.error, self._quantile(level))
        with np.errstate(invalid="ignore"):  # an infinite value with an infinite error has no ends: nan
            return _plain(np.subtract(self.value, half)), _plain(np.add(self.value, half))

    def _quantile(self, level: float) -> Any:
        """The number of standard errors on either side of the value."""
        if self.error_kind is not ErrorKind.STANDARD_ERROR:
            return 1.0
        upper = (1 - level) / 2
        return -stdtrit(self.detail["dof"], upper) if "dof" in self.detail else -ndtri(upper)

    def same_as(self, other: Estimate) -> bool:
        """True when value, error, status, method and evaluations are equal bit for bit (nan equals nan)."""
        return (
            self.method == other.method
            and self.error_kind is other.error_kind
            and _flat(self.status) == _flat(other.status)
            and all(_bits(getattr(self, name)) == _bits(getattr(other, name)) for name in _NUMBERS)
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain types that JSON knows; inf and nan, which it does not, become strings."""
        names = ("value", "error", "error_kind", "status", "method", "evaluations", "detail")
        return {name: jsonable(getattr(self, name)) for name in names}

    def __getitem__(self, index: Any) -> Estimate:
        """The estimates at `index` of the batch."""
        shape = self.shape
        if not shape:
            raise UnsupportedOperationError("a single estimate cannot be indexed; it has no batch shape")

        def at(item: Any) -> Any:
            batched = isinstance(item, np.ndarray) and item.shape[: len(shape)] == shape
            return item[index] if batched else item

        numbers = {name: at(getattr(self, name)) for name in (*_NUMBERS, "status")}
        return replace(self, **numbers, detail={key: at(item) for key, item in self.detail.items()})

    def __eq__(self, other: object) -> bool:
        return self is other or self._compared(other)

    __hash__ = object.__hash__

    def _compared(self, other: object) -> Any:
        """`==` and `<` would hide the error: with numbers they are refused."""
        if isinstance(other, numbers.Real | np.ndarray):
            told = f"{self} compared with {other!r}: expected float(e) or e.value, or e.require(...) for its digits"
            raise UnsupportedOperationError(told)
        return NotImplemented

    __lt__ = __le__ = __gt__ = __ge__ = _compared

    def __float__(self) -> float:
        if self.shape:
            raise UnsupportedOperationError(f"a batch of estimates of shape {self.shape} is not one float; use .value")
        return float(self.value)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        array = np.asarray(self.value, dtype=dtype)
        return array.copy() if copy else array

    def __str__(self) -> str:
        return format(self, "")

    def __format__(self, spec: str) -> str:
        """`0.3181471805599 ± 2e-12 (quadrature, converged, 515 evaluations)`; `spec` formats the value."""
        return f"{self._numbers(spec)} ({', '.join(self._facts())})"

    def __repr__(self) -> str:
        return f"Estimate({self})"

    def _numbers(self, spec: str) -> str:
        values, errors = np.broadcast_arrays(self.value, self.error)
        pairs = list(zip(values.flat, errors.flat, strict=True))
        shown = [_with_error(value, error, spec) for value, error in pairs[:6]]
        text = ", ".join(shown + ["..."] * (len(pairs) > 6))
        return f"[{text}]" if self.shape else text

    def _facts(self) -> Iterable[str]:
        yield self.method
        status = " and ".join(map(str, self.statuses))
        yield f"{status}: {self.reason}" if self.reason else status
        evaluations = int(np.sum(self.evaluations))
        if evaluations:
            yield f"{evaluations:,} evaluation{'s' * (evaluations != 1)}"


_NUMBERS = ("value", "error", "evaluations")


def infinite(method: str, reason: str, evaluations: int = 0, *, value: float = math.inf, **more: Any) -> Estimate:
    """The estimate of what is known to diverge, to inf, -inf or nowhere (nan), with the reason and what else `detail` holds."""
    status = Status.UNDEFINED if math.isnan(value) else Status.INFINITE
    return Estimate(value, 0.0, ErrorKind.EXACT, status, method, evaluations, {"reason": reason, **more})


def format_value(value: float, error: float = 0.0) -> str:
    """`value` with the digits that `error` leaves meaningful, at most 15: (0.318147, 0.0023) -> '0.3181'."""
    value, error = float(value), abs(float(error))
    if error == 0 or value == 0 or not math.isfinite(value):
        return f"{value:.{MAX_DIGITS}g}"
    if not math.isfinite(error):
        return f"{value:.3g}"
    digits = _exponent(value) - _exponent(error) + len(_rounded_up(error).as_tuple().digits)
    if digits > MAX_DIGITS:
        return f"{value:.{MAX_DIGITS}g}"
    return f"{value:#.{max(digits, 1)}g}".rstrip(".").replace(".e", "e")


def format_error(error: float) -> str:
    """`error` with at most two significant digits, rounded up, so that it never looks smaller than it is."""
    error = float(error)
    return f"{float(_rounded_up(error)):.2g}" if math.isfinite(error) and error else f"{error:g}"


def jsonable(item: Any) -> Any:
    """`item` in the types of JSON: arrays become lists, enums their values, inf and nan strings, the rest `str`."""
    match item:
        case None | bool() | int() | str():
            return item
        case float():
            return item if math.isfinite(item) else str(item)
        case Enum():
            return jsonable(item.value)
        case np.ndarray() | np.generic():
            return jsonable(item.tolist())
        case Estimate():
            return item.to_dict()
        case Mapping():
            return {str(key): jsonable(value) for key, value in item.items()}
        case list() | tuple() | set() | frozenset():
            return [jsonable(value) for value in item]
    return str(item)


def _with_error(value: float, error: float, spec: str) -> str:
    text = format(value, spec) if spec else format_value(value, error)
    return f"{text} ± {format_error(error)}" if error != 0 else text


def _rounded_up(error: float) -> Decimal:
    """Two significant digits, away from zero; what `repr` shows is what is rounded, so that 0.1 stays 0.1."""
    return Context(prec=2, rounding=ROUND_UP).create_decimal(repr(error)).normalize()


def _exponent(number: float) -> int:
    return Decimal(number).adjusted()


def _plain(item: ArrayLike) -> Any:
    """An array, or a Python object for a scalar."""
    array = np.asarray(item)
    return array if array.ndim else array.item()


def _flat(item: Any) -> list[Any]:
    return list(np.asarray(item, dtype=object).flat)


def _bits(item: Any) -> tuple[tuple[int, ...], bytes]:
    array = np.asarray(item)
    return array.shape, array.tobytes()
