"""Make divergences.json: divergences of p from q other than KL to 20 digits, by mpmath alone.

Densities are those of divergence_laws; integrals are by double exponential rules in 60 digits, all integrands on the same
nodes, between the places where a law changes and where the densities cross, halved until two rules agree to 12 digits of each
piece (the finer of the two then has twice as many). The masses of p and q come out of the same nodes and must be 1.
Which orders diverge is written beside the pair: those from `limit` on.

Run: python tests/reference/make_divergences.py   (some minutes)
"""

import json
from itertools import pairwise
from pathlib import Path

import mpmath as mp
from divergence_laws import (
    absolute,
    arcsine,
    bernoulli,
    beta,
    binomial,
    categorical,
    cauchy,
    chi_squared,
    clipped_cauchy,
    clipped_normal,
    cubed,
    delta,
    discrete_uniform,
    exponential,
    floored,
    floored_normal,
    gamma,
    geometric,
    gumbel,
    half_normal,
    inverse_gamma,
    inverse_gaussian,
    kumaraswamy,
    laplace,
    log_normal,
    log_of,
    logistic,
    lomax,
    mixture,
    negative_binomial,
    normal,
    pareto,
    poisson,
    rayleigh,
    reciprocal,
    rectified,
    shifted_exponential,
    sine,
    squared,
    student,
    tanh_of,
    triangular,
    truncate,
    uniform,
    von_mises,
    weibull,
)

TARGET = Path(__file__).with_name("divergences.json")
mp.mp.dps = 60
INF, PI, mpf = mp.inf, mp.pi, mp.mpf
exp, log, sqrt = mp.exp, mp.log, mp.sqrt
# By how much of a piece, or of the whole integral, two rules may differ, and how often a piece may be halved until then.
AGREEMENT, NOTHING, DEPTH = mpf(10) ** -12, mpf(10) ** -23, 40


# --- double exponential rules --------------------------------------------------------------------------------------------

STEP = mpf(1) / 8
GRID = [k * STEP / 2 for k in range(-90, 91)]  # every second one is a coarse node


def finite_nodes():
    """(share of the length from the nearer end, which end, weight) of tanh-sinh."""
    for t in GRID:
        u = exp(-PI * mp.sinh(abs(t)))
        yield u / (1 + u), t < 0, PI * mp.cosh(t) * u / (1 + u) ** 2


def tail_nodes():
    """(distance from the end, weight) of exp-sinh."""
    for t in GRID:
        d = exp(PI / 2 * mp.sinh(t))
        yield d, PI / 2 * mp.cosh(t) * d


FINITE, TAIL = list(finite_nodes()), list(tail_nodes())


def nodes(low, high, scale):
    """x and weight at the nodes of the grid, in their order; ends themselves left out."""
    if low == -INF:
        return [(high - scale * d, scale * w) for d, w in reversed(TAIL)]
    if high == INF:
        return [(low + scale * d, scale * w) for d, w in TAIL]
    length = high - low
    points = [(low + length * u if left else high - length * u, length * w) for u, left, w in FINITE]
    return [(x if low < x < high else None, w) for x, w in points]


def halves(low, high, scale):
    if low == -INF:
        return [(-INF, high - scale, 2 * scale), (high - scale, high, scale)]
    if high == INF:
        return [(low, low + scale, scale), (low + scale, INF, 2 * scale)]
    return [(low, (low + high) / 2, scale), ((low + high) / 2, high, scale)]


# --- what is summed -------------------------------------------------------------------------------------------------------

ORDERS = (mpf("0.5"), mpf("0.9"), mpf(2), mpf(3))
NAMES = ("0.5", "0.9", "2", "3")


def terms(p, q, limit):
    """p, q, p^a q^(1-a) for each order, the same without a p + (1-a) q, then |p - q|/2, Jensen-Shannon and triangular terms."""
    if p == 0 == q:
        return [mpf(0)] * 13
    orders = [a if a < limit else mpf(1) for a in ORDERS]
    if p == 0 or q == 0:
        powers = [mpf(0) if a != 1 else p for a in orders]
        entropy = (p + q) * log(2) / 2
    else:
        lp, lq, lm = log(p), log(q), log((p + q) / 2)
        powers = [sqrt(p) * sqrt(q), exp(lq + (lp - lq) * 9 / 10), p * (p / q), p * (p / q) ** 2]
        powers = [power if a < limit else p for power, a in zip(powers, ORDERS, strict=True)]
        entropy = (p * (lp - lm) + q * (lq - lm)) / 2
    remainders = [power - a * p - (1 - a) * q for power, a in zip(powers, orders, strict=True)]
    remainders[0] = -((sqrt(p) - sqrt(q)) ** 2) / 2
    if limit > 2:
        remainders[2] = (p - q) ** 2 / q if q else mpf(0)
    return [p, q, *powers, *remainders, abs(p - q) / 2, entropy, (p - q) ** 2 / (p + q)]


