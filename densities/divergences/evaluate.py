"""kl(p, q): which method answers, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from densities.distributions.identities import canonical
from densities.distributions.stated_errors import has_numeric_derivatives, log_density_error
from densities.divergences import rewrites, vector, vector_routes
from densities.divergences.batches import kl_batch
from densities.divergences.closed_forms import closed_form
from densities.divergences.mixtures import bracketed
from densities.divergences.montecarlo import kl_montecarlo
from densities.divergences.precise import kl_digits
from densities.divergences.quadrature import kl_quadrature
from densities.divergences.ratio import RadonNikodym, radon_nikodym
from densities.divergences.sums import kl_sum
from densities.errors import NoClosedFormError, ShapeError, argument_error
from densities.estimate import ErrorKind, Estimate, Status, infinite
from densities.expectation import EPS, check_settings
from densities.parameters import joint_shape, one_of

METHODS = ("auto", "closed", "quadrature", "montecarlo")
# A closed form whose cancellation bound exceeds this share of its value is left for the quadrature.
CANCELLATION = 1e-10
# Quantiles of p at which the errors that maps state are averaged.
LEVELS = (np.arange(32) + 0.5) / 32


@dataclass(frozen=True)
class Plan:
    """How kl(p, q) will be computed: the pair after rewriting, the method, and every step that led there."""

    p: Any
    q: Any
    method: str
    steps: tuple[str, ...]
    closed: Estimate | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return "\n".join(f"{i}. {step}" for i, step in enumerate(self.steps, 1))


def kl(
    p: Any,
    q: Any,
    *,
    method: str = "auto",
    n: int = 2**16,
    rng: Any = None,
    rtol: float = 1e-11,
    dps: int | None = None,
    **options: Any,
) -> Estimate:
    """The Kullback-Leibler divergence D(p‖q) = E_p[log dp/dq] in nats, draws from p, as an `Estimate`.

    method  "auto" takes the first that applies of a closed form and quadrature (Monte Carlo in many dimensions);
            "closed", "quadrature" and "montecarlo" insist on theirs
    n, rng  draws of the Monte Carlo mean and their seed; further options (target=, scheme=, executor=, progress=,
            checkpoint=, time_limit=) are those of `numerics.montecarlo.estimate_mean`
    rtol    the relative accuracy that quadrature aims at
    dps     that many decimal digits by mpmath, for scalar laws on the line: in `detail["mpf"]`, `value` is the nearest double

    Infinite divergences are `inf` with the reason in `detail`. Batches of parameters give arrays of the batch shape.
    Raises NoClosedFormError for method="closed" where none is known, ParameterError for an unknown method,
    UnknownNameError for an unknown option, ShapeError for laws on different spaces.
    """
    check_settings(method, METHODS, n, rtol, options)
    ratio = radon_nikodym(p, q)
    shapes = ratio.p.batch_shape, ratio.q.batch_shape
    shape = joint_shape("kl", "laws", dict(zip("pq", shapes, strict=True))) if any(shapes) else ()
    in_doubles: Callable[..., Estimate] = partial(kl, method=method, n=n, rng=rng, rtol=rtol, **options)
    if dps is not None:
        return kl_digits(ratio.p, ratio.q, dps, in_doubles(ratio.p, ratio.q), partial(plan, method="quadrature"))
    if shape:
        return kl_batch(ratio.p, ratio.q, shape, method, rtol, in_doubles)
    decided = _plan(ratio, method)
    if decided.closed is not None:
        return _with_plan(decided.closed, decided)
    if decided.p.event_shape:
        found = vector_routes.evaluate(
            decided.p, decided.q, decided.method, kl, method, rtol=rtol, n=n, rng=rng, **options
        )
        return _with_plan(found, decided)
    run: Callable[..., Estimate] = {"montecarlo": kl_montecarlo, "sum": kl_sum}.get(decided.method, kl_quadrature)
    settings = {"n": n, "rng": rng, **options} if decided.method == "montecarlo" else {"rtol": rtol}
    found = bracketed(run(decided.p, decided.q, **settings), decided.p, decided.q)
    return _with_plan(_with_stated_errors(found, decided), decided)


def _with_stated_errors(estimate: Estimate, decided: Plan) -> Estimate:
    """The estimate with E_p of what numeric derivatives leave open of log p and log q added to its error."""
    laws = [law for law in (decided.p, decided.q) if has_numeric_derivatives(law)]
    if not laws:
        return estimate
    y = np.asarray(decided.p.ppf(LEVELS), dtype=float)
    added = sum(float(np.mean(log_density_error(law, y))) for law in laws)
    return replace(estimate, error=estimate.error + added, detail={**estimate.detail, "derivative_error": added})


def plan(p: Any, q: Any, *, method: str = "auto") -> Plan:
    """What kl(p, q, method=) would do, as a `Plan` that prints as its steps; no divergence is computed.

    Absolute continuity is judged first; then the pair is rewritten where a shared map or structure allows it; then a
    closed form is looked for, and quadrature or Monte Carlo chosen where there is none.

    Raises ParameterError for an unknown method, ShapeError for batches, whose members may go different ways.
    """
    one_of("method", method, METHODS)
    ratio = radon_nikodym(p, q)
    shapes = ratio.p.batch_shape, ratio.q.batch_shape
    if any(shapes):
        raise ShapeError(argument_error("plan: p, q", "single laws, not batches", shapes))
    return _plan(ratio, method)


def _plan(ratio: Any, method: str) -> Plan:
    p, q = ratio.p, ratio.q
    if not ratio.absolutely_continuous or ratio.log_singular_mass > -np.inf:
        reason = ratio.reason
        return Plan(p, q, "support", (f"p is not absolutely continuous with respect to q: {reason}",), _infinite(ratio))
    steps = ["p is absolutely continuous with respect to q"]
    if p.same_as(q):
        return Plan(
            p,
            q,
            "identity",
            (*steps, "p and q are the same law"),
            Estimate(0.0, 0.0, ErrorKind.EXACT, Status.EXACT, "closed", 0),
        )
    stripped = rewrites.on_plane(rewrites.strip_shared(p, q))
    steps += stripped.steps
    if method in ("auto", "closed"):
        found = _closed(stripped.p, stripped.q)
        if isinstance(found, Estimate):
            last = bool(p.event_shape) and vector_routes.route(stripped.p, stripped.q, "auto")[0] == "montecarlo"
            if method == "closed" or last or np.isinf(found.value) or found.error <= CANCELLATION * abs(found.value):
                return Plan(stripped.p, stripped.q, "closed", (*steps, f"closed form: {found.detail['rule']}"), found)
            steps.append(
                f"closed form {found.detail['rule']} refused: cancellation leaves an error of {found.error:.1e}"
            )
        else:
            steps.append("no closed form is known")
            if method == "closed" and not (p.event_shape and vector.split(stripped.p, stripped.q)):
                raise NoClosedFormError(
                    f"kl: no closed form is known for {p} and {q}; use method='quadrature' or 'montecarlo'"
                )
    if p.event_shape:
        name, step = vector_routes.route(stripped.p, stripped.q, method)
        return Plan(stripped.p, stripped.q, name, (*steps, step))
    if method == "montecarlo":
        return Plan(stripped.p, stripped.q, "montecarlo", (*steps, "Monte Carlo over draws of p"))
    if p.measure == "counting":
        return Plan(stripped.p, stripped.q, "sum", (*steps, "a sum over the point masses of p"))
    return Plan(stripped.p, stripped.q, "quadrature", (*steps, "quadrature in the coordinates of the base of p"))


def candidates(p: Any, q: Any) -> list[rewrites.Rewritten]:
    """Pairs with the same divergence, in which closed forms may know both laws: the pair itself, both recognised, p's base
    against q pulled back, and each of these in a larger family."""
    tried = [rewrites.Rewritten(p, q)]
    simple = p.simplify(), q.simplify()
    tried.append(rewrites.Rewritten(*simple, ["both laws recognised"]))
    for a, b in ((p, q), simple):
        pulled = rewrites.pulled_to_base(a, b)
        if pulled is not None:
            tried.append(rewrites.Rewritten(pulled.p.simplify(), pulled.q.simplify(), pulled.steps))
    larger = [
        rewrites.Rewritten(canonical(pair.p), canonical(pair.q), [*pair.steps, "both in a larger family"])
        for pair in tried
    ]
    return [*tried, *larger]


def _closed(p: Any, q: Any) -> Estimate | None:
    """The closed form of the first pair that has one."""
    for pair in candidates(p, q):
        if pair.p.same_as(pair.q):
            return Estimate(0.0, 0.0, ErrorKind.EXACT, Status.EXACT, "closed", 0, {"rule": "the same law"})
        if pair.p.name and pair.q.name:
            form = closed_form(pair.p.name, pair.p.params, pair.q.name, pair.q.params)
            if form is not None and not form.escapes:  # p lies in q: an end beyond its own is one that was rounded
                number = float(form.value)
                status = Status.INFINITE if np.isinf(number) else Status.EXACT
                detail = {"rule": form.rule, "source": form.source, "reason": form.reason or ""}
                bound = float(form.bound) + (0.0 if np.isinf(number) else rewrites.rounding(pair, (p, q), number))
                return Estimate(number, bound, ErrorKind.BOUND, status, "closed", 0, detail)
    return None


def _infinite(ratio: RadonNikodym) -> Estimate:
    mass, log_mass = ratio.singular_mass, ratio.log_singular_mass
    return infinite("support", ratio.reason, singular_mass=mass, log_singular_mass=log_mass)


def _with_plan(estimate: Estimate, decided: Plan) -> Estimate:
    return estimate.noting(plan=list(decided.steps))


__all__ = ["CANCELLATION", "EPS", "METHODS", "Plan", "candidates", "kl", "plan"]
