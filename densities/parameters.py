"""Parameters of laws and maps: named, checked once at construction, broadcast into a batch."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from densities.arrays import doubles_of
from densities.domains import Domain, Integers, Interval
from densities.errors import ParameterError, ShapeError, UnsupportedOperationError, argument_error, close_matches
from densities.foreign import Foreign, ForeignError, foreign_within, is_foreign, is_traced, to_numpy, wrapped
from densities.precise import Lifted

REQUIRED: Any = object()
# Letters that are no misspellings of each other: one author's beta is a rate, another's theta a scale.
GREEK = frozenset(
    ("alpha", "beta", "gamma", "delta", "eta", "theta", "kappa", "lamda", "mu", "nu", "xi", "sigma", "tau")
)
# A sum of probabilities further from 1 than this is an error of the caller, not of rounding.
SUM_TOLERANCE = 1e-9
EPS = float(np.finfo(float).eps)


@dataclass(frozen=True)
class Parameter:
    """A parameter's domain, its default, and the other names it answers to, each with the conversion to ours."""

    domain: Domain
    default: Any = REQUIRED
    aliases: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)


def same(x: Any) -> Any:
    return x


def checked_shares(given: np.ndarray, name: str, told: Any) -> np.ndarray:
    """A vector of probabilities, which sum to 1 within `SUM_TOLERANCE`; what is more than rounding of it is divided out."""
    expected = given.dtype.kind in "iuf" and np.all(given >= 0)
    if not expected or not abs(float(np.sum(given)) - 1.0) <= SUM_TOLERANCE:
        raise ParameterError(argument_error(name, "non-negative numbers that sum to 1", told))
    shares = given.astype(float)
    total = float(np.sum(shares))
    return shares if abs(total - 1.0) <= EPS * len(shares) else shares / total


