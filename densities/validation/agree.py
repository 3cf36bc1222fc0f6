"""validate(p, q): D(p‖q) by every method that applies and the user's own number among them, judged.

Two numbers agree where they differ by no more than their errors allow: bounds and roundings add up, standard errors
add in squares, and what is left must lie within the quantile that a false alarm rate of `level` for the whole report
leaves.
Because the methods share one log-ratio, each law is checked apart from it too (`independent`).
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from numbers import Real
from typing import Any

import numpy as np
from scipy.special import ndtri, stdtrit

from densities.divergences import kl
from densities.errors import (
    NoClosedFormError,
    ParameterError,
    ShapeError,
    ValidationError,
    argument_error,
    unknown_name,
)
from densities.estimate import ErrorKind, Estimate, Status, format_error, format_value, jsonable
from densities.protocols import as_distribution
from densities.validation.independent import Check, independent_checks

__all__ = ["Comparison", "Report", "Row", "validate"]

METHODS = ("closed", "quadrature", "montecarlo")
CLAIMED = "claimed"
UNITS = {"nats": 1.0, "bits": math.log(2)}
ROUNDING = 16 * np.finfo(float).eps  # two doubles of one number: a few roundings in each
HEADINGS = ("method", "value", "error", "status", "evaluations", "ms", "z")


@dataclass(frozen=True, eq=False)
class Row:
    """What one method says, and how long it took; `z` is its distance from the best of the others."""

    method: str
    estimate: Estimate
    milliseconds: float
    z: float = math.nan

    @property
    def judged(self) -> bool:
        """Whether the method itself stands by its number."""
        return self.estimate.ok and not math.isnan(self.estimate.value)


@dataclass(frozen=True)
class Comparison:
    """Two methods: the difference of their values, what their errors allow, and the z-score of the excess."""

    first: str
    second: str
    difference: float
    allowed: float
    z: float
    agree: bool


@dataclass(frozen=True, eq=False, repr=False)
class Report:
    """The rows, the comparisons of all pairs that were judged, and the independent checks; `print` shows them.

    `verdict` is "agree", "disagree" or "undecided", `reason` names who is at odds, or what was not decided.
    """

    p: Any
    q: Any
    rows: tuple[Row, ...]
    comparisons: tuple[Comparison, ...]
    checks: tuple[Check, ...]
    level: float

    @cached_property
    def outliers(self) -> tuple[str, ...]:
        """The methods that are at odds: the fewest whose removal leaves agreement."""
        at_odds = [pair for pair in self.comparisons if not pair.agree]
        names = list(dict.fromkeys(name for pair in at_odds for name in (pair.first, pair.second)))
        for size in range(len(names) + 1):
            for chosen in itertools.combinations(sorted(names, key=_suspicion), size):
                if all({pair.first, pair.second} & set(chosen) for pair in at_odds):
                    return chosen
        raise AssertionError("all names together cover every pair: a bug of densities")

    @property
    def verdict(self) -> str:
        """ "agree", "disagree" or "undecided"."""
        if self.outliers or any(check.passed is False for check in self.checks):
            return "disagree"
        if not self.comparisons or any(check.passed is None for check in self.checks):
            return "undecided"
        return "agree"

    @property
    def reason(self) -> str:
        """Why the verdict is what it is, in one line."""
        return "; ".join(self._reasons())

    def _reasons(self) -> Sequence[str]:
        if self.verdict == "disagree":
            wrong = [check.text for check in self.checks if check.passed is False]
            return [*map(self._complaint, self.outliers), *wrong]
        undecided = [check.text for check in self.checks if check.passed is None]
        judged = [row.method for row in self.rows if row.judged]
        if not self.comparisons:
            only = f"only {judged[0]} stands by its number" if judged else "no method stands by its number"
            undecided.insert(0, f"{only}; nothing to compare with")
        if undecided:
            return undecided
        why = [row.estimate.reason for row in self.rows if row.judged and np.isinf(row.estimate.value)]
        infinite = f" that it is infinite ({'; '.join(dict.fromkeys(filter(None, why)))})" if any(why) else ""
        return [f"{', '.join(judged[:-1])} and {judged[-1]} agree{infinite}; mass and draws of p and q are right"]

    def _complaint(self, name: str) -> str:
        pairs = [pair for pair in self.comparisons if name in (pair.first, pair.second) and not pair.agree]
        worst = max(pairs, key=lambda pair: pair.z)
        other = worst.second if worst.first == name else worst.first
        return f"{name} differs from {other} by {worst.difference:.3g} where {format_error(worst.allowed)} is allowed"

    @property
    def ok(self) -> bool:
        """True where the verdict is "agree"."""
        return self.verdict == "agree"

    def require(self) -> Report:
        """The report itself where everything agrees; otherwise ValidationError, with the report in it."""
        if not self.ok:
            raise ValidationError(f"{self.verdict}: {self.reason}\n{self}", report=self)
        return self

    # ---- as text, as a table, as data ----

    @property
    def title(self) -> str:
        """What is judged, in one line."""
        return f"D(p‖q), p = {self.p}, q = {self.q}"

    def cells(self, unit: str = "nats") -> list[list[str]]:
        """The rows as text in "nats" or "bits", without the headings."""
        return [_cells(row, _unit(unit)) for row in self.rows]

    def headings(self, unit: str = "nats") -> list[str]:
        """The heads of the columns of `cells`."""
        return [f"{head} [{unit}]" if head == "value" else head for head in HEADINGS]

    def table(self, unit: str = "nats") -> Any:
        """A `rich` table for terminals and notebooks."""
        from rich.table import Table

        cells = self.cells(unit)
        table = Table(title=self.title, caption=self.summary, title_justify="left", caption_justify="left")
        for heading, right in zip(self.headings(unit), _right_aligned(), strict=True):
            table.add_column(heading, justify="right" if right else "left", overflow="fold")
        for row in cells:
            table.add_row(*row)
        return table

    @property
    def checks_text(self) -> str:
        """The independent checks, a line each."""
        marks = {True: "ok", False: "WRONG", None: "?"}
        return "\n".join(f"{check.name} of {check.law}: {marks[check.passed]}, {check.text}" for check in self.checks)

    @property
    def summary(self) -> str:
        """The checks and the verdict, a line each."""
        return "\n".join(filter(None, [self.checks_text, f"verdict: {self.verdict}: {self.reason}"]))

    def __repr__(self) -> str:
        return f"<{self.title}: {self.verdict}: {self.reason}; print shows the table>"

    def __str__(self) -> str:
        lines = [self.headings(), *self.cells()]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        sides = [str.rjust if right else str.ljust for right in _right_aligned()]

        def aligned(line: Sequence[str]) -> str:
            return "  ".join(side(cell, width) for side, cell, width in zip(sides, line, widths, strict=True)).rstrip()

        return "\n".join([self.title, *map(aligned, lines), self.summary])

    def to_markdown(self, unit: str = "nats") -> str:
        """A table in GitHub's Markdown, the title above it and the summary below."""
        rules = ["---:" if right else "---" for right in _right_aligned()]
        lines = [self.headings(unit), rules, *self.cells(unit)]
        table = "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)
        summary = "\n".join(f"- {line}" for line in self.summary.split("\n"))
        return f"**{self.title}**\n\n{table}\n\n{summary}"

    def _repr_html_(self) -> str:
        from html import escape

        def row(cells: Sequence[str], tag: str) -> str:
            return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

        body = "".join(row(cells, "td") for cells in self.cells())
        summary = "<br>".join(map(escape, self.summary.split("\n")))
        caption = f"<caption>{escape(self.title)}</caption>"
        return f"<table>{caption}{row(self.headings(), 'th')}{body}</table><p>{summary}</p>"

    def to_dict(self) -> dict[str, Any]:
        """Everything in the types of JSON."""
        return jsonable(
            {
                "p": str(self.p),
                "q": str(self.q),
                "verdict": self.verdict,
                "reason": self.reason,
                "level": self.level,
                "rows": [_fields(row) for row in self.rows],
                "comparisons": [vars(pair) for pair in self.comparisons],
                "checks": [vars(check) for check in self.checks],
            }
        )


