"""A law as torch.distributions has them: one of torch's own where it has the family, otherwise a law that asks ours."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from densities.distributions.base import Univariate
from densities.distributions.foreign import limits
from densities.distributions.torch_families import (
    CONSTRAINTS,
    TABLES,
    constraint_of,
    named_as,
    needs,
    revived,
    their_parameters,
)
from densities.errors import ShapeError, argument_error
from densities.foreign import Foreign, unwrapped
from densities.foreign.maps import has_foreign_parameters
from densities.protocols import as_distribution


def to_torch(law: Any, *, dtype: Any = None) -> Any:
    """The law as a torch.distributions.Distribution with parameters of `dtype`, torch.float64 unless given.

    Families that torch has become its own classes, with torch's formulas and their accuracy, the log-density -inf outside the
    support; any other keeps this library's formulas: `log_prob`, `cdf` and `icdf` are differentiable, `rsample` goes through
    `icdf`, `sample` draws from NumPy with a seed of torch. Parameters that are tensors stay so. Raises
    UnsupportedOperationError where torch is not installed.
    """
    torch = needs("torch", "to_torch", "torch")
    law = as_distribution(law)
    dtype = dtype or torch.float64
    found = TABLES["torch"].get(law.name)
    if found is None:
        return _class()(law, dtype)
    theirs, names = found

    def tensor(x: np.ndarray) -> Any:
        return torch.tensor(x, dtype=dtype)

    handed = _guarded(getattr(torch.distributions, theirs))(**their_parameters(law, names, tensor), validate_args=False)
    handed.law, handed.limits = law, _limits(law, tensor)
    return handed


def _limits(law: Any, tensor: Any) -> list[tuple[Any, Any]]:
    """(end of the support, log-density there) of a law with a density whose parameters are numbers."""
    known = isinstance(law, Univariate) and law.measure == "lebesgue" and not has_foreign_parameters(law)
    return [(tensor(place), tensor(limit)) for place, limit in limits(law)] if known else []


@cache
def _guarded(theirs: Any) -> Any:
    """Their class, asked for points of the support only: outside it and at its ends their formulas give any number."""
    torch = needs("torch", "to_torch", "torch")

    def _floating(value: Any) -> Any:
        value = torch.as_tensor(value)
        return value if value.is_floating_point() else value.to(torch.float64)

    class Guarded(theirs):
        law: Any
        limits: list[tuple[Any, Any]]

        def __reduce__(self) -> tuple[Any, ...]:
            return revived, (_guarded, theirs, self.__dict__)

        def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
            expanded = super().expand(batch_shape, _instance)
            expanded.law, expanded.limits = self.law, self.limits
            return expanded

        def log_prob(self, value: Any) -> Any:
            value = _floating(value)
            answers = self._within(super().log_prob, value, -np.inf)
            for place, limit in self.limits:
                answers = torch.where(value == place, limit.to(answers.dtype), answers)
            return answers

        def cdf(self, value: Any) -> Any:
            value = _floating(value)
            return self._within(
                super().cdf, value, np.where(Foreign(value) > self.law.support.interior_point(), 1.0, 0.0)
            )

        def _within(self, formula: Any, value: Any, beside: Any) -> Any:
            x, law = Foreign(value), self.law
            inside = law.support.contains(x)
            for place, _ in self.limits:
                inside = inside & np.not_equal(x, Foreign(place))
            unknown = np.isnan(x)
            each = inside
            for _ in law.event_shape:
                each, unknown = each[..., None], np.any(unknown, axis=-1)
            points: Any = np.where(each, x, law.support.interior_point())
            answers = Foreign(formula(points.array))
            return unwrapped(np.where(unknown, np.nan, np.where(inside, answers, beside)), answers.array)

    return named_as(theirs, Guarded)


def _constraint(law: Any) -> Any:
    constraints = needs("torch.distributions.constraints", "to_torch", "torch")
    if not isinstance(law, Univariate):
        name = CONSTRAINTS.get(law.support.measure)
        return getattr(constraints, name) if name else constraints.independent(constraints.real, len(law.event_shape))
    return constraint_of(law.support, constraints, constraints.greater_than_eq)


def _draws_of_all(law: Any, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Draws of every member of an expanded batch: a member of the law that stands for several is drawn as often."""
    own = tuple(law.batch_shape)
    lead, inner = shape[: len(shape) - len(own)], shape[len(shape) - len(own) :]
    wide = [i for i, (n, m) in enumerate(zip(own, inner, strict=True)) if n != m]
    draws = np.asarray(law.rvs((*lead, *(inner[i] for i in wide)), rng=seed))
    # The axes of repeated draws come first; each goes to where the batch has it.
    at, after = len(lead), len(lead) + len(wide)
    order = [*range(at), *(at + wide.index(i) if i in wide else after + i for i in range(len(own)))]
    order += [axis for axis in range(draws.ndim) if axis not in order]
    return draws.transpose(order).reshape(shape + tuple(law.event_shape))


