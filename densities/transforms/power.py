"""Powers on the half line, and the power with any exponent, whose kind depends on it: odd, even or neither."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from densities.backends import namespace
from densities.domains import POSITIVE, Interval
from densities.errors import DomainError, ParameterError, argument_error
from densities.parameters import Parameter, bind, positive
from densities.precise import precisely
from densities.transforms.base import Bijection, Flat, Inverse, ManyToOne, Piece, Transform, constant, register
from densities.transforms.linear import NONZERO

LOG2, LOG3 = math.log(2.0), math.log(3.0)
# Beyond every logarithm of a double.
FAR_OUT = 1e6
NONNEGATIVE = Interval(0.0, np.inf, low_closed=True)


class LeftHalf(Bijection):
    """y = ±f(-x): the left half of an even map (+) or of an odd one (-) whose right half is f."""

    def __init__(self, right: Bijection, *, odd: bool = False):
        self.right, self.odd, self.parity = right, odd, -1.0 if odd else 1.0
        self.params, self.batch_shape = right.params, right.batch_shape
        self.domain = mirrored(right.domain)
        self.codomain = mirrored(right.codomain) if odd else right.codomain
        self.increasing = right.increasing if odd else np.logical_not(right.increasing)

    @property
    def made_of(self) -> tuple[Any, ...]:
        return (self.right,)

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        y, log_det = self.right.forward_and_log_det(-x)
        return self.parity * y, log_det

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        x, log_det = self.right.inverse_and_log_det(self.parity * y)
        return -x, log_det

    def same_as(self, other: object) -> bool:
        return isinstance(other, LeftHalf) and self.odd == other.odd and self.right.same_as(other.right)

    def __str__(self) -> str:
        return f"<left half of {self.right}>"

    def __repr__(self) -> str:
        return f"LeftHalf({self.right!r}, odd={self.odd})"


def mirrored(domain: Any) -> Interval:
    """The interval of the points -x."""
    return Interval(0.0 - domain.high, 0.0 - domain.low, low_closed=domain.high_closed, high_closed=domain.low_closed)


def halves(right: Bijection, *, odd: bool = False) -> tuple[Piece, Piece]:
    """The two pieces of an even or odd map, from its right half."""
    left = LeftHalf(right, odd=odd)
    return Piece(left.domain, left), Piece(right.domain, right)  # type: ignore[arg-type]


@register("sqrt", ufunc=np.sqrt)
class Sqrt(Bijection):
    """y = √x, from [0, inf) onto itself."""

    domain = codomain = NONNEGATIVE
    latex = r"\sqrt{x}"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        xp = namespace(x)
        return xp.sqrt(x), -LOG2 - 0.5 * xp.log(x)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        return y * y, LOG2 + namespace(y).log(y)

    def forward(self, x: Any) -> Any:
        return namespace(x).sqrt(x)

    def inverse(self, y: Any) -> Any:
        return y * y


@register("cube")
class Cube(Bijection):
    """y = x³, from the real line onto itself."""

    latex = r"x^{3}"
    kinks = (0.0,)  # where the density of the image is singular

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        xp = namespace(x)
        return x * x * x, LOG3 + 2.0 * xp.log(xp.abs(x))

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        xp = namespace(y)
        x = xp.cbrt(y)
        return x, -LOG3 - 2.0 * xp.log(xp.abs(x))

    def forward(self, x: Any) -> Any:
        return x * x * x

    def inverse(self, y: Any) -> Any:
        return namespace(y).cbrt(y)


@register("cbrt", ufunc=np.cbrt)
class Cbrt(Inverse, of=Cube):
    """y = ∛x, from the real line onto itself."""

    latex = r"\sqrt[3]{x}"


class PositiveReciprocal(Bijection):
    """y = 1/x, from (0, inf) onto itself, decreasing."""

    domain = codomain = POSITIVE
    increasing = False
    latex = r"\frac{1}{x}"

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return 1.0 / x, -2.0 * namespace(x).log(x)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        return self.forward_and_log_det(y)

    def forward(self, x: Any) -> Any:
        return 1.0 / x

    def inverse(self, y: Any) -> Any:
        return 1.0 / y


class Pole(ManyToOne):
    """A map of the line that is not defined at 0."""

    def check_domain(self, x: Any) -> None:
        super().check_domain(x)
        if not np.all(x):
            index = tuple(int(i) for i in np.argwhere(np.asarray(x) == 0)[0])
            raise DomainError(f"{self}: expected points other than 0, got 0 at index {index}", index=index)


@register("reciprocal", ufunc=np.reciprocal)
class Reciprocal(Pole):
    """y = 1/x, from the real line without 0 onto itself."""

    latex = r"\frac{1}{x}"
    pieces: Sequence[Piece | Flat] = halves(PositiveReciprocal(), odd=True)

    def forward(self, x: Any) -> Any:
        return 1.0 / x


@register(
    "power",
    examples=[
        {"exponent": 2.5},
        {"exponent": 3},
        {"exponent": 2},
        {"exponent": -2},
        {"exponent": -1},
        {"exponent": -0.5},
        {"exponent": [0.5, 1.5]},
    ],
)
class Power(Transform):
    """y = x^exponent, for odd integers on the real line, for even ones two-to-one, for others on [0, inf).

    0 is a pole of negative exponents. `Power(exponent)` is of the kind that its exponent asks for; a batch of exponents
    must be of one kind, otherwise ParameterError.
    """

    parameters = {"exponent": Parameter(NONZERO)}
    neutral = {"exponent": 1.0}
    latex = r"x^{exponent}"

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is not Power:
            return object.__new__(cls)
        return object.__new__(kind_of(bind("power", cls.parameters, args, kwargs)["exponent"]))

    @property
    def exponent(self) -> Any:
        """The power that is taken."""
        return self.params["exponent"]

    def forward(self, x: Any) -> Any:
        return namespace(x).pow(x, self.exponent)

    def __repr__(self) -> str:
        return f"Power({self.exponent!r})"


class Root(Power, Bijection):
    """What the invertible powers share: |y|^(1/a) without the error of 1/a, which log|y| would multiply."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.root = 1.0 / self.exponent
        self.root_error = constant(np.vectorize(reciprocal_error)(self.exponent))
        self.log_exponent = constant(np.log(np.abs(self.exponent)))

    @property
    def increasing(self) -> Any:
        return self.exponent > 0

    def _size_and_log_det(self, x: Any) -> tuple[Any, Any]:
        xp = namespace(x)
        return xp.pow(x, self.exponent), xp.xlogy(self.exponent - 1.0, x) + self.log_exponent

    def _inverse_size_and_log_det(self, y: Any) -> tuple[Any, Any]:
        xp = namespace(y)
        x = xp.pow(y, self.root)
        if np.any(self.root_error):
            # Not of 0, nor of numbers so far out that they are known by a logarithm, whose rounding is as large; no xlogy,
            # which runs point by point and shares no logarithm.
            log = xp.log(y)
            x = x + x * (self.root_error * xp.where(xp.abs(log) < FAR_OUT, log, 0.0))
        return x, xp.xlogy(self.root - 1.0, y) - self.log_exponent


