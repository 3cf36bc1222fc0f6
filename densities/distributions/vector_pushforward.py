"""The law of g(X) for a bijection g of vectors: elementwise maps, affine maps with a matrix, and chains of them.

f_Y(y) = f_X(x)·|det dx/dy|, x = g⁻¹(y). An elementwise map of independent entries acts on each of them, many-to-one
or not; a law whose entries depend on each other goes through bijections only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, singledispatch
from typing import Any

import numpy as np

from densities.anchored import value
from densities.arrays import added, quiet
from densities.distributions.array_pushforward import ArrayPushforward, affine, coordinate, joined, pushed
from densities.distributions.elliptical import Elliptical
from densities.distributions.moments import closed
from densities.distributions.product import Product
from densities.distributions.vector_base import VectorDistribution
from densities.errors import ShapeError, UnsupportedOperationError
from densities.numerics.substitution import lower_solver, upper_solver
from densities.protocols import push_forward
from densities.transforms.base import Bijection, Transform
from densities.transforms.chains import compose
from densities.transforms.constrained import Permute
from densities.transforms.program import programs_of
from densities.transforms.vector import Independent, Linear, MatrixAffine, TriangularAffine

# x and log|det| of columns y, by one step backward.
Back = Callable[[np.ndarray], tuple[np.ndarray, Any]]
# The formula that runs backward through an elementwise map, and the kind of its points.
_BACKWARD = "inverse_and_log_det", np.dtype(float)


class VectorPushforward(ArrayPushforward, VectorDistribution, axes=1):
    """The law of transform(X), X of law `base`, for a bijection of vectors.

    Raises SupportError where the base leaves the domain of the map, ShapeError where the map is one of vectors of
    another length.
    """

    @cached_property
    def _backs(self) -> Sequence[Back | None]:
        """The ways back through the steps, from the last one to the first."""
        return [column_back(step) for step in reversed(self.transform.steps)]

    def __getstate__(self) -> dict[str, Any]:
        """Without the ways back, which are functions made at first use."""
        return {name: known for name, known in self.__dict__.items() if name != "_backs"}

    @property
    def columnwise(self) -> bool:
        return None not in self._backs and self.base.columnwise

    @property
    def columns_parallel(self) -> bool:
        maps = (step.elementwise for step in self.transform.steps if isinstance(step, Independent))
        return self.base.columns_parallel and all(programs_of(one).has(*_BACKWARD) for one in maps)

    def logpdf_anywhere(self, y: np.ndarray) -> Any:
        """log f_X(x) + log|det dx/dy|, -inf outside."""
        if self.columnwise:
            return self._by_columns(self.columns_anywhere, y)
        return super().logpdf_anywhere(y)

    def columns_anywhere(self, y: np.ndarray) -> np.ndarray:
        if self.transform.codomain.holds_all(y.T):
            return self.columns_logpdf(y)
        inside = np.asarray(self.transform.codomain.contains(y.T))
        np.copyto(y, self.support.interior_point()[:, None], where=~inside)
        return np.where(inside, self.columns_logpdf(y), -np.inf)

    def columns_logpdf(self, y: np.ndarray) -> np.ndarray:
        x, total = y, 0.0  # the base may overwrite x: no log-determinant lies in the same memory
        for back in self._backs:
            x, log_det = back(x)  # type: ignore[misc]
            total = total + log_det
        log_base = self.base.columns_anywhere(x)
        return np.where(np.isneginf(log_base), -np.inf, log_base + total)

    def _known(self, last: Callable[[Any, Any], Any], simple: Callable[[Any], Any]) -> Any:
        """`last(law before, elementwise map)` of an elementwise last step, otherwise `simple` of a law with a shorter name."""
        step = self.transform.steps[-1]
        if isinstance(step, Independent):
            return last(self._before, step.elementwise)
        law = self.simplify()
        return None if isinstance(law, VectorPushforward) else simple(law)

    def marginal(self, i: int) -> Any:
        """That of the law before an elementwise map, through it."""

        def pushed(law: Any, elementwise: Transform) -> Any:
            one = law.marginal(i)
            return None if one is None else push_forward(one, coordinate(elementwise, i, self.n))

        return self._known(pushed, lambda law: law.marginal(i))

    def among(self, entries: Sequence[int]) -> Any:
        """That of the law before an elementwise map, through it."""

        def pushed(law: Any, elementwise: Transform) -> Any:
            some = law.among(entries)
            chosen = coordinate(elementwise, list(entries), self.n)
            return None if some is None else push_forward(some, Independent(chosen))  # type: ignore[arg-type]

        return self._known(pushed, lambda law: law.among(entries))

    def factors(self) -> tuple[Any, ...] | None:
        """Those of the law before an elementwise map, through it."""

        def pushed(law: Any, elementwise: Transform) -> Any:
            found = law.factors()
            return found and tuple(push_forward(one, coordinate(elementwise, i, self.n)) for i, one in enumerate(found))

        return self._known(pushed, lambda law: law.factors())

    def closed_dependence(self) -> tuple[float, float] | None:
        """That of the law before an elementwise map, which does not change it."""
        return self._known(lambda law, _: law.closed_dependence(), lambda law: law.closed_dependence())

    def closed_mean(self) -> Any:
        """loc + matrix E[X], where the last step is such a map."""
        line = affine(self.transform.steps[-1], self.n)
        if line is None:
            return None
        mean = line[0] + _applied(line[1], self._before.mean()[..., None])[..., 0]
        return np.array(np.broadcast_to(mean, (*self.batch_shape, self.n)), dtype=float)

    def closed_cov(self) -> Any:
        """matrix cov(X) matrixᵀ, where the last step is such a map."""
        line = affine(self.transform.steps[-1], self.n)
        if line is None:
            return None
        half = _applied(line[1], self._before.cov())
        cov = _applied(line[1], np.swapaxes(half, -1, -2))
        cov = (cov + np.swapaxes(cov, -1, -2)) / 2
        return np.array(np.broadcast_to(cov, (*self.batch_shape, self.n, self.n)), dtype=float)

    def entropy_terms(self) -> tuple[Any, Sequence[tuple[float, Any]]] | None:
        """H(X) and what the last step adds: log|det|, or Σ H(g(Xᵢ)) - H(Xᵢ) of an elementwise map g."""
        step, law = self.transform.steps[-1], self._before
        number, terms = law.entropy_terms() or (0.0, [(1.0, law)])
        if affine(step, self.n) is not None:
            return number + np.asarray(value(step.forward_and_log_det(np.zeros(self.n))[1])), terms  # type: ignore[attr-defined]
        entries = [law.marginal(i) for i in range(self.n)] if isinstance(step, Independent) else [None]
        if any(one is None for one in entries):
            return None
        images = [push_forward(one, coordinate(step.elementwise, i, self.n)) for i, one in enumerate(entries)]  # type: ignore[attr-defined]
        return number, [*terms, *((1.0, one) for one in images), *((-1.0, one) for one in entries)]

    def closed_entropy(self) -> Any:
        """The sum of `entropy_terms`, where all of them are closed."""
        self._check_volume("entropy")
        found = self.entropy_terms()
        if found is None:
            return None
        known = [(sign, closed(law, "entropy")) for sign, law in found[1]]
        if any(h is None for _, h in known):
            return None
        total = found[0] + sum(sign * h for sign, h in known)
        return total if np.ndim(total) else float(total)

    def simplify(self) -> Any:
        """Affine maps of an elliptical law absorbed into its parameters, where doubles hold these."""
        base, steps = self.base.simplify(), list(self.transform.steps)
        while steps and isinstance(base, Elliptical):
            coefficients = affine(steps[0], base.n)
            image = None if coefficients is None else base.affine_image(*coefficients)
            if image is None or (image.singular and not base.singular):
                break
            base = image
            del steps[0]
        return push_forward(base, compose(*steps)) if steps else base


@singledispatch
def column_back(step: Transform) -> Back | None:
    """(g⁻¹(y), log|det|) of columns: y (n, width), which is left alone, log|det| a number or (width,); None where unknown."""
    return None


@column_back.register
def _(step: Independent) -> Back | None:
    """The entries of all points as one vector, by the program of the map: all of them share its parameters."""
    one = step.elementwise
    programs, (name, _) = programs_of(one), _BACKWARD

    def back(y: np.ndarray) -> tuple[np.ndarray, Any]:
        x, log_det = programs.run(name, one.inverse_and_log_det, y.reshape(-1))
        x, log_det = np.asarray(value(x)).reshape(y.shape), np.asarray(value(log_det))
        return x, added(log_det.reshape(y.shape)) if log_det.ndim else len(y) * float(log_det)

    return None if one.batch_shape else back


@column_back.register
def _(step: TriangularAffine) -> Back | None:
    if step.batch_shape or step.resolved:
        return _by_points(step)
    solve = (lower_solver if step.params["lower"] else upper_solver)(step.params["matrix"])
    loc = np.reshape(step.params["loc"], (-1, 1))
    return lambda y: (solve(y - loc), -step.log_det)


@column_back.register
def _(step: MatrixAffine) -> Back | None:
    from scipy.linalg import lu

    if step.batch_shape or step.resolved:
        return _by_points(step)
    places, lower, upper = lu(step.params["matrix"], p_indices=True)
    first, last, order = lower_solver(lower), upper_solver(upper), np.argsort(places)
    loc = np.reshape(step.params["loc"], (-1, 1))
    return lambda y: (last(first((y - loc)[order])), -step.log_det)


@column_back.register
def _(step: Permute) -> Back | None:
    places = np.argsort(step.places)
    return lambda y: (y[places], 0.0)


def _by_points(step: Linear) -> Back | None:
    """By the map's own inverse; None for a batch of maps."""
    return None if step.batch_shape else lambda y: (step.inverse(y.T).T, -step.log_det)


