"""How laws are stated and judged: a law is a function of its subject that says what it found.

    @LAWS.law("round trip")
    def round_trip(case): return within(...)

A finding is "holds", "broken", "undecided" (doubles or the reference do not resolve it) or "does not apply", each with
its reason. `worst` is the largest deviation as a share of what is allowed: 1 is the border.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from densities.arrays import quiet
from densities.errors import AccuracyWarning, ValidationError
from densities.estimate import jsonable

__all__ = ["CheckReport", "Finding", "LawBook", "Verdict"]

EPS = float(np.finfo(float).eps)


class Verdict(StrEnum):
    """What became of a law."""

    HOLDS = "holds"
    BROKEN = "BROKEN"
    UNDECIDED = "undecided"
    NOT_APPLICABLE = "does not apply"


@dataclass(frozen=True)
class Finding:
    """What one law found: `worst` is the largest deviation as a share of what is allowed, NaN where nothing was measured."""

    verdict: Verdict
    text: str
    worst: float = np.nan
    law: str = ""


@dataclass(frozen=True, repr=False)
class CheckReport:
    """The findings of all laws about one map or distribution; `print` shows them as a table."""

    subject: str
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """True where no law is broken; `undecided` has those that could not be judged."""
        return not self.broken

    @property
    def broken(self) -> tuple[Finding, ...]:
        """The laws that do not hold."""
        return self._with(Verdict.BROKEN)

    @property
    def undecided(self) -> tuple[Finding, ...]:
        """The laws that could not be judged."""
        return self._with(Verdict.UNDECIDED)

    def _with(self, verdict: Verdict) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.verdict is verdict)

    def require(self) -> CheckReport:
        """The report itself where no law is broken; otherwise ValidationError, with the report in it."""
        if not self.ok:
            names = ", ".join(finding.law for finding in self.broken)
            raise ValidationError(f"{self.subject}: {names}\n{self}", report=self)
        return self

    def cells(self) -> list[list[str]]:
        """The findings as text: law, verdict, worst deviation, what was found."""
        return [[f.law, f.verdict.value, "" if np.isnan(f.worst) else f"{f.worst:.2g}", f.text] for f in self.findings]

    def table(self) -> Any:
        """A `rich` table for terminals and notebooks."""
        from rich.table import Table

        table = Table(title=self.subject, caption=self.summary, title_justify="left", caption_justify="left")
        for heading in HEADINGS:
            table.add_column(heading, justify="right" if heading == "worst" else "left", overflow="fold")
        for row in self.cells():
            table.add_row(*row)
        return table

    @property
    def summary(self) -> str:
        """How many laws hold, and which do not."""
        judged = [f for f in self.findings if f.verdict is not Verdict.NOT_APPLICABLE]
        held = sum(f.verdict is Verdict.HOLDS for f in judged)
        rest = [f"{f.verdict.value}: {f.law}" for f in (*self.broken, *self.undecided)]
        return "; ".join([f"{held} of {len(judged)} laws hold", *rest])

    def __repr__(self) -> str:
        return f"<{self.subject}: {self.summary}; print shows the table>"

    def __str__(self) -> str:
        lines = [list(HEADINGS), *self.cells()]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        rows = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        ]
        return "\n".join([self.subject, *rows, self.summary])

    def to_dict(self) -> dict[str, Any]:
        """Everything in the types of JSON."""
        findings = [{**vars(finding), "verdict": finding.verdict.value} for finding in self.findings]
        return jsonable({"subject": self.subject, "ok": self.ok, "summary": self.summary, "findings": findings})


HEADINGS = ("law", "verdict", "worst", "found")
Law = Callable[[Any], Finding]


class LawBook:
    """A list of laws, in the order in which they were stated."""

    def __init__(self) -> None:
        self.laws: dict[str, Law] = {}

    def law(self, name: str) -> Callable[[Law], Law]:
        """Decorator that adds a law under a name that says it."""

        def add(function: Law) -> Law:
            self.laws[name] = function
            return function

        return add

    def judge(self, case: Any) -> tuple[Finding, ...]:
        """What every law finds about the case. A law that raises or warns is broken; no accuracy, no decision."""
        return tuple(replace(_judge(function, case), law=name) for name, function in self.laws.items())


def _judge(law: Law, case: Any) -> Finding:
    with warnings.catch_warnings(), quiet():
        warnings.simplefilter("error")
        try:
            return law(case)
        except AccuracyWarning as warning:
            return undecided(str(warning))
        except Exception as error:  # the subject is anybody's code: whatever it raises is a finding
            text = (str(error).splitlines() or [""])[0]
            return broken(f"{type(error).__name__}: {text}")


def holds(text: str, worst: float = np.nan) -> Finding:
    return Finding(Verdict.HOLDS, text, worst)


def broken(text: str, worst: float = np.inf) -> Finding:
    return Finding(Verdict.BROKEN, text, worst)


def undecided(text: str) -> Finding:
    return Finding(Verdict.UNDECIDED, text)


def does_not_apply(text: str) -> Finding:
    return Finding(Verdict.NOT_APPLICABLE, text)


def fact(true: bool, text: str, otherwise: str) -> Finding:
    """A law that is a plain fact."""
    return holds(text) if true else broken(otherwise)


def together(findings: Sequence[Finding]) -> Finding:
    """Several findings of one law as one: the gravest of them."""
    order = [Verdict.BROKEN, Verdict.UNDECIDED, Verdict.HOLDS, Verdict.NOT_APPLICABLE]
    return min(findings, key=lambda f: (order.index(f.verdict), -np.nan_to_num(f.worst, nan=0.0, posinf=1e300)))


def compared(what: str, at: Any, found: Any, expected: Any, allowed: Any) -> Finding:
    """|found - expected| <= allowed, elementwise at the points `at`; equal infinities and equal NaNs agree."""
    at, found, expected, allowed = np.broadcast_arrays(
        *(np.asarray(a, dtype=float) for a in (at, found, expected, allowed))
    )
    if not at.size:
        return does_not_apply(f"{what}: there are no such points")
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    with quiet():
        ratio = np.where(same, 0.0, np.abs(found - expected) / allowed)
    ratio = np.where(np.isnan(ratio), np.inf, ratio)
    i = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
    worst = float(ratio[i])
    if worst <= 1.0:
        return holds(f"{what}: {at.size} points, the worst at {at[i]:.6g}", worst)
    got = f"got {found[i]:.17g}, expected {expected[i]:.17g} ± {allowed[i]:.1e}"
    return broken(f"{what} at {at[i]:.17g}: {got} ({np.count_nonzero(ratio > 1)} of {at.size} points)", worst)


def within(what: str, at: Any, found: Any, low: Any, high: Any) -> Finding:
    """low <= found <= high, elementwise at the points `at`."""
    at, found, low, high = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (at, found, low, high)))
    if not at.size:
        return does_not_apply(f"{what}: there are no such points")
    wrong = ~((low <= found) & (found <= high))
    if not wrong.any():
        return holds(f"{what}: {at.size} points", 0.0)
    i = int(np.flatnonzero(wrong.ravel())[0])
    at, found, low, high = (a.ravel() for a in (at, found, low, high))
    expected = f"expected between {low[i]:.17g} and {high[i]:.17g}"
    return broken(
        f"{what} at {at[i]:.17g}: got {found[i]:.17g}, {expected} ({np.count_nonzero(wrong)} of {at.size} points)"
    )
