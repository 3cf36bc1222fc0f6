"""Numbers of many digits that answer the ufuncs of NumPy and SciPy: what stands behind `dps=`.

`numbers` and `functions` are the arithmetic, `constants` the doubles that stand for constants such as log 2, `context` the
precision, `quadrature` the integrals, `slopes` the difference quotients that formulas are checked by.
"""

from densities.precise.constants import RoundedError, exact
from densities.precise.context import bits, context, digits, literal, public
from densities.precise.functions import incomplete_beta, number, precise
from densities.precise.numbers import Lifted, Precise, Through, precisely

__all__ = [
    "Lifted",
    "Precise",
    "RoundedError",
    "Through",
    "bits",
    "context",
    "digits",
    "exact",
    "incomplete_beta",
    "literal",
    "number",
    "precise",
    "precisely",
    "public",
]
