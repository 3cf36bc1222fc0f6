"""The two forms of a divergence that are summed over the same nodes, and the better one of them.

D = E_p t = E_p φ(t) + Q(where p has no mass), with t = log dp/dq and φ(t) = t + e⁻ᵗ - 1 >= 0, beside the masses of p and q that
the nodes see: k3 keeps relative accuracy where p and q are nearly equal, k1 where they are far apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, isnan
from typing import NamedTuple

# Places of the sums: E t, E φ(t), the masses of p and q there, and what rounding of logarithms is worth in both forms.
K1, K3, P, Q, FLOOR1, FLOOR3 = range(6)
# A mass that misses 1 by more than this says that the nodes missed something or that a density is wrong.
MASS_TOLERANCE = 1e-8
# An estimate is good with an error of so much of its value, or of that size.
GOOD, NOTHING = 1e-8, 1e-14


class Form(NamedTuple):
    """One form: its absolute error first, by which forms are compared."""

    error: float
    value: float
    name: str

    @property
    def is_good(self) -> bool:
        return self.error <= max(GOOD * abs(self.value), NOTHING)


def better(forms: Sequence[Form]) -> Form:
    """The form with the least error; where two differ by more than both errors, the error is too small and becomes that."""
    best = min(forms, key=lambda form: (isnan(form.error), form))
    differences = [abs(form.value - best.value) - form.error for form in forms if isfinite(form.value)]
    return best._replace(error=max([best.error, *differences]))
