"""Formulas of one variable from text, by the library's own reader: SymPy expressions without `sympify`, which executes.

    expression("x**3 + tanh(2*x)/pi")

The grammar is that of `syntax`: numbers, pi, e, + - * / **, the functions below, and names, which are variables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy

from densities.errors import ParameterError, argument_error, unknown_name
from densities.syntax import Place, walk

__all__ = ["FUNCTIONS", "X", "exact", "expression", "formula"]

X = sympy.Symbol("x", real=True)
MAX_EXPONENT = 1000  # of a number: 9**9**9 is refused, and not computed
MAX_GAMMA = 170.0  # beyond it the gamma function of a number overflows, and its digits would be computed


def real_cbrt(u: Any) -> Any:
    """The real cube root, of negative numbers too."""
    return sympy.sign(u) * sympy.Abs(u) ** sympy.Rational(1, 3)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": sympy.Abs,
    "acos": sympy.acos,
    "acosh": sympy.acosh,
    "asin": sympy.asin,
    "asinh": sympy.asinh,
    "atan": sympy.atan,
    "atanh": sympy.atanh,
    "besseli": sympy.besseli,
    "beta": sympy.beta,
    "cbrt": real_cbrt,
    "clip": lambda u, low, high: sympy.Min(sympy.Max(u, low), high),
    "cos": sympy.cos,
    "cosh": sympy.cosh,
    "digamma": sympy.digamma,
    "erf": sympy.erf,
    "erfc": sympy.erfc,
    "erfinv": sympy.erfinv,
    "exp": sympy.exp,
    "exp2": lambda u: 2**u,
    "expm1": lambda u: sympy.exp(u) - 1,
    "gamma": sympy.gamma,
    "lambertw": sympy.LambertW,
    "log": sympy.log,
    "log10": lambda u: sympy.log(u) / sympy.log(10),
    "log1p": lambda u: sympy.log(1 + u),
    "log2": lambda u: sympy.log(u) / sympy.log(2),
    "loggamma": sympy.loggamma,
    "logit": lambda u: sympy.log(u / (1 - u)),
    "max": sympy.Max,
    "min": sympy.Min,
    "normal_cdf": lambda u: sympy.erfc(-u / sympy.sqrt(2)) / 2,
    "normal_ppf": lambda u: sympy.sqrt(2) * sympy.erfinv(2 * u - 1),
    "relu": lambda u: sympy.Max(u, 0),
    "sigmoid": lambda u: 1 / (1 + sympy.exp(-u)),
    "sign": sympy.sign,
    "sin": sympy.sin,
    "sinh": sympy.sinh,
    "softplus": lambda u: sympy.log(1 + sympy.exp(u)),
    "softsign": lambda u: u / (1 + sympy.Abs(u)),
    "sqrt": sympy.sqrt,
    "tan": sympy.tan,
    "tanh": sympy.tanh,
}
ALIASES = {"Abs": "abs", "Max": "max", "Min": "min", "arctan": "atan", "arcsin": "asin", "arccos": "acos", "ln": "log"}
ALIASES |= {"arcsinh": "asinh", "arctanh": "atanh", "arccosh": "acosh", "expit": "sigmoid", "ndtr": "normal_cdf"}
ALIASES |= {"ndtri": "normal_ppf", "LambertW": "lambertw", "maximum": "max", "minimum": "min", "gammaln": "loggamma"}
CONSTANTS = {"pi": sympy.pi, "e": sympy.E, "inf": sympy.oo}


def exact(x: float) -> Any:
    """A double as the short decimal number that it was written as: 0.1 is 1/10."""
    if x in (float("inf"), float("-inf")):
        return sympy.oo if x > 0 else -sympy.oo
    return sympy.Integer(int(x)) if x == int(x) else sympy.Rational(repr(float(x)))


def expression(source: Any) -> Any:
    """The SymPy expression, in the real variable `X`, that a text or an expression of SymPy stands for.

    Raises ParameterError where it has not exactly one variable, ExpressionError for what is not in the grammar.
    """
    expr = formula(source) if isinstance(source, str) else source
    if not isinstance(expr, sympy.Expr):
        raise ParameterError(argument_error("Symbolic", "a formula as text or an expression of SymPy", source))
    variables = sorted(expr.free_symbols, key=str)
    if len(variables) != 1:
        names = ", ".join(map(str, variables)) or "none"
        raise ParameterError(f"Symbolic: expected a formula of one variable, got {names} in {expr}")
    return expr.xreplace({variables[0]: X})


def formula(text: str, symbols: Mapping[str, Any] | None = None, literal: Callable[[float], Any] = exact) -> Any:
    """A text as a SymPy expression; with `symbols`, only these names stand for something; `literal` reads its numbers."""
    return walk(text, _Formula(symbols, literal))


class _Formula:
    """The builder of expressions."""

    def __init__(self, symbols: Mapping[str, Any] | None, literal: Callable[[float], Any]) -> None:
        self.symbols, self.literal = symbols, literal

    def number(self, x: float, place: Place) -> Any:
        if x == float("inf"):
            raise place.error("a number beyond the doubles")
        return self.literal(x)

    def name(self, word: str, place: Place) -> Any:
        if self.symbols is not None and word in self.symbols:
            return self.symbols[word]
        if word in CONSTANTS:
            return CONSTANTS[word]
        if self.symbols is not None:
            raise place.error(unknown_name("name", word, [*self.symbols, *CONSTANTS]).args[0])
        if word in FUNCTIONS or word in ALIASES:
            raise place.error(f"{word} is a function; give its argument, as in {word}(x)")
        return sympy.Symbol(word, real=True)

    def sequence(self, items: Sequence[Any], place: Place) -> Any:
        raise place.error("a list is not part of a formula")

    def call(self, word: str, args: Sequence[Any], kwargs: Mapping[str, Any], place: Place) -> Any:
        function = FUNCTIONS.get(ALIASES.get(word, word))
        if function is None:
            raise place.error(unknown_name("function", word, [*FUNCTIONS, *ALIASES]).args[0])
        if kwargs:
            raise place.error(f"{word}: a function of a formula takes no keywords")
        if "gamma" in word and any(_size(arg) > MAX_GAMMA for arg in args):
            raise place.error(f"{word}: a number beyond {MAX_GAMMA:g} overflows")
        try:
            return self._finite(function(*args), place)
        except (TypeError, ValueError) as error:
            raise place.error(f"{word}: {str(error).splitlines()[0]}") from None

    def unary(self, sign: str, operand: Any, place: Place) -> Any:
        return -operand if sign == "-" else operand

    def binary(self, operator: str, left: Any, right: Any, place: Place) -> Any:
        if operator == ">>":
            raise place.error(">> is not part of a formula; write the inner function as the argument of the outer one")
        if operator == "**":
            self._check_power(left, right, place)
        return self._finite(OPERATORS[operator](left, right), place)

    @staticmethod
    def _check_power(base: Any, exponent: Any, place: Place) -> None:
        size = _size(exponent)
        if size > MAX_EXPONENT or (base.is_number and size * abs(_log2(base)) > 4 * MAX_EXPONENT):
            raise place.error(f"a power beyond what is computed; exponents go to {MAX_EXPONENT}")

    @staticmethod
    def _finite(result: Any, place: Place) -> Any:
        if result.has(sympy.zoo, sympy.nan, sympy.I):
            raise place.error(f"{result} is not a real number")
        return result


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
}


def _size(number: Any) -> float:
    """|number|, and 0 for what is not a number."""
    return float(abs(sympy.N(number))) if number.is_number and number.is_finite else 0.0


def _log2(number: Any) -> float:
    size = _size(number)
    return float(sympy.log(size, 2)) if size > 0 else 0.0
