"""D(p‖q) of a batch of scalar pairs: many members at once where they are tame, the others one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from densities.anchored import value
from densities.arrays import quiet
from densities.divergences.closed_forms import closed_form
from densities.divergences.plain import kl_plain
from densities.divergences.rewrites import strip_shared
from densities.estimate import ErrorKind, Estimate, Status

# Members of a block; of 16 ... 512 this was best with the nodes of `panels.AT_ONCE`.
MEMBERS = 64


class Batch:
    """What is known so far of the divergences of n pairs; `open` marks those that are not."""

    def __init__(self, n: int):
        self.value, self.error = np.full(n, np.nan), np.full(n, np.inf)
        self.kind, self.status, self.method, self.plan, self.reason = (np.full(n, None, dtype=object) for _ in range(5))
        self.evaluations = np.zeros(n, dtype=int)
        self.open = np.ones(n, dtype=bool)

    def settle(self, rows: Any, estimate: Estimate) -> None:
        """Enter an answer, whose fields are scalars or arrays over these rows."""
        self.value[rows], self.error[rows], self.evaluations[rows] = (
            estimate.value,
            estimate.error,
            estimate.evaluations,
        )
        self.status[rows], self.kind[rows], self.method[rows] = estimate.status, estimate.error_kind, estimate.method
        for row in np.atleast_1d(rows):
            self.plan[row], self.reason[row] = estimate.detail["plan"], estimate.detail.get("reason", "")
        self.open[rows] = False

    def estimate(self, shape: tuple[int, ...]) -> Estimate:
        """All of it as one Estimate of the batch shape."""
        return Estimate(
            self.value.reshape(shape),
            self.error.reshape(shape),
            max(set(self.kind), key=list(ErrorKind).index),
            self.status.reshape(shape),
            ", ".join(sorted(set(self.method))),
            self.evaluations.reshape(shape),
            {"plan": list(self.plan), "reason": list(self.reason)},
        )


def kl_batch(
    p: Any, q: Any, shape: tuple[int, ...], method: str, rtol: float, one: Callable[..., Estimate]
) -> Estimate:
    """The divergences of the members of two laws with the batch shape `shape`; `one(p, q)` answers a single pair."""
    n = int(np.prod(shape))
    found = Batch(n)
    pair = strip_shared(p, q)
    scalar = not p.event_shape and all(law.measure == "lebesgue" and law.broadcasts for law in (pair.p, pair.q))
    if scalar and method in ("auto", "closed"):
        _by_closed_form(found, pair, shape)
    if scalar and method in ("auto", "quadrature"):
        _by_quadrature(found, pair, shape, rtol)
    for row in np.flatnonzero(found.open):
        index = np.unravel_index(row, shape)
        found.settle(int(row), one(p.member(index, shape), q.member(index, shape)))
    return found.estimate(shape)


def _by_closed_form(found: Batch, pair: Any, shape: tuple[int, ...]) -> None:
    """The members whose closed form keeps its digits; infinite ones have their reasons told one by one."""
    p, q = pair.p.simplify(), pair.q.simplify()
    form = closed_form(p.name, p.params, q.name, q.params) if p.name and q.name else None
    if form is None:
        return
    number, bound = (np.broadcast_to(x, shape).reshape(-1) for x in (form.value, form.bound))
    with quiet():
        rows = np.flatnonzero(np.isfinite(number) & (bound <= 1e-10 * np.abs(number)))
    plan = [*pair.steps, f"closed form: {form.rule}, for the whole batch"]
    detail = {"plan": plan, "rule": form.rule, "source": form.source}
    found.settle(rows, Estimate(number[rows], bound[rows], ErrorKind.BOUND, Status.EXACT, "closed", 0, detail))


def _by_quadrature(found: Batch, pair: Any, shape: tuple[int, ...], rtol: float) -> None:
    plan = [*pair.steps, "quadrature in the coordinates of the base of p, many members at once"]
    for rows, p, q in _blocks(found.open, pair, shape):
        tame = kl_plain(p, q, rtol=rtol)
        if tame is None:
            return
        inside = np.flatnonzero(_within(p, q, len(rows)) & tame.answered)
        answer = Estimate(
            tame.value[inside],
            tame.error[inside],
            ErrorKind.HEURISTIC,
            Status.CONVERGED,
            "quadrature",
            tame.evaluations,
            {"plan": plan},
        )
        found.settle(rows[inside], answer)


def _blocks(wanted: np.ndarray, pair: Any, shape: tuple[int, ...]) -> Iterator[tuple[np.ndarray, Any, Any]]:
    rows = np.flatnonzero(wanted)
    for start in range(0, len(rows), MEMBERS):
        block = rows[start : start + MEMBERS]
        index = np.unravel_index(block, shape)
        yield block, pair.p.member(index, shape), pair.q.member(index, shape)


def _within(p: Any, q: Any, n: int) -> np.ndarray:
    """Whether the support of each p lies within that of its q."""
    (low, high), (below, above) = p.support.edges, q.support.edges
    return np.broadcast_to(np.asarray(value(low) >= value(below)) & np.asarray(value(high) <= value(above)), n)


__all__ = ["kl_batch"]
