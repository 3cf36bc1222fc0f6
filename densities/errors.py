"""The typed exceptions and warnings of the library.

Each exception is also the builtin that a NumPy user would catch (`ValueError`, `LookupError`, `TypeError`).
All of them survive pickling with their attributes, so that they cross process boundaries.
"""

from __future__ import annotations

import difflib
import sys
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

__all__ = [
    "AccuracyWarning",
    "DensitiesError",
    "DensitiesWarning",
    "DomainError",
    "DuplicateNameError",
    "EstimateError",
    "ExpressionError",
    "NoClosedFormError",
    "NotMonotoneError",
    "ParameterError",
    "ShapeError",
    "SupportError",
    "UnknownNameError",
    "UnsupportedOperationError",
    "ValidationError",
    "argument_error",
    "caret",
    "close_matches",
    "show",
    "unknown_name",
    "warn",
]

# Packages whose frames stand between a warning and the line of the user that is its cause.
OURS = ("densities", "numpy", "scipy")


class DensitiesError(Exception):
    """Base of every exception that the library raises on purpose."""


class ParameterError(DensitiesError, ValueError):
    """A parameter is NaN, out of its range, or of a kind that is not a number."""


class DomainError(DensitiesError, ValueError):
    """A point lies outside a domain; `index` is its place in the array that was passed."""

    def __init__(self, message: str, *, index: tuple[int, ...] | None = None) -> None:
        super().__init__(message)
        self.index = index


class SupportError(DensitiesError, ValueError):
    """A law leaves the domain of a map; `lost_mass` is the probability outside, `log_lost_mass` its log."""

    def __init__(self, message: str, *, lost_mass: Any = None, log_lost_mass: Any = None) -> None:
        super().__init__(message)
        self.lost_mass = lost_mass
        self.log_lost_mass = log_lost_mass


class ShapeError(DensitiesError, ValueError):
    """Shapes do not broadcast, or an event axis is missing or of the wrong length."""


class UnknownNameError(DensitiesError, LookupError):
    """No entry, parameter or option has this `name`; `close` holds the nearest valid ones."""

    def __init__(self, message: str, *, name: str | None = None, close: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.name = name
        self.close = tuple(close)


class DuplicateNameError(DensitiesError, ValueError):
    """A name or alias is registered already."""


class ExpressionError(DensitiesError, ValueError):
    """A text is not in the grammar; the message shows the `text` with a caret under `position`."""

    def __init__(self, message: str, *, text: str = "", position: int | None = None) -> None:
        super().__init__(message)
        self.text = text
        self.position = position

    def __str__(self) -> str:
        message = super().__str__()
        if not self.text or self.position is None:
            return message
        return f"{message}\n{caret(self.text, self.position)}"


class NoClosedFormError(DensitiesError, LookupError):
    """No closed form is known for this quantity."""


class NotMonotoneError(DensitiesError, ValueError):
    """A function that must be monotone on its domain is not."""


class UnsupportedOperationError(DensitiesError, TypeError):
    """An operation has no meaning for laws (such as X + Y); the message names the alternatives."""


class EstimateError(DensitiesError, ArithmeticError):
    """An estimate is not as good as was required; `estimate` is the one that was found wanting."""

    def __init__(self, message: str, *, estimate: Any = None) -> None:
        super().__init__(message)
        self.estimate = estimate


class ValidationError(DensitiesError):
    """Methods disagree or a law of the library is broken; `report` holds the evidence."""

    def __init__(self, message: str, *, report: Any = None) -> None:
        super().__init__(message)
        self.report = report


class DensitiesWarning(UserWarning):
    """Base of every warning that the library gives."""


class AccuracyWarning(DensitiesWarning):
    """A plain number was returned whose error exceeds what such a number promises."""


def warn(message: str, category: type[Warning]) -> None:
    """A warning that points to the line of the user, however deep in this library its cause lies."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in OURS:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


# What numpy, and not math, makes of a formula.
OF_ARRAYS = "a function of an array of points (np.sin, not math.sin; np.where, not if; np.vectorize makes one)"


def argument_error(name: str, expected: str, got: Any) -> str:
    """The standard text for a wrong argument: `scale: expected a positive number, got -1.0`."""
    return f"{name}: expected {expected}, got {show(got)}"


def show(value: Any, width: int = 80) -> str:
    """`repr(value)` on one line, arrays summarised, cut to `width` characters."""
    if isinstance(value, np.generic | np.ndarray) and np.ndim(value) == 0:
        value = value.item()
    with np.printoptions(threshold=6, edgeitems=2, precision=6):
        text = " ".join(repr(value).split())
    return text if len(text) <= width else text[: width - 3] + "..."


def close_matches(name: str, known: Iterable[str], n: int = 3) -> list[str]:
    """The valid names nearest to `name`, best first; case is ignored when judging, never when answering."""
    originals: dict[str, str] = {}
    for candidate in known:
        originals.setdefault(candidate.lower(), candidate)
    return [originals[match] for match in difflib.get_close_matches(name.lower(), originals, n=n)]


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """The error for a `name` that is none of the `known` ones: `unknown transform 'expp'; did you mean 'exp'?`"""
    known = sorted(known)
    close = close_matches(name, known)
    if close:
        hint = "; did you mean " + " or ".join(map(repr, close)) + "?"
    elif known and len(known) <= 12:
        hint = "; valid names: " + ", ".join(known)
    else:
        hint = ""
    return UnknownNameError(f"unknown {kind} {name!r}{hint}", name=name, close=close)


def caret(text: str, position: int) -> str:
    """`text` with a caret under `position`, on two lines, indented."""
    line, column = _excerpt(text, position)
    return f"  {line}\n  {' ' * column}^"


def _excerpt(text: str, position: int, width: int = 100) -> tuple[str, int]:
    """One printable line of `text` around `position`, and the column of `position` in it."""
    flat = "".join(character if character.isprintable() else " " for character in text)
    position = min(max(position, 0), len(flat))
    start = max(0, min(position - width // 2, len(flat) - width))
    head, tail = "..." * (start > 0), "..." * (start + width < len(flat))
    return head + flat[start : start + width] + tail, len(head) + position - start
