"""Judging: laws that every map and every distribution must obey, and methods that must agree."""

from densities.validation.agree import Comparison, Report, Row, validate
from densities.validation.independent import Check

__all__ = ["Check", "Comparison", "Report", "Row", "validate"]