def validate(
    p: Any,
    q: Any,
    claimed: float | Callable[[Any, Any], float] | None = None,
    *,
    methods: Sequence[str] | None = None,
    n: int = 2**16,
    rng: Any = 0,
    level: float = 1e-6,
    rtol: float = 1e-8,
    on_step: Callable[[str], None] | None = None,
) -> Report:
    """D(p‖q) in nats by every method that applies, side by side, with a verdict.

    claimed  a number, or a formula as a callable of (p, q), judged among the methods; it counts as right to `rtol`
    methods  some of "closed", "quadrature", "montecarlo"; all by default
    n, rng   the draws of Monte Carlo and of the checks of the samplers, and their seed
    level    the rate at which a report on a right library and a right claim says "disagree" by chance
    on_step  called with the name of each step before it begins, for progress bars

    Raises ParameterError for a claim that is no number and for settings out of range, UnknownNameError for a method,
    ShapeError for batches.
    """
    p, q = as_distribution(p), as_distribution(q)
    if p.batch_shape or q.batch_shape:
        raise ShapeError(argument_error("p, q", "single laws, not batches", (p.batch_shape, q.batch_shape)))
    if not (isinstance(level, Real) and 0 < level < 1):
        raise ParameterError(argument_error("level", "a probability strictly between 0 and 1", level))
    if not (isinstance(n, Real) and 100 <= n < math.inf and n == int(n)):
        raise ParameterError(argument_error("n", "a whole number of at least 100 draws", n))
    if not (isinstance(rtol, Real) and 0 <= rtol < math.inf):
        raise ParameterError(argument_error("rtol", "a relative accuracy such as 1e-8", rtol))
    n = int(n)
    announce = on_step or (lambda step: None)
    rows = []
    for method in dict.fromkeys(METHODS if methods is None else methods):  # a method named twice confirms nothing
        announce(method)
        rows.append(_timed(method, partial(_by, method, p, q, n, rng)))
    if claimed is not None:
        announce(CLAIMED)
        rows.append(_timed(CLAIMED, partial(_claim, claimed, p, q, rtol)))
    comparisons = _compare([row for row in rows if row.judged], level / 2)
    checks: list[Check] = []
    for label, law in (("p", p), ("q", q)):
        announce(f"mass and draws of {label}")
        checks += independent_checks(label, law, n=n, level=level / 8, rng=rng)
    return Report(p, q, tuple(_with_z(row, rows) for row in rows), tuple(comparisons), tuple(checks), level)


