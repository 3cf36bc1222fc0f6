"""What floors say to each other without importing upward: laws are made of foreign objects, maps are applied to laws."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import singledispatch, wraps
from typing import Any

from densities.errors import UnsupportedOperationError, argument_error
from densities.foreign import ForeignError, is_foreign


@singledispatch
def as_distribution(law: Any) -> Any:
    """`law` as a Distribution of this library: its own, frozen laws of scipy.stats, torch and NumPyro, kernel estimates.

    Every function that takes a law calls this; other kinds register with it, as with any `functools.singledispatch`.
    Raises UnsupportedOperationError for what is no law, ParameterError for a family whose parameters are not given.
    """
    raise TypeError(argument_error("law", "a distribution, of this library or one that it can adapt", law))


@singledispatch
def push_forward(law: Any, transform: Any) -> Any:
    """The law of transform(X) for X of law `law`."""
    return push_forward(as_distribution(law), transform)


@singledispatch
def is_law(candidate: Any) -> bool:
    """Whether `candidate` is a distribution, as opposed to an array of points."""
    return False


@singledispatch
def to_digits(law: Any, method: str, dps: int, *arguments: Any, **options: Any) -> Any:
    """What a method of a law answers, to dps decimal digits, in numbers of mpmath."""
    raise UnsupportedOperationError(f"{law}: {method} to {dps} digits: expected a law on the line")


@singledispatch
def ends_beyond_doubles(law: Any) -> tuple[float, float]:
    """What the exact ends of the support of a law are beyond the doubles in their place; NaN where it is not known."""
    return float("nan"), float("nan")


@singledispatch
def corners_beyond_doubles(law: Any, corners: Any) -> Any:
    """What the exact corners of the density of a law are beyond the doubles in their place; 0 where it is not known."""
    return 0.0 * corners


@singledispatch
def led_back(bijection: Any, y: float) -> tuple[float, float]:
    """The preimage of a double under a bijection and its log-determinant, found in many digits."""
    raise TypeError(argument_error("bijection", "a bijection of the line", bijection))


@singledispatch
def on_foreign(law: Any, method: str, *arguments: Any, **options: Any) -> Any:
    """What a method of a law answers at an array of another library, as an array of that library."""
    raise UnsupportedOperationError(f"{law}: {method} of an array of another library: expected a law of this library")


def _answer(method: Callable, law: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The method, or its answer to arrays of another library, be they the points or the parameters."""
    if is_foreign(arguments[0] if arguments else next(iter(options.values()), None)):
        return on_foreign(law, method.__name__, *arguments, **options)
    try:
        return method(law, *arguments, **options)
    except ForeignError:
        if not (arguments or options):
            raise  # a method that takes no points
        return on_foreign(law, method.__name__, *arguments, **options)


def many_digits(method: Callable) -> Callable:
    """Gives a method of a law the keyword `dps`: its answer to so many decimal digits, as mpf of mpmath."""

    @wraps(method)
    def answered(self: Any, *arguments: Any, dps: int | None = None, **options: Any) -> Any:
        if dps is None:
            return _answer(method, self, arguments, options)
        return to_digits(self, method.__name__, dps, *arguments, **options)

    signature = inspect.signature(method)
    keyword = inspect.Parameter("dps", inspect.Parameter.KEYWORD_ONLY, default=None, annotation="int | None")
    answered.__signature__ = signature.replace(parameters=[*signature.parameters.values(), keyword])  # type: ignore[attr-defined]
    return answered


@singledispatch
def simplify(law: Any) -> Any:
    """The same law by its shortest name."""
    raise TypeError(argument_error("law", "a distribution", law))


@singledispatch
def density_latex(law: Any) -> str:
    """The density in LaTeX, with its support."""
    raise TypeError(argument_error("law", "a distribution", law))


@singledispatch
def compose_maps(first: Any, second: Any) -> Any:
    """The map that applies `first` and then `second`."""
    raise TypeError(argument_error("first", "a transform", first))


@singledispatch
def lift(elementwise: Any, n_axes: int) -> Any:
    """A map of the line carried to each entry of the last `n_axes` axes."""
    raise TypeError(argument_error("elementwise", "a map of the line", elementwise))
