"""Long runs: any number of workers, any executor, killed and resumed, and the same bits in the end."""

import functools
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

import densities as dn
from densities.arrays import threads_for
from densities.estimate import Status
from densities.executors import shared_out
from densities.numerics import tally
from densities.numerics.montecarlo import estimate_mean

POOLS = {
    "threads": ThreadPoolExecutor,
    "processes": functools.partial(ProcessPoolExecutor, mp_context=multiprocessing.get_context("spawn")),
}
N = 30_000


def square(y):
    return y * y


def scalar_kl(**options):
    return dn.kl(dn.LogNormal(0, 1), dn.Gamma(2, 1), method="montecarlo", **options)


def vector_kl(**options):
    p = dn.parse("multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]])")
    q = dn.parse("multivariate_t(5, [0, 0], [[1, 0], [0, 1]])")
    return dn.kl(p, q, method="montecarlo", **options)


def expectation(**options):
    return dn.expect(square, dn.Normal(1, 2) >> dn.Exp(), method="montecarlo", **options)


def mixture_kl(**options):
    p = dn.parse("mixture([0.3, 0.7], [normal(-2, 1), normal(2, 0.5)])")
    return dn.kl(p, dn.Normal(0, 3), method="montecarlo", scheme="stratified", **options)


ENGINES = [scalar_kl, vector_kl, expectation, mixture_kl]


@pytest.mark.parametrize("pool", ["threads", pytest.param("processes", marks=pytest.mark.slow)])
@pytest.mark.parametrize("workers", [3, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 8))])
def test_the_same_bits_for_any_number_of_workers(pool, workers):
    with POOLS[pool](workers) as executor:
        for engine in ENGINES:
            assert engine(n=N, rng=7, executor=executor).same_as(engine(n=N, rng=7))


class Shim:
    """The least that an executor can be: it does the task when it is submitted."""

    def submit(self, function, argument):
        future = Future()
        future.set_result(function(argument))
        return future


def test_a_minimal_executor_serves():
    assert scalar_kl(n=N, rng=7, executor=Shim()).same_as(scalar_kl(n=N, rng=7))


@pytest.mark.extras
def test_dask_gives_the_same_bits():
    distributed = pytest.importorskip("distributed", reason="dask is an extra")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        executor = client.get_executor()
        for engine in ENGINES:
            assert engine(n=N, rng=7, executor=executor).same_as(engine(n=N, rng=7))


def die_once(mark, source):
    """e^u; the first process to come here that is not the one of the tests dies."""
    if multiprocessing.parent_process() is not None and not os.path.exists(mark):
        open(mark, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    return np.exp(source.uniforms()[:, 0])


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no signals that kill")
def test_the_chunk_of_a_dead_worker_is_done_again_and_counted_once(tmp_path):
    values = functools.partial(die_once, str(tmp_path / "died"))
    with POOLS["processes"](2) as executor, pytest.warns(RuntimeWarning, match="a worker of the executor died"):
        found = estimate_mean(values, 2**14, rng=5, executor=executor)
    assert (tmp_path / "died").exists()
    alone = estimate_mean(values, 2**14, rng=5)
    assert found.n == 2**14
    assert found.mean == alone.mean
    assert np.array_equal(found.chunk_means, alone.chunk_means)


SCRIPT = """
import sys, time
import densities as dn
from densities.numerics import montecarlo

montecarlo.CHECKPOINT_SECONDS = 0.0
def slowly(done, planned, mean):
    print(done, flush=True)
    time.sleep(0.002)

p, q = dn.LogNormal(0, 1), dn.Gamma(2, 1)
options = {"target": 2e-4, "scheme": "plain"} if sys.argv[2] == "target" else {}
e = dn.kl(p, q, method="montecarlo", n=2**15, rng=3, checkpoint=sys.argv[1], progress=slowly, **options)
print("end", e.value.hex(), e.error.hex(), e.evaluations)
"""


def run_until(seconds, run, words):
    """The output of the script, killed so many seconds after its first chunk, and whether it came to its end."""
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=run)
    first = process.stdout.readline()
    if seconds is not None:
        time.sleep(seconds)
        process.kill()
    rest = process.communicate()[0]
    return first + rest