def _timed(method: str, compute: Callable[[], Estimate]) -> Row:
    start = time.perf_counter()
    estimate = compute()
    return Row(method, estimate, 1e3 * (time.perf_counter() - start))


def _by(method: str, p: Any, q: Any, n: int, rng: Any) -> Estimate:
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    settings = {"n": n, "rng": rng} if method == "montecarlo" else {}
    try:
        return kl(p, q, method=method, **settings)
    except NoClosedFormError:
        reason = "no closed form is known"
        return Estimate(math.nan, math.inf, ErrorKind.BOUND, Status.UNAVAILABLE, method, 0, {"reason": reason})


def _claim(claimed: Any, p: Any, q: Any, rtol: float) -> Estimate:
    """The claim as an estimate that is good to `rtol`."""
    number = claimed(p, q) if callable(claimed) else claimed
    try:
        number = float(number)
    except (TypeError, ValueError):
        expected = "a number, or a callable of (p, q) that gives one"
        raise ParameterError(argument_error(CLAIMED, expected, number)) from None
    if math.isnan(number):
        raise ParameterError(argument_error(CLAIMED, "a number", number))
    status = Status.INFINITE if math.isinf(number) else Status.EXACT
    return Estimate(number, rtol * abs(number) if math.isfinite(number) else 0.0, ErrorKind.BOUND, status, CLAIMED)


