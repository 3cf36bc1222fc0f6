"""How long 10⁹ to 10¹² draws take on many machines: from the cost of a chunk and of a merge, tried on two workers."""

import pickle
import time
from concurrent.futures import Future, ProcessPoolExecutor
from importlib.util import find_spec

from rich.console import Console
from rich.table import Table

import densities as dn

CHUNK, DRAWS, WORKERS = 2**16, 2**22, (1, 10, 100, 1000)
P, Q = dn.Normal(0, 1) >> dn.Affine(0.5, 0.8) >> dn.Exp(), dn.Gamma(shape=2, scale=1)


class Replay:
    """An executor that remembers its results: a second run costs the merging alone."""

    def __init__(self):
        self.results, self.left = [], iter(())

    def submit(self, function, task):
        self.results.append(next(self.left, None) or function(task))
        (future := Future()).set_result(self.results[-1])
        return future


def timed(executor):
    start = time.perf_counter()
    answer = dn.kl(P, Q, method="montecarlo", n=DRAWS, rng=1, executor=executor)
    return time.perf_counter() - start, answer


def two_workers():
    if not find_spec("distributed"):
        return ProcessPoolExecutor(2)
    from distributed import Client

    return Client(n_workers=2, threads_per_worker=1, dashboard_address=None).get_executor()


if __name__ == "__main__":
    replay, console = Replay(), Console(width=100)
    alone, answer = timed(replay)
    replay.left = iter(list(replay.results))
    merge = timed(replay)[0] * CHUNK / DRAWS
    chunk, size = alone * CHUNK / DRAWS - merge, len(pickle.dumps(replay.results[0]))
    console.print(f"{answer}\n{CHUNK:,} draws: {1e3 * chunk:.1f} ms; their merge: {1e3 * merge:.2f} ms, {size:,} bytes")
    with two_workers() as executor:
        timed(executor)  # the workers import the library
        took, shared = timed(executor)
    same = f"{type(executor).__name__}, the same bits: {shared.same_as(answer)}"
    console.print(f"two workers: {took:.2f} s, one: {alone:.2f} s, by {same}\n")
    table = Table("draws", "standard error", *(f"{count:>9,}" for count in WORKERS), title="seconds on so many workers")
    for power in (9, 10, 11, 12):
        n = 10**power / CHUNK
        row = [f"{max(n / count * chunk, n * merge) + chunk:9,.0f}" for count in WORKERS]
        table.add_row(f"10^{power}", f"{answer.error * (DRAWS / 10**power) ** 0.5:.1e}", *row)
    console.print(table)