def rule(p, q, piece, limit):
    """The integrals over a piece by the fine rule, and how far the coarse one is from them."""
    fine, coarse = [mpf(0)] * 13, [mpf(0)] * 13
    for k, (x, weight) in enumerate(nodes(*piece)):
        if x is None:
            continue
        values = [weight * value for value in terms(p.density(x), q.density(x), limit)]
        fine = [a + b for a, b in zip(fine, values, strict=True)]
        if k % 2 == 0:
            coarse = [a + b for a, b in zip(coarse, values, strict=True)]
    fine, coarse = [a * STEP / 2 for a in fine], [a * STEP for a in coarse]
    return fine, [abs(a - b) for a, b in zip(fine, coarse, strict=True)]


def crossings(p, q, piece):
    """Where p - q changes its sign, by bisection between nodes."""
    found, before = [], None
    for x, _ in nodes(*piece):
        if x is None:
            continue
        a, b = p.density(x), q.density(x)
        sign = mp.sign(a - b)
        if abs(a - b) <= mpf(10) ** -45 * (a + b):
            continue
        if before is not None and sign != before[1]:
            low, high = before[0], x
            for _ in range(200):
                middle = (low + high) / 2
                low, high = (
                    (middle, high) if mp.sign(p.density(middle) - q.density(middle)) == before[1] else (low, middle)
                )
            found.append(low)
        before = x, sign
    return found


def pieces_of(cuts, low, high):
    inner = sorted({mpf(c) for c in cuts if low < c < high} | {end for end in (low, high) if abs(end) < INF})
    scale = max(abs(inner[-1] - inner[0]) / 4, mpf(10) ** -20)
    found = [(a, b, scale) for a, b in pairwise(inner)]
    if low == -INF:
        found.insert(0, (-INF, inner[0], scale))
    if high == INF:
        found.append((inner[-1], INF, scale))
    return found


def integrals(p, q, limit, extra):
    dense = [law for law in (p, q) if law.pdf]
    totals = [mpf(0)] * 13
    if dense:
        low, high = min(law.low for law in dense), max(law.high for law in dense)
        ends = [end for law in dense for end in (law.low, law.high) if abs(end) < INF]
        cuts = [*ends, *extra, *(c for law in dense for c in law.cuts)]
        cuts += [c for piece in pieces_of(cuts, low, high) for c in crossings(p, q, piece)]
        done = [(piece, 0, *rule(p, q, piece, limit)) for piece in pieces_of(cuts, low, high)]
        while True:
            totals = [sum(column) for column in zip(*(row[2] for row in done), strict=True)]
            good, worse = [], []
            for row in done:
                sizes = zip(row[3], row[2], totals, strict=True)
                fine = all(e <= max(AGREEMENT * abs(own), NOTHING * abs(total)) for e, own, total in sizes)
                (good if fine else worse).append(row)
            if not worse:
                break
            assert max(row[1] for row in worse) < DEPTH, (p.text, q.text, worse[0][0])
            done = good + [(half, row[1] + 1, *rule(p, q, half, limit)) for row in worse for half in halves(*row[0])]
    for k in p.atoms.keys() | q.atoms.keys():
        point = terms(p.atoms.get(k, mpf(0)), q.atoms.get(k, mpf(0)), limit)
        totals = [a + b for a, b in zip(totals, point, strict=True)]
    return totals


def text(x):
    return "inf" if x == INF else mp.nstr(x, 20)


def record(case):
    p, q, limit, extra = case
    mass_p, mass_q, *rest = integrals(p, q, limit, extra)
    assert abs(mass_p - 1) < 1e-21 and abs(mass_q - 1) < 1e-21, (p.text, q.text, mass_p - 1, mass_q - 1)
    powers, remainders, (variation, entropy, triangle) = rest[:4], rest[4:8], rest[8:]
    logs = [mp.log1p(r) if r > -0.5 else log(a) if a else -INF for a, r in zip(powers, remainders, strict=True)]
    renyi = [mp_log / (a - 1) if a < limit else INF for mp_log, a in zip(logs, ORDERS, strict=True)]
    return {
        "p": p.text,
        "q": q.text,
        "squared_hellinger": text(-remainders[0]),
        "total_variation": text(variation),
        "jensen_shannon": text(entropy),
        "triangular": text(triangle),
        "chi_squared": text(remainders[2] if limit > 2 else INF),
        "renyi": dict(zip(NAMES, map(text, renyi), strict=True)),
        "bhattacharyya": text(-logs[0]),
    }


