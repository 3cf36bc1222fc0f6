"""Whose array it is: told without importing any library that the caller has not imported."""

from __future__ import annotations

import math
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from densities.anchored import Anchored
from densities.errors import UnsupportedOperationError
from densities.precise import Lifted


class ForeignError(UnsupportedOperationError):
    """A formula does something to an array of another library that only arrays of NumPy allow."""

    @property
    def what(self) -> str:
        """What it does, for errors that say themselves what to do."""
        return super().__str__()

    def __str__(self) -> str:
        return (
            f"{self.what}: arrays of another library are taken as points, and as parameters of families, by densities, "
            "tails, quantiles and maps; elsewhere give plain numbers, such as float(x) or x.detach().numpy()"
        )


# Tried first, so that points of NumPy pay for one comparison of types.
OURS = (np.ndarray, float, Anchored, Lifted, int, np.generic, list, tuple)
# The packages whose arrays are served, and where each keeps the functions that SciPy has in scipy.special.
SPECIAL = {"torch": "torch.special", "jax": "jax.scipy.special", "cupy": "cupyx.scipy.special"}


def is_foreign(x: Any) -> bool:
    """Whether `x` is an array of torch, JAX (a traced one too) or CuPy."""
    return not isinstance(x, OURS) and library_of(x) is not None


def library_of(x: Any) -> str | None:
    """The package whose array `x` is."""
    import array_api_compat as compat

    tests = {"torch": compat.is_torch_array, "jax": compat.is_jax_array, "cupy": compat.is_cupy_array}
    return next((name for name, test in tests.items() if test(x)), None)


def array_namespace(x: Any) -> Any:
    """The functions of the array-API standard for the library of `x`."""
    import array_api_compat

    return array_api_compat.array_namespace(x)


def special_of(library: str) -> ModuleType:
    return import_module(SPECIAL[library])


def is_traced(x: Any) -> bool:
    """Whether the values of `x` cannot be looked at: inside jit, vmap or grad."""
    if library_of(x) == "jax":
        return isinstance(x, import_module("jax").core.Tracer)
    return library_of(x) == "torch" and import_module("torch")._C._functorch.is_functorch_wrapped_tensor(x)


def to_numpy(x: Any) -> np.ndarray:
    """The values of an array on the host."""
    library = library_of(x)
    if library == "torch":
        x = x.detach().cpu()
        return (x.float() if x.dtype is import_module("torch").bfloat16 else x).numpy()
    return x.get() if library == "cupy" else np.asarray(x)


def still(x: Any) -> Any:
    """The same array, seen as constant by derivatives."""
    library = library_of(x)
    return import_module("jax").lax.stop_gradient(x) if library == "jax" else x.detach() if library == "torch" else x


def like(values: Any, x: Any) -> Any:
    """`values` as an array of the library, the device and, where they are floats, the type of `x`."""
    xp = array_namespace(x)
    values = np.asarray(values)
    dtype = x.dtype if values.dtype.kind == "f" else None
    device = {"device": x.device} if library_of(x) == "torch" else {}
    if library_of(x) == "torch" and not (values.flags.writeable and all(step >= 0 for step in values.strides)):
        values = values.copy()
    return xp.asarray(values if values.ndim else values[()].item(), dtype=dtype, **device)


def numpy_dtype(x: Any) -> np.dtype:
    """The type of NumPy's for the numbers of `x`; for halves of a float32, which NumPy has not, that of their range."""
    name = str(x.dtype).rpartition(".")[2]
    return np.dtype("float32" if name == "bfloat16" else name)


def size_of(shape: tuple[int, ...]) -> int:
    return math.prod(shape)