class Parameters(dict[str, Any]):
    """Parameters by name, for reading: a law or a map never changes, nor do the arrays in them."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for p in self.values():
            if type(p) is np.ndarray:
                p.flags.writeable = False

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise UnsupportedOperationError(
            "the parameters of laws and maps never change; replace(name=value) makes another law"
        )

    __setitem__ = __delitem__ = __ior__ = _refuse
    update = pop = popitem = clear = setdefault = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)


class _Declared:
    """The signature of a constructor, for help and completion: declared parameters where these are what it binds."""

    def __get__(self, instance: Any, owner: Any) -> inspect.Signature:
        if instance is not None:  # a map is called with points
            raise AttributeError("__signature__")
        taken = list(inspect.signature(owner.__init__).parameters.values())[1:]
        if any(parameter.kind is not inspect.Parameter.VAR_POSITIONAL for parameter in taken[:1]):
            return inspect.Signature(taken)
        kind, empty = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.empty
        found: list[inspect.Parameter] = []
        for name, declared in reversed(owner.parameters.items()):
            needed = declared.default is REQUIRED or any(later.default is empty for later in found)
            found.insert(0, inspect.Parameter(name, kind, default=empty if needed else declared.default))
        return inspect.Signature(found)


class Fixed:
    """What has parameters that never change: setting an attribute of their names would do nothing, and is refused."""

    __signature__: Any = _Declared()
    # What a class declares, and what an object of it has: nothing, where the constructor of a class of one's own binds nothing.
    parameters: ClassVar[Mapping[str, Parameter]] = {}
    params: Mapping[str, Any] = Parameters()

    @property
    def made_of(self) -> tuple[Any, ...]:
        """The laws and maps that this one is made of, beside its parameters."""
        return ()

    if not TYPE_CHECKING:  # mypy takes a class with this method for one that has every attribute

        def __setattr__(self, name: str, given: Any) -> None:
            if name in self.parameters:
                told = f"{type(self).__name__}.{name}: laws and maps never change"
                raise UnsupportedOperationError(
                    f"{told}; replace({name}=...) makes another law, a call of the class another map"
                )
            object.__setattr__(self, name, given)


@foreign_within.register
def _(thing: Fixed) -> Foreign | None:
    return foreign_within([*thing.params.values(), *thing.made_of])


def real(default: Any = REQUIRED, *names: str, **aliases: Callable[[Any], Any]) -> Parameter:
    return Parameter(Interval(-np.inf, np.inf), default, {**dict.fromkeys(names, same), **aliases})


def positive(default: Any = REQUIRED, *names: str, **aliases: Callable[[Any], Any]) -> Parameter:
    return Parameter(Interval(0.0, np.inf), default, {**dict.fromkeys(names, same), **aliases})


def probability(default: Any = REQUIRED, *names: str, **aliases: Callable[[Any], Any]) -> Parameter:
    return Parameter(
        Interval(0.0, 1.0, low_closed=True, high_closed=True), default, {**dict.fromkeys(names, same), **aliases}
    )


def count(low: int, default: Any = REQUIRED, *names: str) -> Parameter:
    return Parameter(Integers(low, np.inf), default, dict.fromkeys(names, same))


def within(
    low: float, high: float, default: Any = REQUIRED, *names: str, low_closed: bool = False, high_closed: bool = False
) -> Parameter:
    return Parameter(
        Interval(low, high, low_closed=low_closed, high_closed=high_closed), default, dict.fromkeys(names, same)
    )


def as_parameter(owner: str, name: str, given: Any, domain: Domain) -> Any:
    """`given` as a Python float, or as a float64 array where it is a batch; checked against `domain`."""
    if isinstance(given, Lifted):  # a parameter that has been checked
        return given
    if is_foreign(given):
        return _foreign_parameter(owner, name, given, domain)
    expected = f"a real number in {domain}"
    try:
        array = np.asarray(given)
    except ValueError:
        raise ParameterError(argument_error(f"{owner}: {name}", expected, given)) from None
    except UnsupportedOperationError as error:
        raise UnsupportedOperationError(f"{argument_error(f'{owner}: {name}', expected, given)}: {error}") from None
    array = doubles_of(array)
    if isinstance(given, np.ma.MaskedArray) or array.dtype.kind not in "iuf":
        raise ParameterError(argument_error(f"{owner}: {name}", expected, given))
    if array.size == 0:
        raise ShapeError(argument_error(f"{owner}: {name}", "at least one value", given))
    values = array.astype(float)
    inside = domain.contains(values)
    if not np.all(inside):
        worst = values[~inside].flat[0] if values.ndim else float(values)
        raise ParameterError(argument_error(f"{owner}: {name}", expected, float(worst)))
    return float(values) if values.ndim == 0 else values


def _foreign_parameter(owner: str, name: str, given: Any, domain: Domain) -> Foreign:
    """An array of another library, so that derivatives reach it; checked unless its values are not there yet."""
    if not is_traced(given):
        as_parameter(owner, name, to_numpy(given), domain)
    return wrapped(given)


def all_hold(conditions: Any) -> bool:
    """Whether conditions on parameters hold, as far as the values are there to be looked at."""
    if isinstance(conditions, Foreign):
        return is_traced(conditions.array) or bool(np.all(to_numpy(conditions.array)))
    return bool(np.all(conditions))


def decided(condition: Any) -> bool:
    """Whether a condition on parameters holds that chooses the formula; ForeignError where their values are not there yet."""
    if isinstance(condition, Foreign) and is_traced(condition.array):
        raise ForeignError("a parameter that chooses the formula, before its value is there")
    return all_hold(condition)


def bind(owner: str, specification: Mapping[str, Parameter], args: tuple, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters by our names, from positional and keyword arguments and aliases."""
    names = list(specification)
    if len(args) > len(names):
        raise ParameterError(
            argument_error(owner, f"at most {len(names)} arguments ({', '.join(names) or 'none'})", len(args))
        )
    given: dict[str, Any] = dict(zip(names, args, strict=False))
    for key, raw in kwargs.items():
        name, convert = _resolve(owner, specification, key)
        if name in given:
            raise ParameterError(f"{owner}: {name}: expected one value, got two (again as {key!r})")
        given[name] = convert(raw) if convert is same else convert(as_parameter(owner, key, raw, Interval()))
    result = {}
    for name, parameter in specification.items():
        raw = given.get(name, parameter.default)
        if raw is REQUIRED:
            raise ParameterError(f"{owner}: {name}: expected a value ({parameter.domain}), got nothing")
        result[name] = as_parameter(owner, name, raw, parameter.domain)
    return Parameters(result)


