"""What floors say to each other without importing upward: laws are made of foreign objects, maps are applied to laws."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from densities.errors import argument_error


@singledispatch
def as_distribution(law: Any) -> Any:
    """`law` as a Distribution of this library; other kinds of laws register here."""
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