@pytest.mark.slow
@pytest.mark.parametrize("way", ["whole", "target"])
def test_a_run_killed_at_random_moments_ends_with_the_same_bits(tmp_path, root, way):
    path, script = tmp_path / "run.json", tmp_path / "script.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": str(root)}
    alone = run_until(None, environment, [sys.executable, script, tmp_path / "other.json", way]).splitlines()[-1]
    moments = random.Random(way)
    latest = (0.0, 0.01, 0.03, 0.1, 0.1)  # a machine may be quick enough to end within the longest
    killed = [run_until(moments.uniform(0.0, t), environment, [sys.executable, script, path, way]) for t in latest]
    assert any("end" not in output for output in killed)
    last = run_until(None, environment, [sys.executable, script, path, way]).splitlines()
    assert last[-1] == alone
    assert alone.startswith("end")
    json.loads(path.read_text())


def test_an_interrupted_run_says_so():
    def interrupt(done, planned, mean):
        if done >= planned / 2:
            raise KeyboardInterrupt

    found = scalar_kl(n=N, rng=7, progress=interrupt)
    assert found.status is Status.NOT_CONVERGED
    assert "interrupted after" in str(found)
    assert found.evaluations >= N / 2
    assert found.detail["stopped"] == "interrupted"


def test_an_interrupted_merge_leaves_whole_chunks(tmp_path, monkeypatch):
    """Ctrl-C between any two lines of the merge: the file resumes to the bits of a run that went through."""
    whole = scalar_kl(n=N, rng=7)
    monkeypatch.setattr(tally, "TOGETHER", 1)
    largest, calls = tally.largest, []

    def interrupted(values, count):
        calls.append(1)
        if len(calls) == 100:
            raise KeyboardInterrupt
        return largest(values, count)

    monkeypatch.setattr(tally, "largest", interrupted)
    path = tmp_path / "run.json"
    assert "interrupted" in str(scalar_kl(n=N, rng=7, checkpoint=path))
    assert scalar_kl(n=N, rng=7, checkpoint=path).same_as(whole)


def test_a_run_out_of_time_says_so(monkeypatch):
    monkeypatch.setattr(tally, "TOGETHER", 1)

    def slowly(done, planned, mean):
        time.sleep(0.005)

    found = scalar_kl(n=N, rng=7, progress=slowly, time_limit=0.05)
    assert found.status is Status.NOT_CONVERGED
    assert "out of time after" in found.reason
    assert np.isfinite(found.error)


MEMORY = """
import resource, sys
import densities as dn

p, q = dn.Exponential(1), dn.Gamma(2, 1)
dn.kl(p, q, method="montecarlo", n=2**22, rng=0, scheme="plain")
first = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
dn.kl(p, q, method="montecarlo", n=2**25, rng=0, scheme="plain")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - first) / 1024)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_draws(run_python):
    """Eight times the draws, 270 MB of them if they were kept, add less than 8 MB."""
    pytest.importorskip("resource")
    assert float(run_python("-c", MEMORY).stdout) < 8.0


def test_many_draws_are_shared_out_with_the_same_bits():
    p, q = dn.Normal(), dn.Laplace(0.5, 1)
    draws = {"method": "montecarlo", "n": 2**22, "rng": 7, "scheme": "plain"}
    assert dn.kl(p, q, **draws).same_as(dn.kl(p, q, executor=Shim(), **draws))
    with shared_out(None, 2**22) as pool:
        assert (pool is None) == (threads_for(2**22) == 1)
    for executor, size in ((None, 1000), (Shim(), 2**22)):
        with shared_out(executor, size) as pool:
            assert pool is executor