def _compare(rows: Sequence[Row], level: float) -> list[Comparison]:
    """All pairs; the false alarms of those that involve chance add up to `level`."""
    pairs = list(itertools.combinations(rows, 2))
    stochastic = sum(any(map(_is_random, pair)) for pair in pairs)
    return [_comparison(first, second, level / max(stochastic, 1)) for first, second in pairs]


def _is_random(row: Row) -> bool:
    return row.estimate.error_kind is ErrorKind.STANDARD_ERROR


def _comparison(first: Row, second: Row, level: float) -> Comparison:
    a, b = first.estimate, second.estimate
    if a.value == b.value:
        return Comparison(first.method, second.method, 0.0, 0.0, 0.0, True)
    difference = abs(a.value - b.value)
    if math.isinf(difference):
        return Comparison(first.method, second.method, difference, 0.0, math.inf, False)
    bound = sum(e.error for e in (a, b) if e.error_kind is not ErrorKind.STANDARD_ERROR)
    bound += ROUNDING * max(abs(a.value), abs(b.value))
    chance = math.hypot(*(row.estimate.error for row in (first, second) if _is_random(row)))
    excess = max(difference - bound, 0.0)
    z = excess / chance if chance else (math.inf if excess else 0.0)
    quantile = _quantile([row.estimate for row in (first, second) if _is_random(row)], level)
    return Comparison(first.method, second.method, difference, bound + quantile * chance, z, z <= quantile)


def _quantile(estimates: Sequence[Estimate], level: float) -> float:
    """The two-sided quantile at `level`: Student's with the fewest degrees of freedom among them, or the normal one."""
    freedom = min((estimate.detail.get("dof", math.inf) for estimate in estimates), default=math.inf)
    return float(-stdtrit(freedom, level / 2) if math.isfinite(freedom) else -ndtri(level / 2))


def _with_z(row: Row, rows: Sequence[Row]) -> Row:
    """The row with its distance from the most accurate of the others."""
    others = [other for other in rows if other is not row and other.judged]
    if not (row.judged and others):
        return row
    best = min(others, key=lambda other: (other.method == CLAIMED, other.estimate.error))
    return replace(row, z=_comparison(row, best, 0.5).z)


def _suspicion(name: str) -> int:
    """Whom to doubt first among equals: the claim, then Monte Carlo, then the closed form."""
    return (CLAIMED, "montecarlo", "closed", "quadrature").index(name)


def _unit(unit: str) -> float:
    if unit not in UNITS:
        raise unknown_name("unit", unit, UNITS)
    return UNITS[unit]


def _cells(row: Row, unit: float) -> list[str]:
    estimate = row.estimate
    if estimate.statuses == (Status.UNAVAILABLE,):
        return [row.method, "", "", str(estimate.status), "", "", ""]
    value, error = estimate.value / unit, estimate.error / unit
    kind = " s.e." if _is_random(row) else ""
    z = "" if math.isnan(row.z) else f"{row.z:.2g}"
    evaluations = f"{estimate.evaluations:,}" if estimate.evaluations else ""
    numbers = [format_value(value, error), format_error(error) + kind]
    return [row.method, *numbers, str(estimate.status), evaluations, f"{row.milliseconds:.1f}", z]


def _right_aligned() -> tuple[bool, ...]:
    return tuple(head not in ("method", "status") for head in HEADINGS)


def _fields(row: Row) -> dict[str, Any]:
    """A row as data; the estimate's own word for the method is how the number was found in the end."""
    fields = row.estimate.to_dict()
    found_by = fields.pop("method")
    return {"method": row.method, **fields, "found_by": found_by, "milliseconds": row.milliseconds, "z": row.z}