def _resolve(owner: str, specification: Mapping[str, Parameter], key: str) -> tuple[str, Callable[[Any], Any]]:
    if key in specification:
        return key, same
    for name, parameter in specification.items():
        if key in parameter.aliases:
            return name, parameter.aliases[key]
    known = [*specification, *(alias for parameter in specification.values() for alias in parameter.aliases)]
    close = [] if key in GREEK else close_matches(key, known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise ParameterError(f"{owner}: expected the parameters {', '.join(specification) or 'none'}, got {key!r}{hint}")


def batch_shape(owner: str, params: Mapping[str, Any]) -> tuple[int, ...]:
    return joint_shape(owner, "parameters", {name: np.shape(p) for name, p in params.items()})


def joint_shape(owner: str, things: str, shapes: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    """The shape that the shapes of some things have together; ShapeError where they do not broadcast."""
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        raise ShapeError(argument_error(owner, f"{things} whose shapes broadcast together", dict(shapes))) from None


def one_of(name: str, given: Any, known: Sequence[str]) -> None:
    """ParameterError where `given` is none of the texts known."""
    if not (isinstance(given, str) and given in known):
        raise ParameterError(argument_error(name, f"one of {', '.join(known)}", given))


def array_of(given: Any) -> np.ndarray:
    """`given` as an array; rows of different lengths as an object, which no check of numbers lets pass."""
    try:
        return doubles_of(np.asarray(given))
    except ValueError:
        return np.asarray(None)


def number_text(x: Any) -> str:
    """The shortest text that parses back to x: 1 rather than 1.0."""
    if isinstance(x, Lifted):
        return str(x)
    text = repr(float(x))
    return text[:-2] if text.endswith(".0") else text


def nested_text(p: Any) -> str:
    """A number or an array of numbers as text that parses back: [[1, 0.5], [0.5, 1]]."""
    if np.ndim(p) == 0:
        return number_text(p)
    return f"[{', '.join(nested_text(row) for row in p)}]"


def same_parameters(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    return a.keys() == b.keys() and all(_same_parameter(a[name], b[name]) for name in a)


def _same_parameter(x: Any, y: Any) -> bool:
    """Equality by value; of arrays of other libraries, whose values may not be there yet, that they are one array."""
    if isinstance(x, Foreign) or isinstance(y, Foreign):
        return isinstance(x, Foreign) and isinstance(y, Foreign) and x.array is y.array
    return bool(np.array_equal(x, y))


# What every law or map has beside its parameters, or keeps when it is first asked; so do names that begin with KNOWN.
COMMON, KNOWN = {"params", "batch_shape", "event_shape", "_inverse", "_programs", "_simplest"}, "_known_"


def from_elsewhere(cls: type) -> bool:
    """Whether a class is not one of this package."""
    return cls.__module__.partition(".")[0] != __name__.partition(".")[0]


def same_attributes(a: Any, b: Any) -> bool:
    """Whether two objects of one class agree in what their constructors keep beside the parameters.

    A class from elsewhere may hold a number or a function in an attribute; those of this package are told by their parameters,
    or have a `same_as` of their own. What a cached property has found does not count.
    """
    if not from_elsewhere(type(a)):
        return True
    own, others = vars(a), vars(b)
    names = {name for name in own.keys() | others.keys() if name not in COMMON and not name.startswith(KNOWN)}
    return not names or all(
        isinstance(getattr(type(a), name, None), cached_property)
        or (name in own and name in others and _same(own[name], others[name]))
        for name in names
    )


def _same(x: Any, y: Any) -> bool:
    """Equality by value of what can be compared, and identity of the rest."""
    if x is y:
        return True
    if type(x) is not type(y):
        return False
    if hasattr(x, "same_as"):
        return bool(x.same_as(y))
    if isinstance(x, Mapping):
        return x.keys() == y.keys() and all(_same(x[name], y[name]) for name in x)
    if isinstance(x, list | tuple):
        return len(x) == len(y) and all(map(_same, x, y))
    return bool(np.array_equal(x, y)) if isinstance(x, np.ndarray) else bool(x == y)


def checked_integers(owner: str, name: str, given: Any) -> Any:
    """`given` where all of it is whole numbers; ParameterError otherwise."""
    if not all_hold(np.isfinite(given) & (given == np.floor(given))):
        raise ParameterError(argument_error(f"{owner}: {name}", "whole numbers", given))
    return given
