"""Judging: laws that every map and every distribution must obey, and methods that must agree."""

from densities.validation.agree import Comparison, Report, Row, validate
from densities.validation.independent import Check
from densities.validation.laws import CheckReport, Finding, Verdict
from densities.validation.laws_distribution import check_distribution
from densities.validation.laws_transform import check_transform

__all__ = [
    "Check",
    "CheckReport",
    "Comparison",
    "Finding",
    "Report",
    "Row",
    "Verdict",
    "check_distribution",
    "check_transform",
    "validate",
]