# --- pairs: p, q, the order from which on the integral of p^a q^(1-a) diverges, and where else it has its mass ---------------

ALWAYS = INF  # no order diverges
NEAR, CLOSER = 2.0**-20, 2.0**-30
BIMODAL = mixture([0.5, 0.5], [normal(-2, 1), normal(2, 1)])
UNEVEN = mixture([0.25, 0.75], [normal(0, 1), normal(3, 0.5)])
NORMAL_IN = mp.ncdf(2) - mp.ncdf(-1)
ZERO_OR_MORE = mixture([0.5, 0.5], [delta(0), exponential(1)])


def around(*places):
    return [place + step for place in places for step in (-5, 0, 5)]


CASES = [
    # on the line
    (normal(), normal(1, 1), ALWAYS, []),
    (normal(), normal(0, 2), ALWAYS, []),
    (normal(0, 2), normal(), mpf(4) / 3, []),
    (normal(), normal(CLOSER, 1), ALWAYS, []),
    (normal(), normal(0, 1 + NEAR), ALWAYS, []),
    (normal(), normal(20, 1), ALWAYS, around(-40, -20, 2, 10)),
    (normal(), normal(100, 1), ALWAYS, around(-200, -100, 10, 50)),
    (normal(), normal(0, 1024), ALWAYS, []),
    (normal(0, 2.0**-10), normal(0.5, 1), ALWAYS, []),
    (laplace(), laplace(1, 1), ALWAYS, []),
    (laplace(), laplace(30, 1), ALWAYS, around(3, 15)),
    (laplace(), normal(), 1, []),
    (normal(), laplace(), ALWAYS, []),
    (normal(), logistic(), ALWAYS, []),
    (logistic(), normal(), 1, []),
    (logistic(), logistic(1, 1.5), ALWAYS, []),
    (logistic(0, 1.5), logistic(), 3, []),
    (cauchy(), normal(), 1, []),
    (normal(), cauchy(), ALWAYS, []),
    (cauchy(), cauchy(1, 2), ALWAYS, []),
    (cauchy(), cauchy(CLOSER, 1), ALWAYS, []),
    (cauchy(), cauchy(1000, 0.5), ALWAYS, []),
    (normal(), cauchy(1000000, 1), ALWAYS, []),
    (student(3), cauchy(), ALWAYS, []),
    (cauchy(), student(3), mpf(3) / 2, []),
    (student(5), student(3, 0.5, 1.5), ALWAYS, []),
    (student(3), student(3 + NEAR), ALWAYS, []),
    (gumbel(), gumbel(1, 1), exp(1) / (exp(1) - 1), []),
    (gumbel(1, 1), gumbel(), ALWAYS, []),
    (gumbel(), normal(), 1, []),
    (normal(), gumbel(), 1, []),
    # on the half line
    (exponential(1), exponential(2), ALWAYS, []),
    (exponential(2), exponential(1), 2, []),
    (exponential(1), exponential(1024), ALWAYS, []),
    (exponential(1), gamma(0.5, 1), ALWAYS, []),
    (gamma(0.5, 1), exponential(1), 2, []),
    (gamma(2.5, 1), gamma(2, 1.25), ALWAYS, []),
    (gamma(0.25, 1), gamma(0.5, 1), 2, []),
    (gamma(2, 1), gamma(2, 1 + CLOSER), ALWAYS, []),
    (gamma(200, 1), gamma(100, 1), ALWAYS, [150, 250, 300, 350, 400, 500]),
    (gamma(100, 1), gamma(200, 1), 2, [110, 150]),
    (chi_squared(3), gamma(2, 1.5), ALWAYS, []),
    (weibull(2, 1), exponential(1), ALWAYS, []),
    (exponential(1), weibull(2, 1), 1, []),
    (weibull(0.5, 1), exponential(1), 1, []),
    (exponential(1), weibull(0.5, 1), ALWAYS, []),
    (log_normal(), log_normal(0.5, 1.5), ALWAYS, []),
    (log_normal(), gamma(2, 1), 1, []),
    (gamma(2, 1), log_normal(), 1, []),
    (lomax(2), exponential(1), 1, []),
    (exponential(1), lomax(2), ALWAYS, []),
    (lomax(2, 1), lomax(1.5, 2), ALWAYS, []),
    (lomax(1.5), lomax(3), 2, []),
    (pareto(3, 1), pareto(2, 1), ALWAYS, []),
    (pareto(2, 1), pareto(3, 1), 3, []),
    (pareto(3, 2), pareto(2, 1), ALWAYS, []),
    (pareto(2, 1), pareto(2, 2), 1, []),
    (rayleigh(1), half_normal(1), ALWAYS, []),
    (half_normal(1), rayleigh(1), 2, []),
    (inverse_gamma(2, 1), inverse_gamma(3, 1), 3, []),
    (inverse_gamma(3, 1), log_normal(), 1, []),
    (inverse_gaussian(1, 2), inverse_gaussian(1.5, 1), ALWAYS, []),
    (inverse_gaussian(1, 2), gamma(2, 1), ALWAYS, []),
    (gamma(2, 1), inverse_gaussian(1, 2), 1, []),
    (shifted_exponential(1), exponential(1), ALWAYS, []),
    (exponential(1), shifted_exponential(1), 1, []),
    # on an interval and on the circle
    (beta(2, 3), beta(3, 2), 3, []),
    (beta(0.5, 0.5), uniform(), 2, []),
    (uniform(), beta(0.5, 0.5), ALWAYS, []),
    (beta(0.5, 0.5), beta(0.5, 0.5 + CLOSER), ALWAYS, []),
    (arcsine(-1, 1), uniform(-1, 1), 2, []),
    (kumaraswamy(2, 3), beta(2, 3), ALWAYS, []),
    (beta(3, 4), triangular(0, 0.5, 1), ALWAYS, []),
    (triangular(0, 0.25, 1), beta(2, 2), ALWAYS, []),
    (triangular(-1, 0, 1), normal(0, 0.5), ALWAYS, []),
    (uniform(), uniform(0.5, 2), 1, []),
    (uniform(), uniform(-1, 3), ALWAYS, []),
    (uniform(), uniform(2, 3), 1, []),
    (uniform(), uniform(0, 1 + NEAR), ALWAYS, []),
    (uniform(), normal(), ALWAYS, []),
    (von_mises(2, 0), von_mises(1, 1), ALWAYS, []),
    # mixtures
    (UNEVEN, normal(2, 2), ALWAYS, []),
    (normal(2, 2), UNEVEN, mpf(4) / 3, []),
    (BIMODAL, mixture([0.5, 0.5], [normal(-1, 1), normal(3, 1)]), ALWAYS, []),
    (BIMODAL, mixture([0.5, 0.5], [normal(-2, 1), normal(2 + NEAR, 1)]), ALWAYS, []),
    (mixture([0.5, 0.5], [normal(), normal(8, 2.0**-10)]), normal(0, 4), ALWAYS, []),
    (mixture([0.5, 0.5], [exponential(1), uniform(1, 2)]), gamma(2, 1), 2, []),
    (mixture([0.5, 0.5], [cauchy(), normal(4, 0.5)]), cauchy(), ALWAYS, []),
    (mixture([0.5, 0.5], [uniform(0, 1), uniform(2, 3)]), uniform(0, 3), ALWAYS, []),
    (mixture([0.75, 0.25], [uniform(0, 2), uniform(1, 3)]), uniform(0.5, 3.5), 1, []),
    # truncations
    (truncate(normal(), -1, 2, NORMAL_IN), normal(), ALWAYS, []),
    (normal(), truncate(normal(), -1, 2, NORMAL_IN), 1, []),
    (
        truncate(normal(), -1, 1, 1 - 2 * mp.ncdf(-1)),
        truncate(normal(0.5, 1), -0.5, 2, mp.ncdf(mpf(1.5)) - mp.ncdf(-1)),
        1,
        [],
    ),
    (truncate(normal(), 0, INF, mpf(1) / 2), exponential(1), ALWAYS, []),
    (truncate(normal(), 3, INF, mp.ncdf(-3)), shifted_exponential(3, 0.25), ALWAYS, []),
    (truncate(exponential(1), 0.5, INF, exp(-mpf(1) / 2)), exponential(1), ALWAYS, []),
    (truncate(cauchy(), -1, 1, mpf(1) / 2), uniform(-1, 1), ALWAYS, []),
    (truncate(gamma(2, 1), 0, 3, 1 - 4 * exp(-3)), uniform(0, 4), ALWAYS, []),
    # images
    (squared(normal()), exponential(1), 2, []),
    (squared(normal(1, 1)), exponential(2), 2, []),
    (exponential(2), squared(normal(1, 1)), ALWAYS, []),
    (squared(normal()), squared(normal(0.5, 1)), ALWAYS, []),
    (squared(uniform(-1, 2), cuts=(1,), high=4), uniform(0, 4), 2, []),
    (uniform(0, 4), squared(uniform(-1, 2), cuts=(1,), high=4), ALWAYS, []),
    (absolute(normal(0.5, 1)), half_normal(1), ALWAYS, []),
    (absolute(cauchy()), lomax(1), ALWAYS, []),
    (absolute(laplace(1, 1)), exponential(1), ALWAYS, [1]),
    (normal(), cubed(normal()), ALWAYS, []),
    (cubed(normal()), normal(0, 2), 1, []),
    (cubed(normal()), cauchy(), mpf(3) / 2, []),
    (reciprocal(normal(2, 0.5)), cauchy(), ALWAYS, []),
    (reciprocal(normal()), cauchy(), ALWAYS, []),
    (reciprocal(uniform(1, 2), (), mpf(1) / 2, 1), uniform(0.5, 1), ALWAYS, []),
    (log_of(exponential(1)), logistic(), ALWAYS, []),
    (log_of(exponential(1)), normal(), 1, []),
    (tanh_of(normal()), uniform(-1, 1), ALWAYS, []),
    (uniform(-1, 1), tanh_of(normal()), 1, []),
    (sine(normal(), (-0.5, 0, 0.5), range(-3, 4)), arcsine(-1, 1), ALWAYS, []),
    (sine(normal(1, 0.5), (-0.5, 0, 0.5), range(-3, 4)), uniform(-1, 1), 2, []),
    # point masses beside densities
    (rectified(0.5), rectified(0), ALWAYS, []),
    (rectified(0.5), ZERO_OR_MORE, ALWAYS, []),
    (rectified(0.5), exponential(1), 1, []),
    (exponential(1), ZERO_OR_MORE, ALWAYS, []),
    (clipped_normal(0, -1, 2), clipped_normal(0.5, -1, 2), ALWAYS, []),
    (clipped_normal(0, -1, 1), uniform(-1, 1), 1, []),
    (clipped_normal(0, -1, 2), clipped_normal(0, -2, 2), 1, []),
    (clipped_cauchy(1), clipped_cauchy(2), ALWAYS, []),
    (mixture([0.5, 0.5], [delta(0), normal()]), mixture([0.25, 0.75], [delta(0), normal(1, 1)]), ALWAYS, []),
    (
        mixture([0.5, 0.25, 0.25], [delta(0), delta(2), uniform()]),
        mixture([0.5, 0.5], [delta(0), uniform(0, 2)]),
        1,
        [],
    ),
    # counts
    (poisson(3), poisson(4.5), ALWAYS, []),
    (poisson(100), poisson(120), ALWAYS, []),
    (poisson(3), poisson(3 + CLOSER), ALWAYS, []),
    (poisson(3), geometric(0.25), 1, []),
    (geometric(0.25), poisson(3), 1, []),
    (truncate(poisson(3), 0.5, INF, 1 - exp(-3)), geometric(0.25), ALWAYS, []),
    (geometric(0.5), geometric(0.25), ALWAYS, []),
    (geometric(0.25), geometric(0.5), log(2) / log(mpf(3) / 2), []),
    (binomial(20, 0.25), binomial(20, 0.5), ALWAYS, []),
    (binomial(10, 0.5), poisson(5), ALWAYS, []),
    (poisson(5), binomial(10, 0.5), 1, []),
    (negative_binomial(2.5, 0.5), negative_binomial(3, 0.5), ALWAYS, []),
    (poisson(7), negative_binomial(2.5, 0.25), ALWAYS, []),
    (negative_binomial(2.5, 0.25), poisson(7), 1, []),
    (bernoulli(0.25), bernoulli(0.5), ALWAYS, []),
    (bernoulli(2.0**-40), bernoulli(2.0**-39), ALWAYS, []),
    (mixture([0.5, 0.5], [delta(0), delta(1)]), bernoulli(0.25), ALWAYS, []),
    (categorical(0.125, 0.375, 0.5), categorical(0.5, 0.25, 0.25), ALWAYS, []),
    (discrete_uniform(1, 6), discrete_uniform(1, 8), ALWAYS, []),
    (discrete_uniform(1, 6), discrete_uniform(4, 9), 1, []),
    (floored(exponential(1), lambda k: 1 - exp(-k), range(400)), negative_binomial(1, 0.5), ALWAYS, []),
    (floored_normal(0, 2), floored_normal(0.5, 2), ALWAYS, []),
]


def main():
    rows = [record(case) for case in CASES]
    TARGET.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print(f"{len(rows)} pairs")


if __name__ == "__main__":
    main()
