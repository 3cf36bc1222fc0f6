"""Functions of arrays of other libraries with derivatives that are right in both modes: of formulas, and of the host.

Reverse mode through `where` multiplies by the derivative of the branch not taken, and 0·inf is NaN. Where every value of a
result depends on one point alone, its derivative is computed by forward mode, which selects like the value does; so the
derivatives of any order are those of the branch taken.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from densities.duals import Dual, DualError
from densities.errors import UnsupportedOperationError
from densities.foreign.kinds import ForeignError, array_namespace, is_foreign, library_of, like, to_numpy
from densities.precise import RoundedError

Values = Callable[..., Any]
# What dual numbers fail with where they know no derivative.
UNKNOWN = (DualError, RoundedError, TypeError)


def elementwise(formula: Values, x: Any, slope: Values | None = None) -> Any:
    """formula(x) for a formula that takes each point to one value of the same place; all its parameters are constants.

    `slope` is its derivative, also such a formula, where that is known; forward mode finds it otherwise.
    """
    return {"torch": _torch_elementwise, "jax": _jax_elementwise}.get(str(library_of(x)), _plain)(formula, slope, x)


def on_host(function: Values, *arrays: Any, slopes: tuple[Values, ...] | None = None) -> Any:
    """function(*values) by NumPy, as an array like the first one; `slopes` are its partial derivatives.

    Without them the derivatives are those that dual numbers give, and a function that these do not know is refused here.
    """
    if slopes is None:
        slopes = tuple(slope_by_duals(function, i, len(arrays)) for i in range(len(arrays)))
        if all(slope is no_slope for slope in slopes):
            raise ForeignError("a function without known derivatives")
    return {"torch": _torch_host, "jax": _jax_host}.get(str(library_of(arrays[0])), _plain_host)(
        function, slopes, arrays
    )


def summed(x: Any) -> Any:
    """The sum of all numbers: a float, or a number of the library whose array they are."""
    return array_namespace(x).sum(x) if is_foreign(x) else float(np.sum(x))


def no_slope(*_: Any) -> Any:
    """In the place of a derivative that is not known."""
    raise UnsupportedOperationError(
        "a derivative of a function computed by NumPy: expected one of first order in a point, got one that is not known"
    )


def slope_by_duals(function: Values, i: int, count: int) -> Values:
    """∂function/∂argument i of `count`; `no_slope` where dual numbers do not know it, tried before anything is computed."""

    def moved(*values: Any) -> Any:
        moving = list(values)
        moving[i] = Dual(values[i], np.ones(np.shape(values[i])))
        result = function(*moving)
        return result.slope if isinstance(result, Dual) else np.zeros(np.shape(result))

    def slope(*values: Any) -> Any:
        try:
            return moved(*values)
        except UNKNOWN:
            return no_slope()

    try:
        with np.errstate(all="ignore"):
            moved(*[np.array([0.5])] * count)
    except UNKNOWN:
        return no_slope
    return slope


def computed(function: Values, values: Any, shape: tuple[int, ...]) -> np.ndarray:
    """function(*values) in double precision, of the given shape."""
    with np.errstate(all="ignore"):
        doubles = [np.asarray(x, dtype=float) for x in values]
        return np.array(np.broadcast_to(np.asarray(function(*doubles), dtype=float), shape))


def _plain(formula: Values, slope: Values | None, x: Any) -> Any:
    return formula(x)


def _plain_host(function: Values, slopes: tuple[Values, ...], arrays: Any) -> Any:
    shape = np.broadcast_shapes(*(x.shape for x in arrays))
    return like(computed(function, map(to_numpy, arrays), shape), arrays[0])


# ---- JAX ----


def _jax_elementwise(formula: Values, slope: Values | None, x: Any) -> Any:
    import jax

    def tangent_of(t: Any) -> Any:
        return jax.jvp(formula, (t,), (jax.numpy.ones_like(t),))[1]

    @jax.custom_jvp
    def call(x: Any) -> Any:
        return formula(x)

    @call.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        return call(*primals), _jax_elementwise(slope or tangent_of, None, *primals) * tangents[0]

    return call(jax.numpy.asarray(x))


def _jax_host(function: Values, slopes: tuple[Values, ...], arrays: Any) -> Any:
    import jax

    arrays = tuple(map(jax.numpy.asarray, arrays))
    shape, dtype = np.broadcast_shapes(*(x.shape for x in arrays)), arrays[0].dtype

    @jax.custom_jvp
    def call(*arrays: Any) -> Any:
        def values(*given: Any) -> Any:
            own = np.broadcast_shapes(*(np.shape(x) for x in given))
            return computed(function, given, own).astype(dtype)

        kind = jax.ShapeDtypeStruct(shape, dtype)
        full = [jax.numpy.broadcast_to(x, shape) for x in arrays]
        return jax.pure_callback(values, kind, *full, vmap_method="broadcast_all")

    def rule(primals: Any, tangents: Any) -> Any:
        moving = [
            (no_slope() if slope is no_slope else _jax_host(slope, (no_slope,) * len(primals), primals)) * tangent
            for slope, tangent in zip(slopes, tangents, strict=True)
            if not isinstance(tangent, jax.custom_derivatives.SymbolicZero)
        ]
        return call(*primals), sum(moving[1:], moving[0]) if moving else jax.numpy.zeros(shape, dtype)

    call.defjvp(rule, symbolic_zeros=True)
    return call(*arrays)


# ---- torch ----


def _torch_elementwise(formula: Values, slope: Values | None, x: Any) -> Any:
    return _torch_elementwise_function().apply(formula, slope, x)


def _torch_host(function: Values, slopes: tuple[Values, ...], arrays: Any) -> Any:
    return _torch_host_function().apply(function, slopes, *arrays)


@cache
def _torch_elementwise_function() -> Any:
    """The autograd function of formulas, made at the first array of torch."""
    import torch

    class Elementwise(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(formula: Any, slope: Any, x: Any) -> Any:
            result = formula(x)
            return result.clone() if result is x else result

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            formula, slope, x = inputs
            ctx.slope = slope or (lambda t: torch.func.jvp(formula, (t,), (torch.ones_like(t),))[1])
            ctx.save_for_backward(x)
            ctx.save_for_forward(x)

        @staticmethod
        def backward(ctx: Any, gradient: Any) -> Any:
            return None, None, gradient * Elementwise.apply(ctx.slope, None, *ctx.saved_tensors)

        @staticmethod
        def jvp(ctx: Any, _: Any, __: Any, tangent: Any) -> Any:
            return Elementwise.apply(ctx.slope, None, *ctx.saved_tensors) * tangent

    return Elementwise


@cache
def _torch_host_function() -> Any:
    """The autograd function of what NumPy computes, made at the first array of torch."""
    import torch

    class Host(torch.autograd.Function):
        @staticmethod
        def forward(function: Any, slopes: Any, *arrays: Any) -> Any:
            return _plain_host(function, slopes, arrays)

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            _, ctx.slopes, *arrays = inputs
            ctx.save_for_backward(*arrays)
            ctx.save_for_forward(*arrays)

        @staticmethod
        def slope(ctx: Any, i: int) -> Any:
            arrays, slope = ctx.saved_tensors, ctx.slopes[i]
            return no_slope() if slope is no_slope else Host.apply(slope, (no_slope,) * len(arrays), *arrays)

        @staticmethod
        def backward(ctx: Any, gradient: Any) -> Any:
            shapes = [x.shape for x in ctx.saved_tensors]
            moved = [
                (gradient * Host.slope(ctx, i)).sum_to_size(shape) if needed else None
                for i, (shape, needed) in enumerate(zip(shapes, ctx.needs_input_grad[2:], strict=True))
            ]
            return None, None, *moved

        @staticmethod
        def jvp(ctx: Any, _: Any, __: Any, *tangents: Any) -> Any:
            terms = [Host.slope(ctx, i) * t for i, t in enumerate(tangents) if t is not None]
            return sum(terms[1:], terms[0])

        @staticmethod
        def vmap(info: Any, in_dims: Any, function: Any, slopes: Any, *arrays: Any) -> Any:
            depth = max(x.ndim - (d is not None) for x, d in zip(arrays, in_dims[2:], strict=True))
            front = []
            for x, axis in zip(arrays, in_dims[2:], strict=True):
                x = x.movedim(axis, 0) if axis is not None else x[None]
                front.append(x.reshape(x.shape[0], *(1,) * (depth + 1 - x.ndim), *x.shape[1:]))
            return Host.apply(function, slopes, *front), 0

    return Host


__all__ = ["elementwise", "no_slope", "on_host", "summed"]
