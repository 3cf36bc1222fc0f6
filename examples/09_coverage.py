"""How often reported errors hold the truth; `09_coverage.py 10000 4000` takes all problems and ten times the runs."""

import gzip
import json
import random
import sys
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

import densities as dn

PROBLEMS, RUNS = (int(word) for word in (sys.argv[1:] or ["120", "200"]))
STORE = Path(__file__).parents[1] / "tests" / "reference" / "coverage.json.gz"
PAIRS = (
    ("normal(0, 1)", "normal(1, 2)"),
    ("laplace(0, 1)", "normal(0, 2)"),
    ("cauchy(0, 1)", "cauchy(1, 3)"),
    ("exponential(1)", "lomax(3, 2)"),
)
console = Console(width=100)
rows = random.Random(1).sample(json.loads(gzip.decompress(STORE.read_bytes())), PROBLEMS)

table = Table("class", title=f"Quadrature on {PROBLEMS} problems: the answer against the truth")
for name in ("problems", "answered", "to 1e-8", "within the error", "error / gap, median"):
    table.add_column(name, justify="right")
counts: dict[str, Counter] = {}
ratios: dict[str, list] = {}
for label, p, q, truth in rows:
    answer = dn.kl(dn.parse(p), dn.parse(q), method="quadrature")
    gap, rounding = abs(answer.value - float(truth)), 3e-16 * float(truth)  # the truth is rounded to a double here
    for name in (label, "all"):
        count = counts.setdefault(name, Counter())
        count["problems"] += 1
        count["answered"] += answer.ok
        count["digits"] += answer.ok and gap <= 1e-8 * float(truth)
        count["within"] += answer.ok and gap <= answer.error + rounding
        ratios.setdefault(name, []).append(answer.error / max(gap, rounding))
for name in sorted(counts, key=lambda name: (name == "all", name)):
    count = counts[name]
    cells = [str(count[word]) for word in ("problems", "answered", "digits")]
    median = sorted(ratios[name])[len(ratios[name]) // 2]
    table.add_row(name, *cells, f"{count['within'] / max(count['answered'], 1):.1%}", f"{median:.0f}")
console.print(table)

table = Table("pair", "scheme", title=f"{RUNS} Monte Carlo runs of 1024 draws: how often the interval holds the truth")
for name in ("runs", "68 %", "95 %", "mean error"):
    table.add_column(name, justify="right")
for p, q in PAIRS:
    truth = dn.kl(dn.parse(p), dn.parse(q)).value
    for scheme in ("sobol", "plain"):
        seeds = range(RUNS // 2 // len(PAIRS))
        runs = [dn.kl(dn.parse(p), dn.parse(q), method="montecarlo", n=1024, rng=s, scheme=scheme) for s in seeds]
        ranges = [[run.interval(level) for run in runs] for level in (0.68, 0.95)]
        held = [sum(low <= truth <= high for low, high in each) / len(runs) for each in ranges]
        error = sum(run.error for run in runs) / len(runs)
        table.add_row(f"{p} against {q}", scheme, str(len(runs)), *(f"{share:.0%}" for share in held), f"{error:.1e}")
console.print(table)
