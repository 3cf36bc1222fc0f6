"""Arrays of other libraries: torch, JAX and CuPy arrays as points and parameters, through the formulas written for NumPy.

A `Foreign` holds such an array and answers the ufuncs and functions of NumPy and SciPy by those of its own library, so a
formula written once runs on it, on its device, in its precision, inside its jit and vmap. What the library lacks is computed by
NumPy on the host, with the derivatives that are known here. No library is imported before an array of it is met.

    kinds, numbers, functions   whose array it is; `Foreign`; its ufuncs and functions
    smooth, maps                functions that are differentiated right in both modes; the formulas of maps
    derivatives                 derivatives of a user's function
"""

from densities.foreign import functions
from densities.foreign.kinds import ForeignError, array_namespace, is_foreign, is_traced, to_numpy
from densities.foreign.maps import UNSERVED, any_array, foreign_within
from densities.foreign.numbers import Foreign, unwrapped, wrapped
from densities.foreign.smooth import elementwise, on_host, summed

__all__ = [
    "UNSERVED",
    "Foreign",
    "ForeignError",
    "any_array",
    "array_namespace",
    "elementwise",
    "foreign_within",
    "functions",
    "is_foreign",
    "is_traced",
    "on_host",
    "summed",
    "to_numpy",
    "unwrapped",
    "wrapped",
]