@cache
def _class() -> Any:
    """The class, made when torch is there."""
    torch = needs("torch", "to_torch", "torch")

    class Law(torch.distributions.Distribution):  # type: ignore[name-defined]
        """A law of this library among those of torch."""

        arg_constraints: dict[str, Any] = {}

        def __init__(self, law: Any, dtype: Any):
            self.law, self.dtype = law, dtype
            self.has_rsample = isinstance(law, Univariate) and law.measure == "lebesgue"
            super().__init__(torch.Size(law.batch_shape), torch.Size(law.event_shape), validate_args=False)

        def __repr__(self) -> str:
            return f"to_torch({self.law})"

        def __reduce__(self) -> tuple[Any, ...]:
            return _expanded, (self.law, self.dtype, tuple(self.batch_shape))

        def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
            """The same law, independent over a batch of this shape, with which its own broadcasts."""
            expanded = self._get_checked_instance(Law, _instance)
            expanded.law, expanded.dtype, expanded.has_rsample = self.law, self.dtype, self.has_rsample
            own, shape = self.batch_shape, torch.Size(batch_shape)
            if len(own) > len(shape) or any(n not in (1, m) for n, m in zip(own[::-1], shape[::-1], strict=False)):
                expected = f"a shape that {tuple(own)} broadcasts to"
                raise ShapeError(argument_error("expand: batch_shape", expected, tuple(shape)))
            super(Law, expanded).__init__(shape, self.event_shape, validate_args=False)
            return expanded

        @property
        def support(self) -> Any:
            if has_foreign_parameters(self.law):
                raise NotImplementedError("the support of a law whose parameters are tensors")
            return _constraint(self.law)

        def log_prob(self, value: Any) -> Any:
            counting = isinstance(self.law, Univariate) and self.law.measure == "counting"
            return (self.law.logpmf if counting else self.law.logpdf)(self._spread(value))

        def cdf(self, value: Any) -> Any:
            return self.law.cdf(self._spread(value))

        def icdf(self, value: Any) -> Any:
            return self.law.ppf(self._spread(value))

        def _spread(self, value: Any) -> Any:
            """Points for every member of the batch that is not one of the law's own."""
            own = self.batch_shape == torch.Size(self.law.batch_shape)
            return (
                value if own else value.expand(torch.broadcast_shapes(value.shape, self.batch_shape + self.event_shape))
            )

        def sample(self, sample_shape: Any = ()) -> Any:
            with torch.no_grad():
                if has_foreign_parameters(self.law):
                    return self.rsample(sample_shape)
                seed = int(torch.randint(2**62, ()))
                shape = tuple(sample_shape) + tuple(self.batch_shape)
                return torch.tensor(_draws_of_all(self.law, shape, seed), dtype=self.dtype)

        def rsample(self, sample_shape: Any = ()) -> Any:
            if not self.has_rsample:
                raise NotImplementedError(f"{self}: expected a law on the line with a density")
            u = torch.rand(self._extended_shape(torch.Size(sample_shape)), dtype=torch.float64)
            return self.law.ppf(u.clamp_min(2.0**-54)).to(self.dtype)

        def entropy(self) -> Any:
            return self._summary("entropy")

        @property
        def mean(self) -> Any:
            return self._summary("mean")

        @property
        def variance(self) -> Any:
            return self._summary("var")

        def _summary(self, name: str) -> Any:
            shape = self.batch_shape if name == "entropy" else self.batch_shape + self.event_shape
            return unwrapped(getattr(self.law, name)(), torch.zeros(shape, dtype=self.dtype)).expand(shape)

    as_distribution.register(Law)(lambda law: law.law)
    return Law


def _expanded(law: Any, dtype: Any, shape: tuple[int, ...]) -> Any:
    """The copy of a law of torch, expanded as it was."""
    return _class()(law, dtype).expand(shape)


__all__ = ["to_torch"]
