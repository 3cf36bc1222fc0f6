"""Are reported errors honest? Random problems with truths to 22 digits, by class; Monte Carlo intervals beside them."""

import gzip
import json
from collections import Counter
from pathlib import Path

import densities as dn

TABLE = Path(__file__).parents[1] / "tests" / "reference" / "coverage.json.gz"
PER_CLASS = 12  # of some 1000 each
RUNS = 40

by_class: dict[str, list] = {}
for label, p, q, truth in json.loads(gzip.decompress(TABLE.read_bytes())):
    by_class.setdefault(label, []).append((p, q, float(truth)))

print("Quadrature: how many answers are right to 1e-8, and within 1, 2, 3 of their own errors")
COLUMNS = ("problems", "refused", "to 1e-8", "1 error", "2 errors", "3 errors")


def line(name: str, cells: list) -> str:
    return f"{name:18s}" + "".join(f"{cell:>10}" for cell in cells)


print(line("class", list(COLUMNS)))
total: Counter[str] = Counter()
for label, rows in by_class.items():
    count: Counter[str] = Counter()
    for p, q, truth in rows[:PER_CLASS]:
        answer = dn.kl(dn.parse(p), dn.parse(q), method="quadrature")
        gap = abs(answer.value - truth)
        count["problems"] += 1
        count["refused"] += not answer.status.ok
        if answer.status.ok:
            count["to 1e-8"] += gap <= 1e-8 * truth
            for k, name in enumerate(COLUMNS[3:], 1):
                count[name] += gap <= k * answer.error + 3e-16 * truth  # the truth is rounded to a double here
    total += count
    print(line(label, [count[name] for name in COLUMNS]))
print(line("all", [total[name] for name in COLUMNS]))

print(f"\nMonte Carlo, {RUNS} runs of 4096 draws: how often the interval holds the truth")
print(f"{'pair':46s}{'scheme':>12s}{'68 %':>8s}{'95 %':>8s}{'heavy tail':>12s}")
for p, q, scheme in (
    ("normal(0, 1)", "normal(1, 2)", "sobol"),
    ("cauchy(0, 1)", "cauchy(1, 3)", "plain"),
    ("student_t(2.1, 0, 1)", "normal(0, 1)", "sobol"),
):
    truth = dn.kl(dn.parse(p), dn.parse(q)).value
    runs = [dn.kl(dn.parse(p), dn.parse(q), method="montecarlo", n=4096, rng=i, scheme=scheme) for i in range(RUNS)]
    told = [run for run in runs if run.status.ok]
    shares = [
        sum(low <= truth <= high for low, high in (run.interval(level) for run in told)) for level in (0.68, 0.95)
    ]
    shown = [f"{share / len(told):8.1%}" if told else f"{'-':>8s}" for share in shares]
    print(f"{p + ' against ' + q:46s}{scheme:>12s}{shown[0]}{shown[1]}{RUNS - len(told):12d}")