def _applied(matrix: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """matrix columns in more digits, where an entry that is not finite counts only for the rows that hold it."""
    if np.isfinite(columns).all():
        return np.asarray(matrix, dtype=np.longdouble) @ columns
    held = np.asarray(matrix)[..., :, :, None] != 0.0
    with quiet():
        products = np.where(held, np.asarray(matrix)[..., :, :, None] * columns[..., None, :, :], 0.0)
        return np.sum(products, axis=-2)


@pushed.register
def _(law: VectorDistribution, step: Transform) -> Any:
    """Maps of the line act on every entry."""
    elementwise = step.elementwise if isinstance(step, Independent) else step if step.event_ndim == 0 else None
    if elementwise is not None and isinstance(law, Product):
        _check_entries(elementwise, law.n)
        return Product([push_forward(one, coordinate(elementwise, i, law.n)) for i, one in enumerate(law.components)])
    if isinstance(step, Permute) and len(step.places) == law.n:
        rearranged = law.rearranged(step.places)
        if rearranged is not None:
            return rearranged
    if not isinstance(step, Bijection):
        raise UnsupportedOperationError(
            f"{step}: a many-to-one map acts on the entries of a law only where these are independent, as in a "
            f"product; {law} is not such a law"
        )
    if elementwise is not None:
        _check_entries(elementwise, law.n)
        step = Independent(elementwise, 1)  # type: ignore[arg-type]
    return joined(law, step)


def _check_entries(elementwise: Transform, n: int) -> None:
    shape = elementwise.batch_shape
    if shape and shape[-1] not in (1, n):
        raise ShapeError(
            f"{elementwise}: expected parameters with {n} entries in their last axis, got the shape {shape}"
        )
