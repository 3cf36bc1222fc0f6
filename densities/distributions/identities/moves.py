"""The alphabet in which identities are written: every map as a short word of moves.

    log1p = shift by 1, log;   tanh = times 2, exp, unodds, times 2 minus 1;   x² = abs, power 2

so that one identity about exp and one about lines answer for expm1, softplus, log10 and tanh too. The moves are `line`,
`power`, `exp`, `log`, `odds` (x/(1 - x)), `unodds` (x/(1 + x)), `abs`, and any other map under its own name.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from densities.errors import DuplicateNameError
from densities.transforms import Affine, Transform
from densities.transforms.base import Inverse
from densities.transforms.linear import MERGE_TOLERANCE, line

# (x/scale)^shape with the scale a rounding off is 1e-13 off at this shape, and a tail of 1e-300 less than 1e-10.
STEEPEST = 500.0
EPS = float(np.finfo(float).eps)


class Line(NamedTuple):
    """y = (factor·x + shift)/divisor; the divisor stands apart because x/3 is not x·fl(1/3)."""

    shift: Any = 0.0
    factor: Any = 1.0
    divisor: Any = 1.0

    @property
    def up(self) -> bool:
        return bool(np.all(np.multiply(np.sign(self.factor), self.divisor) > 0))

    @property
    def down(self) -> bool:
        return bool(np.all(np.multiply(np.sign(self.factor), self.divisor) < 0))

    @property
    def through_origin(self) -> bool:
        return bool(np.all(np.equal(self.shift, 0.0)))

    def is_multiple(self, ratio: Any) -> bool:
        """Whether y = ratio·x, to the rounding of the ratio."""
        return self.through_origin and near(self.ratio, ratio)

    @property
    def ratio(self) -> Any:
        return self.factor / self.divisor

    def stretched(self, scale: Any) -> Any:
        """The image of a length."""
        return np.abs(scale * self.factor / self.divisor)

    def moved(self, loc: Any, scale: Any) -> Any:
        """The image of a point, NaN where its rounding is not small beside the image of `scale`."""
        merged = Affine(loc, scale).joined(Affine(self.shift, self.factor))
        if merged is None:
            return np.nan
        new_loc, new_scale = (c / self.divisor for c in coefficients(merged))
        return steady(new_loc, new_scale) if np.any(np.not_equal(self.divisor, 1.0)) else new_loc

    def then(self, after: Line) -> Line | None:
        """Both, one after the other; None where that would be rounded too much."""
        if self.through_origin:
            shift = steady(after.shift * self.divisor, self.factor * after.factor)
            joined = Line(shift, self.factor * after.factor, self.divisor * after.divisor)
        else:
            joined = Line(after.moved(self.shift / self.divisor, self.ratio), self.ratio * after.ratio)
        return None if np.any(np.isnan(joined.shift)) else joined

    @property
    def is_identity(self) -> bool:
        return self.through_origin and bool(np.all(np.equal(self.factor, self.divisor)))

    def transform(self) -> Transform:
        divisor_only = np.all(np.equal(self.factor, 1.0)) and self.through_origin
        if divisor_only and np.any(np.not_equal(self.divisor, 1.0)):
            return line(0.0, self.divisor).inv
        return line(self.shift / self.divisor, self.ratio)


def coefficients(merged: Transform) -> tuple[Any, Any]:
    return merged.params.get("loc", 0.0), merged.params.get("scale", 1.0)


def steady(x: Any, unit: Any) -> Any:
    """`x`, or NaN where an ulp of x is not small beside `unit`."""
    return np.where(np.abs(x) * EPS <= MERGE_TOLERANCE * np.abs(unit), x, np.nan)[()]


def firm(scale: Any, shape: Any) -> Any:
    """`scale`, or NaN where an ulp of it is not small in (x/scale)^shape."""
    return np.where(np.abs(shape) <= STEEPEST, scale, np.nan)[()]


def near(x: Any, y: Any) -> bool:
    """Whether two numbers, each rounded once or twice, are the same one."""
    return bool(np.all(np.abs(np.subtract(x, y)) <= 2.0 * EPS * np.abs(y)))


class Exponent(NamedTuple):
    """The exponent numerator/denominator; the fraction stands because 1/3 is no double."""

    numerator: Any = 1.0
    denominator: Any = 1.0

    @property
    def value(self) -> Any:
        return self.numerator / self.denominator

    @property
    def positive(self) -> bool:
        return bool(np.all(self.value > 0))

    @property
    def negative(self) -> bool:
        return bool(np.all(self.value < 0))

    def then(self, after: Exponent) -> Exponent:
        return Exponent(self.numerator * after.numerator, self.denominator * after.denominator)

    @property
    def is_identity(self) -> bool:
        return bool(np.all(np.equal(self.numerator, self.denominator)))

    @property
    def line(self) -> Line:
        """What the power is to the logarithm."""
        return Line(0.0, self.numerator, self.denominator)

    @property
    def one_sign(self) -> bool:
        return self.positive or self.negative

    def times(self, c: Any) -> Any:
        """The exponent times a number."""
        return c * self.numerator / self.denominator

    def divide(self, c: Any) -> Any:
        """A number over the exponent."""
        return c * self.denominator / self.numerator

    def of(self, x: Any) -> Any:
        """x to this power, for x > 0; the rounding of the exponent itself is made good."""
        return np.power(x, self.value) * (1.0 + _missing(self.numerator, self.denominator) * np.log(x))

    def is_(self, number: float) -> bool:
        return bool(np.all(self.value == number))


@np.vectorize
def _missing(numerator: float, denominator: float) -> float:
    """numerator/denominator minus the double nearest to it."""
    return float(Fraction(numerator) / Fraction(denominator) - Fraction(numerator / denominator))


class Move(NamedTuple):
    """One letter: its kind, and what a rule about it is given after the parameters of the law."""

    kind: str
    args: tuple[Any, ...] = ()


Word = tuple[Move, ...]
SPELLINGS: dict[str, Callable[[Any], Word]] = {}
ABS, EXP, LOG, ODDS, UNODDS = (Move(kind) for kind in ("abs", "exp", "log", "odds", "unodds"))
LOG2, LOG10 = math.log(2.0), math.log(10.0)


def spelling(*names: str) -> Callable[[Callable[[Any], Word]], Callable[[Any], Word]]:
    """Registers how the maps of these names are spelled in moves."""

    def file(spell: Callable[[Any], Word]) -> Callable[[Any], Word]:
        for name in names:
            if name in SPELLINGS:
                raise DuplicateNameError(f"spelling of {name!r} is registered already")
            SPELLINGS[name] = spell
        return spell

    return file


def spelled(step: Transform) -> Word:
    """A map as moves; one without a spelling is a move of its own name, its parameters the arguments."""
    if step.name in SPELLINGS:
        return SPELLINGS[step.name](step)
    if isinstance(step, Inverse) and not step.name:
        return inverted(spelled(step.original))
    return (Move(step.name or type(step).__name__, tuple(step.params.values())),)


def inverted(word: Word) -> Word:
    """The moves that undo these."""
    return tuple(_undo(move) for move in reversed(word))


OPPOSITES = {"exp": "log", "odds": "unodds"}
OPPOSITES |= {value: key for key, value in OPPOSITES.items()}


def _undo(move: Move) -> Move:
    if move.kind == "power":
        return power(move.args[0].denominator, move.args[0].numerator)
    if move.kind == "line":
        return straight(np.negative(move.args[0].shift), move.args[0].divisor, move.args[0].factor)
    if move.kind in OPPOSITES:
        return Move(OPPOSITES[move.kind])
    return Move(f"inverse of {move.kind}", move.args)


def straight(shift: Any = 0.0, factor: Any = 1.0, divisor: Any = 1.0) -> Move:
    return Move("line", (Line(shift, factor, divisor),))


def power(numerator: Any = 1.0, denominator: Any = 1.0) -> Move:
    return Move("power", (Exponent(numerator, denominator),))


@spelling("affine", "shift", "scale")
def _line(step: Any) -> Word:
    return (straight(*step.coefficients),)


@spelling("standardize")
def _standardize(step: Any) -> Word:
    return (straight(np.negative(step.params.get("loc", 0.0)), 1.0, step.params["scale"]),)


@spelling("ppf_of")
def _ppf_of(step: Any) -> Word:
    return (Move("ppf_of", (step.original.law,)),)


@spelling("power")
def _power(step: Any) -> Word:
    """Even powers see |x| only."""
    even = np.all(np.equal(np.remainder(step.exponent, 2.0), 0.0))
    return (ABS, power(step.exponent)) if even else (power(step.exponent),)


@spelling("polynomial")
def _polynomial(step: Any) -> Word:
    """Where only one power of x is left beside the constant."""
    shift, *coefficients = step.coefficients
    if any(coefficients[:-1]):
        return (Move(step.name, step.coefficients),)
    n = float(len(coefficients))
    end = straight(shift, coefficients[-1])
    return (end,) if n == 1.0 else (ABS, power(n), end) if n % 2.0 == 0.0 else (power(n), end)


@spelling("box_cox")
def _box_cox(step: Any) -> Word:
    """(x^λ - 1)/λ, and log x for λ = 0."""
    lmbda = step.params["lmbda"]
    if np.all(np.equal(lmbda, 0.0)):
        return (LOG,)
    if np.any(np.equal(lmbda, 0.0)):
        return (Move(step.name, (lmbda,)),)
    return power(lmbda), straight(-1.0, 1.0, lmbda)


FIXED: dict[str, Word] = {
    "exp": (EXP,),
    "log": (LOG,),
    "square": (ABS, power(2.0)),
    "sqrt": (power(1.0, 2.0),),
    "cube": (power(3.0),),
    "cbrt": (power(1.0, 3.0),),
    "reciprocal": (power(-1.0),),
    "expm1": (EXP, straight(-1.0)),
    "log1p": (straight(1.0), LOG),
    "exp2": (straight(divisor=1.0 / LOG2), EXP),
    "log2": (LOG, straight(divisor=LOG2)),
    "log10": (LOG, straight(divisor=LOG10)),
    "sigmoid": (EXP, UNODDS),
    "logit": (ODDS, LOG),
    "tanh": (straight(factor=2.0), EXP, UNODDS, straight(-1.0, 2.0)),
    "atanh": (straight(0.5, 0.5), ODDS, LOG, straight(factor=0.5)),
    "softplus": (EXP, straight(1.0), LOG),
    "softplus_inverse": (EXP, straight(-1.0), LOG),
    "log_sigmoid": (straight(factor=-1.0), EXP, straight(1.0), LOG, straight(factor=-1.0)),
    "erf": (straight(divisor=math.sqrt(0.5)), Move("normal_cdf"), straight(-1.0, 2.0)),
    "erfc": (straight(divisor=-math.sqrt(0.5)), Move("normal_cdf"), straight(factor=2.0)),
    "log_ndtr": (Move("normal_cdf"), LOG),
    "erfinv": (straight(0.5, 0.5), Move("normal_ppf"), straight(factor=math.sqrt(0.5))),
}
for _name, _word in FIXED.items():
    spelling(_name)(lambda step, word=_word: word)  # type: ignore[misc]


class Letter(NamedTuple):
    """A move of a chain, and how many maps of the chain are complete after it (None within one)."""

    move: Move
    complete: int | None
