"""Formulas as text: numbers and arguments put into LaTeX templates, and the marks of substitution tidied away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from densities.anchored import value
from densities.domains import Interval, RealVector
from densities.parameters import number_text

TOKEN = re.compile(r"\\(?:mathrm|operatorname)\{[^}]*\}|\\[A-Za-z]+|\\.|[A-Za-z]+|\d+(?:\.\d+)?|\s+|.")
GREEK = {"mu": r"\mu", "mean": r"\mu", "sigma": r"\sigma", "kappa": r"\kappa", "beta": r"\beta", "lam": r"\lambda"}
GREEK |= {"alpha": r"\alpha", "lmbda": r"\lambda"}
DIGITS = 6  # of decimal numbers, as `:g` has them
# \frac12 and \frac m2, which mathtext does not read.
SHORT_FRACTION = re.compile(r"\\frac(?!\{)\s*(\\[A-Za-z]+|[^\s\\])\s*(\\[A-Za-z]+|[^\s\\])")
PLAIN_SUM = re.compile(r"\^\{(-?[\d.]+(?:[+-][\d.]+)+)\}")
UNIT_BEFORE = r"(?=\\sqrt|\\left|\\pi|\\log|\\Gamma|\\cos|\(|[xz](?![A-Za-z]))"
# What substitution leaves behind, and how it is written; applied until nothing changes.
TIDY = [
    (re.compile(pattern), simpler)
    for pattern, simpler in [
        (r"(\\[A-Za-z]+)\(x-0\)", r"\1 x"),
        (r"\(x-0\)", "x"),
        (r"(?<=[xy\d])-0(?![.\d])", ""),
        (r"(?<![\d.])0\+(?=x)", ""),
        (r"\\left\(([xy])\\right\)(?=\^)", r"\1"),
        (r"\(([xy])/1\)", r"\1"),
        (r"([xyz])/1(?![.\d])", r"\1"),
        (r"(?<![\d.])1\^(?:\{[^{}]*\}|\d)", "1"),
        (r"\(1\)\^(?:\{[^{}]*\}|\d)", "1"),
        (r"\\frac\{[xz]\^\{0\}\}", r"\\frac{1}"),
        (r"[xz]\^\{0\}", ""),
        (r"(?<=[xyz)\d])\^(?:\{1\}|1(?![\d./]))", ""),
        (r"\\frac\{1\}\{1\}(?=.)", ""),
        (r"\\frac\{([^{}+-]*)\}\{1\}", r"\1"),
        (r"(?:\\,|\\cdot )1(?![.\d^])", ""),
        (r"(?<![\d.^/)}A-Za-z-])1(?:\\,|\\cdot )?" + UNIT_BEFORE, ""),
        (r"(?<=\{)1\\cdot ", ""),
        (r"\\,(?=[})]|\\,|\\cdot )", ""),
        (r"/\((\d+)\)", r"/\1"),
    ]
]
PI_TIMES = {np.pi: r"\pi", 0.5 * np.pi: r"\pi/2", 2.0 * np.pi: r"2\pi"}


def number(x: Any) -> str:
    """A number as LaTeX: 0.5, \\infty, 3 \\times 10^{-7}."""
    x = float(value(x))
    if np.isinf(x):
        return r"\infty" if x > 0 else r"-\infty"
    mantissa, _, exponent = number_text(x).partition("e")
    power = rf"10^{{{int(exponent or 0)}}}"
    return mantissa if not exponent else power if mantissa == "1" else rf"{mantissa} \times {power}"


def rounded(x: Any) -> str:
    """A computed number, to as many digits as a reader wants."""
    x = float(value(x))
    sign, size = "-" if x < 0 else "", PI_TIMES.get(abs(x))
    return sign + size if size else number(float(f"{x:.{DIGITS}g}"))


def symbols(params: Mapping[str, Any]) -> dict[str, str]:
    """How the parameters are written in templates, and their numbers; batches keep their symbol."""
    found = {}
    for name, p in params.items():
        for symbol in (rf"\mathrm{{{name}}}", name, GREEK.get(name, name)):
            if np.ndim(p) == 0:
                found[symbol] = number(p)
            elif len(name) > 1 and symbol == name:
                found[symbol] = rf"\mathrm{{{name}}}"
    return found


def substituted(template: str, replacements: Mapping[str, str]) -> str:
    """The template with its symbols replaced: signs merged, factors kept apart, exponents kept together."""
    written: list[str] = []
    for token in TOKEN.findall(SHORT_FRACTION.sub(r"\\frac{\1}{\2}", template)):
        text = replacements.get(token)
        if text is None:
            written.append(rf"\cdot {token}" if token[0].isdigit() and _ends_in_number(written) else token)
        else:
            _append(written, text)
    return tidied("".join(written))


def _append(written: list[str], text: str) -> None:
    before = next((token for token in reversed(written) if token.strip()), "")
    if before in ("^", "_"):
        written.append(f"{{{text}}}")
    elif "^" in text:
        written.append(rf"\left({text}\right)")
    elif text.startswith("-") and before in ("+", "-"):
        place = len(written) - 1 - written[::-1].index(before)
        written[place] = "-" if before == "+" else "+"
        written.append(text[1:])
    elif text.startswith("-") and before not in ("", "{", "(", "=", ","):
        written.append(rf"\left({text}\right)")
    elif _ends_in_number(written) and text[0].isdigit():
        written.append(rf"\cdot {text}")
    else:
        written.append(text)


def _ends_in_number(written: list[str]) -> bool:
    """Whether digits written next would run into a number; a space or a thin space does not part them."""
    last = next((token for token in reversed(written) if token.strip() and token != r"\,"), "")
    return last[-1:].isdigit()


def tidied(text: str) -> str:
    """The formula without x - 0, factors 1, exponents 1 and sums of plain numbers."""
    for _ in range(20):
        previous = text
        text = PLAIN_SUM.sub(_sum, text)
        for pattern, simpler in TIDY:
            text = pattern.sub(simpler, text)
        if text == previous:
            break
    return text


def _sum(match: re.Match[str]) -> str:
    total = sum(float(term) for term in re.findall(r"[+-]?[\d.]+", match[1]))
    return f"^{{{number(float(f'{total:.12g}'))}}}"


def filled(template: str, argument: str, params: Mapping[str, Any]) -> str:
    """A template of one argument: `#` where it stands beside others, `@` where something encloses it."""
    text = substituted(template, symbols(params))
    enclosed = argument if len(argument) == 1 else rf"\left({argument}\right)"
    return text.replace("#", enclosed).replace("@", argument)


def interval(variable: str, support: Any) -> str:
    """x \\in (0, \\infty), x \\in \\mathbb{R}, ...; nothing for a batch of supports."""
    if getattr(support, "is_real_line", False):
        return rf"{variable} \in \mathbb{{R}}"
    if isinstance(support, RealVector):
        return rf"{variable} \in \mathbb{{R}}^{{{support.n}}}"
    if not isinstance(support, Interval):
        return rf"{variable} \in \mathrm{{{worded(str(support))}}}"
    if any(np.ndim(value(end)) for end in support.edges):
        return ""
    low, high = (rounded(end) for end in support.edges)
    left, right = "[" if support.low_closed else "(", "]" if support.high_closed else ")"
    return rf"{variable} \in {left}{low}, {high}{right}"


def worded(text: str) -> str:
    """Words for \\mathrm, which drops spaces and reads _ as an index."""
    return re.sub(r"[\s_]+", r"\\ ", re.sub(r"[^\w\s.,()\[\]+-]", "", text))
