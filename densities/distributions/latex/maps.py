"""Inverses and slopes of maps in LaTeX, beside each other as they stand in the change-of-variables rule.

Each entry gives the preimages of an argument and |dx/dy| there; `#` and `@` stand for the argument, beside others or
enclosed. A map without an entry is written by its formula.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from densities.arrays import quiet
from densities.distributions.latex.text import filled, number, rounded, worded
from densities.distributions.waves import waves_of
from densities.transforms.linear import line_coefficients

SHORT = 12  # the largest denominator that is written as a fraction
ARSINH, ARTANH, ARCOSH = r"\operatorname{arsinh}", r"\operatorname{artanh}", r"\operatorname{arcosh}"
ERFINV = r"\operatorname{erf}^{-1}\left(@\right)"


class Inverse(NamedTuple):
    """The preimages of y, the positive one first, and |dx/dy|."""

    preimages: tuple[str, ...]
    slope: str


INVERSES: dict[str, Inverse] = {
    name: Inverse((inverse,), slope)
    for name, inverse, slope in [
        ("identity", "@", ""),
        ("exp", r"\log #", r"\frac{1}{@}"),
        ("log", r"e^{@}", r"e^{@}"),
        ("expm1", r"\log\left(1 + @\right)", r"\frac{1}{1 + @}"),
        ("log1p", r"e^{@} - 1", r"e^{@}"),
        ("exp2", r"\log_2 #", r"\frac{1}{#\,\log 2}"),
        ("log2", r"2^{@}", r"2^{@}\,\log 2"),
        ("log10", r"10^{@}", r"10^{@}\,\log 10"),
        ("exp10", r"\log_{10} #", r"\frac{1}{#\,\log 10}"),
        ("log1mexp", r"-\log\left(1 - e^{@}\right)", r"\frac{e^{@}}{1 - e^{@}}"),
        ("gudermannian", ARSINH + r"\left(\tan #\right)", r"\frac{1}{\cos #}"),
        ("exponential_cdf", r"-scale\,\log\left(1 - #\right)", r"\frac{scale}{1 - #}"),
        ("softplus", r"\log\left(e^{@} - 1\right)", r"\frac{1}{1 - e^{-#}}"),
        ("softplus_inverse", r"\log\left(1 + e^{@}\right)", r"\frac{1}{1 + e^{-#}}"),
        ("log_sigmoid", r"@ - \log\left(1 - e^{@}\right)", r"\frac{1}{1 - e^{@}}"),
        ("sqrt", r"#^{2}", r"2\,#"),
        ("cube", r"\sqrt[3]{@}", r"\frac{1}{3}\left|@\right|^{-2/3}"),
        ("cbrt", r"#^{3}", r"3\,#^{2}"),
        ("reciprocal", r"\frac{1}{@}", r"\frac{1}{#^{2}}"),
        ("sigmoid", r"\log\frac{@}{1 - #}", r"\frac{1}{#\left(1 - #\right)}"),
        ("logit", r"\frac{1}{1 + e^{-#}}", r"\frac{e^{-#}}{\left(1 + e^{-#}\right)^{2}}"),
        ("tanh", ARTANH + r"\left(@\right)", r"\frac{1}{1 - #^{2}}"),
        ("atanh", r"\tanh #", r"\frac{1}{\cosh^{2} #}"),
        ("softsign", r"\frac{@}{1 - \left|@\right|}", r"\frac{1}{\left(1 - \left|@\right|\right)^{2}}"),
        ("normal_cdf", r"\Phi^{-1}\left(@\right)", r"\frac{1}{\varphi\left(\Phi^{-1}\left(@\right)\right)}"),
        ("normal_ppf", r"\Phi\left(@\right)", r"\varphi\left(@\right)"),
        ("erf", ERFINV, rf"\frac{{\sqrt{{\pi}}}}{{2}}\exp\left({ERFINV}^{{2}}\right)"),
        ("erfinv", r"\operatorname{erf}\left(@\right)", r"\frac{2}{\sqrt{\pi}}e^{-#^{2}}"),
        ("atan", r"\tan #", r"\frac{1}{\cos^{2} #}"),
        ("principal_tan", r"\arctan #", r"\frac{1}{1 + #^{2}}"),
        ("asin", r"\sin #", r"\cos #"),
        ("acos", r"\cos #", r"\sin #"),
        ("sinh", ARSINH + r"\left(@\right)", r"\frac{1}{\sqrt{1 + #^{2}}}"),
        ("asinh", r"\sinh #", r"\cosh #"),
        ("acosh", r"\cosh #", r"\sinh #"),
        (
            "sinh_arcsinh",
            rf"\sinh\left(\frac{{{ARSINH}\left(@\right)}}{{tailweight}} - skewness\right)",
            rf"\frac{{\cosh\left({ARSINH}\left(@\right)/tailweight - skewness\right)}}{{tailweight\,\sqrt{{1 + #^{{2}}}}}}",
        ),
    ]
}
INVERSES |= {
    "abs": Inverse(("@", "-#"), ""),
    "square": Inverse((r"\sqrt{@}", r"-\sqrt{@}"), r"\frac{1}{2\sqrt{@}}"),
    "cosh": Inverse((ARCOSH + r"\left(@\right)", "-" + ARCOSH + r"\left(@\right)"), r"\frac{1}{\sqrt{#^{2} - 1}}"),
    "relu": Inverse(("@",), ""),
    "clip": Inverse(("@",), ""),
    **dict.fromkeys(("floor", "ceil", "round", "sign"), Inverse((), "")),
}


def inverse_of(step: Any, argument: str) -> Inverse:
    """The preimages of the argument under a map, and |dx/dy|, written out."""
    coefficients = line_coefficients(step)
    if coefficients is not None and not step.batch_shape:
        return _line(*coefficients, argument)
    if step.name == "power" and not step.batch_shape:
        return _power(step.exponent, argument)
    known = INVERSES[step.name]
    return Inverse(
        tuple(filled(text, argument, step.params) for text in known.preimages),
        filled(known.slope, argument, step.params),
    )


def has_template(step: Any) -> bool:
    """Whether the inverse of a map is written here."""
    return step.name in INVERSES or step.name == "power" or line_coefficients(step) is not None


def named(step: Any, argument: str) -> tuple[str, str]:
    """The inverse of a map by its name, and its slope."""
    inverse = rf"\operatorname{{{worded(step.name) or 'g'}}}^{{-1}}\left({argument}\right)"
    return inverse, rf"\left|\frac{{d}}{{dy}}\,{inverse}\right|"


# The branch number k of a periodic map, for even and odd k, and |dx/dy|.
ROOT = r"\frac{1}{\sqrt{1 - #^{2}}}"
WAVES = {
    "sin": (r"\arcsin #", r"\arcsin\left(-#\right)", r"\arcsin\left((-1)^{k}#\right)", ROOT),
    "cos": (r"\arccos #", r"\arccos\left(-#\right)", r"\arccos\left((-1)^{k}#\right)", ROOT),
    "tan": (r"\arctan #", r"\arctan #", r"\arctan #", r"\frac{1}{1 + #^{2}}"),
}


def waves(step: Any, argument: str, support: Any) -> list[tuple[str, str]]:
    """The ways back through a periodic map: branches that the support cuts one by one, whole ones as a sum over k."""
    even, odd, any_k, slope = (filled(text, argument, {}) for text in WAVES[step.name])
    found = waves_of(step, support)
    ways = []
    for k in found.alone:
        piece = step.piece(k)
        with quiet():
            image = piece.map.image(piece.domain.intersect(support))
        where = "" if image.same_as(piece.image) else indicator(image, argument)
        turn = {0: "", 1: r"\pi + ", -1: r"-\pi + "}.get(k, rf"{k}\pi + ")
        ways.append((turn + (odd if k % 2 else even), slope + where))
    if found.summed:
        limits = rf"_{{k={number(found.first)}}}^{{{number(found.last)}}}"
        ways.append((rf"k\pi + {any_k}", rf"\sum{limits}{slope}"))
    return ways


def indicator(image: Any, argument: str) -> str:
    """1 where the argument lies in an interval, and 0 elsewhere."""
    low, high = (rounded(end) for end in image.edges)
    left, right = "[" if image.low_closed else "(", "]" if image.high_closed else ")"
    return rf"\,\mathbf{{1}}_{{{left}{low}, {high}{right}}}\left({argument}\right)"


def _line(loc: Any, scale: Any, argument: str) -> Inverse:
    sign = "-" if loc > 0 else "+"
    moved = argument if loc == 0 else rf"{argument} {sign} {number(abs(loc))}"
    if abs(scale) == 1.0:
        enclosed = moved if len(moved) == 1 else rf"\left({moved}\right)"
        return Inverse((moved if scale > 0 else f"-{enclosed}",), "")
    minus = "-" if scale < 0 else ""
    return Inverse((rf"{minus}\frac{{{moved}}}{{{number(abs(scale))}}}",), rf"\frac{{1}}{{{number(abs(scale))}}}")


def _power(exponent: float, argument: str) -> Inverse:
    """The real roots: two of an even power."""
    enclosed = argument if len(argument) == 1 else rf"\left({argument}\right)"
    inverse = 1 / Fraction(exponent)
    root = _odd_root(exponent, argument) if exponent % 2 == 1 else f"{enclosed}^{{{_fraction(inverse)}}}"
    slope = rf"\frac{{1}}{{{number(abs(exponent))}}}\left|{argument}\right|^{{{_fraction(inverse - 1)}}}"
    return Inverse((root, f"-{root}") if np.remainder(exponent, 2.0) == 0 else (root,), slope)


def _odd_root(exponent: float, argument: str) -> str:
    """The root that has the sign of its argument."""
    size = abs(int(exponent))
    root = argument if size == 1 else rf"\sqrt[{size}]{{{argument}}}"
    return root if exponent > 0 else rf"\frac{{1}}{{{root}}}"


def _fraction(x: Fraction) -> str:
    """1/2, -3, or a decimal number where the fraction is not short."""
    return str(x) if x.denominator <= SHORT else rounded(float(x))
