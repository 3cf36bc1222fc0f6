"""A law as NumPyro has them: one of its own where it has the family, otherwise a law that asks ours."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from densities.distributions.base import Univariate
from densities.distributions.torch_families import (
    CONSTRAINTS,
    TABLES,
    constraint_of,
    named_as,
    needs,
    revived,
    their_parameters,
)
from densities.foreign import unwrapped
from densities.foreign.maps import has_foreign_parameters
from densities.protocols import as_distribution


def to_numpyro(law: Any) -> Any:
    """The law as a numpyro.distributions.Distribution, its numbers of JAX's default floating type.

    Families that NumPyro has become its own classes, with its formulas and their accuracy; any other law keeps this library's:
    `log_prob`, `cdf` and `icdf` are differentiable and run inside jit and vmap, `sample(key)` goes through `icdf`. Parameters
    that are arrays of JAX stay so. Raises UnsupportedOperationError where NumPyro is not installed.
    """
    theirs = needs("numpyro.distributions", "to_numpyro", "numpyro")
    law = as_distribution(law)
    found = TABLES["numpyro"].get(law.name)
    if found is None:
        return _class()(law)
    jnp = needs("jax.numpy", "to_numpyro", "numpyro")
    kind = getattr(theirs, found[0])
    return (kind if law.event_shape else _guarded(kind))(**their_parameters(law, found[1], jnp.asarray))


@cache
def _guarded(theirs: Any) -> Any:
    """Their class on the line, asked for points of the support only: the answers elsewhere are known."""
    jnp = needs("jax.numpy", "to_numpyro", "numpyro")

    class Guarded(theirs):
        def __reduce__(self) -> tuple[Any, ...]:
            return revived, (_guarded, theirs, self.__dict__)

        def log_prob(self, value: Any) -> Any:
            return self._within(super().log_prob, jnp.asarray(value), lambda value, inner: -jnp.inf)

        def cdf(self, value: Any) -> Any:
            value = jnp.floor(value) if self.support.is_discrete else jnp.asarray(value)
            return self._within(super().cdf, value, lambda value, inner: value > inner)

        def _within(self, formula: Any, value: Any, beside: Any) -> Any:
            inside, inner = self.support(value), self.support.feasible_like(value)
            elsewhere = jnp.where(jnp.isnan(value), value, beside(value, inner))
            return jnp.where(inside, formula(jnp.where(inside, value, inner)), elsewhere)

    return named_as(theirs, Guarded)


def _constraint(law: Any) -> Any:
    constraints = needs("numpyro.distributions.constraints", "to_numpyro", "numpyro")
    if not isinstance(law, Univariate):
        return getattr(constraints, CONSTRAINTS.get(law.support.measure, "real_vector"))
    return constraint_of(law.support, constraints, constraints.greater_than)


@cache
def _class() -> Any:
    """The class, made when NumPyro is there."""
    jax = needs("jax", "to_numpyro", "numpyro")
    theirs = needs("numpyro.distributions", "to_numpyro", "numpyro")
    jnp = jax.numpy

    class Law(theirs.Distribution):  # type: ignore[name-defined]
        """A law of this library among those of NumPyro."""

        arg_constraints: dict[str, Any] = {}
        pytree_aux_fields = ("law",)

        def __init__(self, law: Any, *, validate_args: Any = None):
            self.law = law
            super().__init__(law.batch_shape, law.event_shape, validate_args=validate_args)

        def __repr__(self) -> str:
            return f"to_numpyro({self.law})"

        def __reduce__(self) -> tuple[Any, ...]:
            return to_numpyro, (self.law,)

        @property
        def support(self) -> Any:
            return theirs.constraints.real if has_foreign_parameters(self.law) else _constraint(self.law)

        def sample(self, key: Any, sample_shape: Any = ()) -> Any:
            shape = (*sample_shape, *self.batch_shape)
            if isinstance(self.law, Univariate):
                u = jax.random.uniform(key, shape, dtype=jnp.asarray(0.0).dtype)
                return self.law.ppf(jnp.maximum(u, jnp.finfo(u.dtype).tiny))
            kind = jax.ShapeDtypeStruct((*shape, *self.event_shape), jnp.asarray(0.0).dtype)

            def draws(seed: Any) -> np.ndarray:
                drawn = self.law.rvs(tuple(sample_shape), rng=[int(word) for word in np.ravel(seed)])
                return np.asarray(drawn, dtype=kind.dtype)

            return jax.pure_callback(draws, kind, jax.random.bits(key, (4,)), vmap_method="sequential")

        def log_prob(self, value: Any) -> Any:
            value = jnp.asarray(value)
            counting = isinstance(self.law, Univariate) and self.law.measure == "counting"
            return self.law.logpmf(value) if counting else self.law.logpdf(value)

        def cdf(self, value: Any) -> Any:
            return self.law.cdf(jnp.asarray(value))

        def icdf(self, q: Any) -> Any:
            return self.law.ppf(jnp.asarray(q))

        @property
        def mean(self) -> Any:
            return unwrapped(self.law.mean(), jnp.zeros(self.batch_shape + self.event_shape))

        @property
        def variance(self) -> Any:
            return unwrapped(self.law.var(), jnp.zeros(self.batch_shape + self.event_shape))

    as_distribution.register(Law)(lambda law: law.law)
    return Law


__all__ = ["to_numpyro"]