@precisely(lambda a: 0)
def reciprocal_error(a: float) -> float:
    """1/a - fl(1/a), to double precision."""
    return float(1 / Fraction(a) - Fraction(1.0 / a))


class PositivePower(Root):
    """y = x^exponent, from [0, inf) onto itself, or from (0, inf) where the exponent is negative."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.domain = self.codomain = NONNEGATIVE if np.all(self.exponent > 0) else POSITIVE

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return self._size_and_log_det(x)

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        return self._inverse_size_and_log_det(y)


class OddPower(Root):
    """y = x^exponent for a positive odd exponent, from the real line onto itself."""

    kinks = (0.0,)  # where the density of the image is singular

    def forward_and_log_det(self, x: Any) -> tuple[Any, Any]:
        return self.forward(x), self._size_and_log_det(namespace(x).abs(x))[1]

    def inverse_and_log_det(self, y: Any) -> tuple[Any, Any]:
        xp = namespace(y)
        size, log_det = self._inverse_size_and_log_det(xp.abs(y))
        return size * xp.sign(y), log_det


class EvenPower(Power, ManyToOne):
    """y = x^exponent for a positive even exponent, from the real line onto [0, inf), two to one."""

    codomain = NONNEGATIVE

    @property
    def pieces(self) -> Sequence[Piece | Flat]:
        return halves(PositivePower(self.exponent))


class OddPole(Power, Pole):
    """y = x^exponent for a negative odd exponent: one to one, with a pole at 0."""

    @property
    def pieces(self) -> Sequence[Piece | Flat]:
        return halves(PositivePower(self.exponent), odd=True)


class EvenPole(Power, Pole):
    """y = x^exponent for a negative even exponent, onto (0, inf), two to one, with a pole at 0."""

    codomain = POSITIVE

    @property
    def pieces(self) -> Sequence[Piece | Flat]:
        return halves(PositivePower(self.exponent))


KINDS: dict[tuple[float | None, bool], type[Power]] = {
    (1.0, True): OddPower,
    (0.0, True): EvenPower,
    (1.0, False): OddPole,
    (0.0, False): EvenPole,
}


def parity(a: Any) -> float | None:
    """0 for an even number, 1 for an odd one, None for one that is not whole."""
    return next((rest for rest in (0.0, 1.0) if a % 2.0 == rest), None)


def kind_of(exponent: Any) -> type[Power]:
    """The class of a power map with this exponent, or with all of these."""
    kinds = {KINDS.get((parity(a), bool(a > 0)), PositivePower) for a in np.ravel(exponent)}
    one_sign = np.all(np.greater(exponent, 0)) or np.all(np.less(exponent, 0))
    if len(kinds) > 1 or not one_sign:
        raise ParameterError(
            argument_error(
                "power: exponent", "exponents of one kind: all odd, all even or all other, and of one sign", exponent
            )
        )
    return kinds.pop()


@register("signed_power", examples=[{"exponent": 0.5}, {"exponent": 2.0}, {"exponent": [1.5, 3.0]}])
class SignedPower(OddPower):
    """y = sign(x)·|x|^exponent, from the real line onto itself; exponent > 0."""

    parameters = {"exponent": positive()}
    latex = r"\operatorname{sign}\left(x\right)\left|x\right|^{exponent}"

    def forward(self, x: Any) -> Any:
        xp = namespace(x)
        return xp.sign(x) * xp.pow(xp.abs(x), self.exponent)

    def __repr__(self) -> str:
        return f"SignedPower({self.exponent!r})"
