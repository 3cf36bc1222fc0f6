"""Make near.json: KL divergences of near-identical pairs to 20 digits, from multiprecision quadrature of p log(p/q).

The densities are those of the library on numbers of mpmath, checked there as they run; the plain sum ∫ p log(p/q) is taken with
as many more digits as cancel, so it shares nothing with derivatives in the parameters.

Run: python tests/reference/make_near.py [part of a text]   (about ten minutes; with a text only the pairs that contain it)
"""

import json
import sys
from pathlib import Path

import mpmath

import densities as dn

# A kink that moves by 1e-11: written out, with both kinks among the ends of panels.
BY_HAND = {
    ("mixture([0.5, 0.5], [laplace(0, 1), normal(1, 1)])", "mixture([0.5, 0.5], [laplace(1e-11, 1), normal(1, 1)])"): 1e-11,
}  # fmt: skip
PATH = Path(__file__).with_name("near.json")
# Pairs of lines: p, and q below it.
TEXT = """
mixture([0.5, 0.5], [normal(-1, 1), normal(1, 1)])
    mixture([0.5, 0.5], [normal(-1, 1), normal(1.0000000001, 1)])
mixture([0.5, 0.5], [normal(-1, 1), normal(1, 1)])
    mixture([0.5000000001, 0.4999999999], [normal(-1, 1), normal(1, 1)])
mixture([0.25, 0.75], [normal(0, 1), normal(4, 0.5)])
    mixture([0.25, 0.75], [normal(0, 1), normal(4, 0.500000001)])
mixture([0.25, 0.75], [student_t(3), logistic(1, 2)])
    mixture([0.25, 0.75], [student_t(3.0000001), logistic(1, 2)])
mixture([0.5, 0.5], [exponential(1), gamma(3, 1)])
    mixture([0.5, 0.5], [exponential(1.000000000001), gamma(3, 1)])
mixture([0.25, 0.75], [beta(2, 3), uniform(0, 1)])
    mixture([0.25, 0.75], [beta(2.0000000001, 3), uniform(0, 1)])
mixture([0.5, 0.5], [truncate(normal(0, 1), 0, 2), normal(1, 1)])
    mixture([0.5, 0.5], [truncate(normal(1e-8, 1), 0, 2), normal(1, 1)])
mixture([0.5, 0.5], [laplace(0, 1), normal(1, 1)])
    mixture([0.5, 0.5], [laplace(1e-11, 1), normal(1, 1)])
mixture([0.5, 0.5], [laplace(0, 1), normal(1, 1)])
    mixture([0.5, 0.5], [laplace(0, 1.000001), normal(1, 1)])
truncate(normal(0, 1), -1, 2)
    truncate(normal(1e-9, 1), -1, 2)
truncate(normal(0, 1), -1, 2)
    truncate(normal(0, 1.0000000001), -1, 2)
truncate(normal(0, 1), 5, inf)
    truncate(normal(1e-10, 1), 5, inf)
truncate(gamma(2.5, 1), 1, 3)
    truncate(gamma(2.5000000001, 1), 1, 3)
truncate(cauchy(0, 1), -3, inf)
    truncate(cauchy(0, 1.00000000001), -3, inf)
truncate(mixture([0.5, 0.5], [normal(-1, 1), normal(1, 1)]), -2, 2)
    truncate(mixture([0.5, 0.5], [normal(-1, 1), normal(1.00000001, 1)]), -2, 2)
skew_normal(2)
    skew_normal(2.00000001)
skew_normal(2, 0, 1)
    skew_normal(2, 1e-12, 1)
skew_normal(-3, 1, 2)
    skew_normal(-3, 1, 2.00000000001)
student_t(3)
    student_t(3.0000000001)
student_t(3, 0, 1)
    student_t(3, 1e-10, 1)
student_t(5, 0, 1)
    student_t(5.000001, 1e-6, 1.000001)
generalized_normal(1.5)
    generalized_normal(1.50000000001)
generalized_normal(4, 0, 1)
    generalized_normal(4, 1e-9, 1)
generalized_normal(8, 0, 1)
    generalized_normal(8, 0, 1.00000001)
logistic(0, 1)
    logistic(1e-12, 1)
logistic(0, 1)
    logistic(0, 1.000001)
cauchy(0, 1)
    cauchy(1e-9, 1.000000001)
gumbel(0, 1)
    gumbel(0, 1.000000001)
f(5, 7)
    f(5.00000001, 7)
f(1, 3)
    f(1, 3.0000000001)
half_student_t(0.7, 2)
    half_student_t(0.7000000001, 2)
inverse_gaussian(1, 2)
    inverse_gaussian(1.0000000001, 2)
wrapped_cauchy(0.5)
    wrapped_cauchy(0.5000000001)
normal(0, 1) >> sinh_arcsinh(0.5, 1)
    normal(0, 1) >> sinh_arcsinh(0.5000000001, 1)
normal(0, 1) >> sinh_arcsinh(0.5, 1)
    normal(0, 1) >> sinh_arcsinh(0.5, 1.0000000001)
student_t(4) >> sinh_arcsinh(0.5, 1)
    student_t(4.0000000001) >> sinh_arcsinh(0.5000000001, 1)
square(normal(0.5, 1))
    square(normal(0.5000000001, 1))
square(student_t(5, 0.25, 1))
    square(student_t(5.00000001, 0.25, 1))
abs(logistic(0.5, 1))
    abs(logistic(0.5000000001, 1))
exp(square(normal(0.5, 0.25)))
    exp(square(normal(0.5, 0.25000000001)))
normal(0.5, 1) >> square >> affine(0, 2)
    normal(0.5000000001, 1) >> square >> affine(0, 2.0000000001)
gamma(2, 1) >> power(0.7)
    gamma(2.0000000001, 1) >> power(0.7)
gamma(2, 1) >> box_cox(0.5)
    gamma(2.0000000001, 1) >> box_cox(0.5)
logistic(0, 1) >> sinh
    logistic(1e-10, 1) >> sinh
exp(laplace(0, 0.3)) + 1
    exp(laplace(1e-9, 0.3)) + 1
johnson_sb(0.6, 1.4)
    johnson_sb(0.6, 1.4000000001)
"""
LINES = [line.strip() for line in TEXT.strip().splitlines()]
PAIRS = list(zip(LINES[::2], LINES[1::2], strict=True))


