"""Laws and maps from text: `parse("normal(0, 1) >> sinh_arcsinh(skewness=0.5) >> exp")`.

The grammar is that of `syntax`, the names are those of the registries of distributions and transforms, with their
aliases, and the constants pi, e and inf:

    exp(normal(0, 1))     a map's name applied to a law; with parameters the law comes first: clip(d, -1, 2)
    d >> affine(1, 2)     the same, read from left to right; `exp >> affine(1, 2)` is a map alone
    1 - 2*d, 1/d, d**2    arithmetic with numbers
    sqrt(2)               a map without parameters applied to a number, which is then a number

`str` of what comes out is text that parses back to an equal object.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from densities.distributions import registry as distributions
from densities.distributions.foreign_names import our_name
from densities.errors import DensitiesError, ExpressionError, unknown_name
from densities.protocols import is_law, push_forward
from densities.registry import Entry
from densities.syntax import Place, walk
from densities.transforms import Transform
from densities.transforms import registry as transforms

__all__ = ["parse", "parse_distribution"]

CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf}
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
    ">>": operator.rshift,
}


def parse(text: str) -> Any:
    """The distribution or transform that `text` describes.

    Raises ExpressionError, with a caret under the fault, for what is not in the grammar. What constructors refuse
    (ParameterError, SupportError, UnsupportedOperationError, ...) keeps its type and carries the text and the caret as
    a note, which tracebacks show and `error.__notes__` holds.
    """
    result = walk(text, _Laws())
    if is_law(result) or isinstance(result, Transform):
        return result
    raise Place(text, 0).error(f"{_kind(result)} alone; expected a distribution or a transform")


def parse_distribution(text: str) -> Any:
    """The distribution that `text` describes; ExpressionError where it describes a transform."""
    result = parse(text)
    if is_law(result):
        return result
    raise Place(text, 0).error("a transform alone; expected a distribution, such as normal(0, 1) >> ...")


class _Laws:
    """The builder of laws and maps; its values are floats, lists, Transforms and Distributions."""

    def number(self, x: float, place: Place) -> float:
        return x

    def name(self, word: str, place: Place) -> Any:
        if word in CONSTANTS:
            return CONSTANTS[word]
        if word in distributions:
            raise place.error(f"{word} is a distribution; give its parameters, as in {word}(...)")
        with _pointing_at(place):
            return _made(_entry(word, place), (), {}, place)

    def sequence(self, items: Sequence[Any], place: Place) -> list[Any]:
        return list(items)

    def call(self, word: str, args: Sequence[Any], kwargs: Mapping[str, Any], place: Place) -> Any:
        entry = _entry(word, place)
        with _pointing_at(place):
            if word in distributions or not args:
                return _made(entry, args, kwargs, place)
            first, *rest = args
            if is_law(first) and not entry.metadata.get("takes_law"):
                return push_forward(first, _made(entry, rest, kwargs, place))
            plain = not (rest or kwargs or entry.factory.parameters) and entry.complaint((), {}) is None  # type: ignore[attr-defined]
            if plain and isinstance(first, float):
                return float(entry()(first))
            return _made(entry, args, kwargs, place)

    def unary(self, sign: str, operand: Any, place: Place) -> Any:
        _check_operand(sign, operand, f"{sign}(d >> {operand})", place)
        with _pointing_at(place):
            return -operand if sign == "-" else operand

    def binary(self, sign: str, left: Any, right: Any, place: Place) -> Any:
        if sign == ">>":
            _check_steps(left, right, place)
        else:
            for operand in (left, right):
                _check_operand(sign, operand, f"(d >> {operand}) {sign} 1", place)
        if isinstance(left, float) and isinstance(right, float):
            return _folded(sign, left, right, place)
        with _pointing_at(place):
            return OPERATORS[sign](left, right)


def _entry(word: str, place: Place) -> Entry:
    for registry in (distributions, transforms):
        if word in registry:
            return registry.get(word)
    ours = our_name(word)
    if ours is not None:
        raise place.error(f"unknown name {word!r}; here it is {ours}")
    entries = [*distributions, *transforms]
    known = [name for entry in entries for name in (entry.name, *entry.aliases)]
    error = unknown_name("name", word, [*known, *CONSTANTS])
    raise place.error(error.args[0] + "; the command `densities list` shows all names" * (not error.close))


def _made(entry: Entry, args: Sequence[Any], kwargs: Mapping[str, Any], place: Place) -> Any:
    """What the entry makes of its arguments, if they are those that it takes."""
    complaint = entry.complaint(args, kwargs)
    if complaint is not None:
        raise place.error(complaint)
    return entry(*args, **kwargs)


def _check_operand(sign: str, operand: Any, example: str, place: Place) -> None:
    """Arithmetic is for numbers and laws."""
    if isinstance(operand, Transform):
        raise place.error(
            f"{sign} binds tighter than >>, and {operand} alone is a map, which has no arithmetic; "
            f"use parentheses, as in {example}"
        )
    if isinstance(operand, list):
        raise place.error(f"{sign} takes numbers and distributions, got a list")


def _check_steps(left: Any, right: Any, place: Place) -> None:
    if not isinstance(right, Transform):
        raise place.error(f"after >> expected a transform, got {_kind(right)}")
    if not (isinstance(left, Transform) or is_law(left)):
        raise place.error(f"before >> expected a distribution or a transform, got {_kind(left)}")


def _folded(sign: str, left: float, right: float, place: Place) -> float:
    """Arithmetic of doubles: 9**9**9 is inf; what is no number (0/0, inf - inf, (-8)**0.5) and 1/0 are refused."""
    try:
        with np.errstate(divide="raise", invalid="raise", over="ignore", under="ignore"):
            return float(OPERATORS[sign](np.float64(left), np.float64(right)))
    except FloatingPointError:
        raise place.error(f"{left:g} {sign} {right:g} is not a number") from None


def _kind(item: Any) -> str:
    if isinstance(item, float):
        return "a number"
    return "a list" if isinstance(item, list) else "a transform" if isinstance(item, Transform) else "a distribution"


@contextmanager
def _pointing_at(place: Place) -> Iterator[None]:
    """Errors of the library that leave the block carry the text with a caret under the place, the innermost one."""
    try:
        yield
    except ExpressionError:
        raise
    except DensitiesError as error:
        if not hasattr(error, "__notes__"):
            error.add_note(place.excerpt)
        raise
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise place.error(str(error)) from error  # what a constructor did not foresee
