"""Judging: laws that every map and every distribution must obey, and methods that must agree.

agree, independent          validate(p, q); checks of a law that share nothing with a log-ratio
laws                        how laws are stated and judged; those of bijections, transforms, distributions and vectors
                            are in laws_bijection, laws_transform, laws_distribution and laws_vector
map_case, points, symbolic  what they are tried on, and the slopes they are held against
"""

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