def laplace_and_normal(shift):
    """D of (laplace(0) + normal(1))/2 from (laplace(shift) + normal(1))/2."""
    mpmath.mp.dps = 60

    def density(x, a):
        return (mpmath.exp(-abs(x - a)) + mpmath.sqrt(2 / mpmath.pi) * mpmath.exp(-((x - 1) ** 2) / 2)) / 4

    ends = [-mpmath.inf, -10, -3, -1, 0, shift, "1e-6", 0.5, 1, 3, 10, 30, mpmath.inf]
    integrand = lambda x: density(x, 0) * mpmath.log(density(x, 0) / density(x, shift))  # noqa: E731
    return mpmath.quad(integrand, [mpmath.mpf(end) for end in ends])


def digits_of(pair):
    if pair in BY_HAND:
        return laplace_and_normal(BY_HAND[pair])
    return dn.kl(*map(dn.parse, pair), dps=20).detail["mpf"]


def main(wanted=""):
    known = {(p, q): number for p, q, number in json.loads(PATH.read_text())} if PATH.exists() else {}
    for pair in PAIRS:
        if (wanted and any(wanted in text for text in pair)) or pair not in known:
            try:
                known[pair] = mpmath.nstr(digits_of(pair), 20)
            except Exception as refused:
                print(pair, type(refused).__name__, refused, flush=True)
                continue
            print(*pair, known[pair], flush=True)
            rows = [[*each, known[each]] for each in PAIRS if each in known]
            PATH.write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
