"""The parallel seam: order, bounds, laziness, cancellation."""

import itertools
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from densities.errors import ParameterError
from densities.executors import ordered_results


def slow_first(i):
    time.sleep(0.02 if i == 0 else 0.0)
    return i * i


def fail_at_three(i):
    if i == 3:
        raise RuntimeError("three")
    return i


class Recorder:
    """An executor that runs a task when its result is asked for, and counts what is outstanding."""

    def __init__(self):
        self.futures = []

    def submit(self, function, *arguments):
        future = Future()
        outcome = future.result
        future.result = lambda: outcome() if future.done() else function(*arguments)
        self.futures.append(future)
        return future


def test_serial_is_lazy():
    seen = []
    results = ordered_results(seen.append, itertools.count())
    next(results), next(results)
    assert seen == [0, 1]


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_results_come_in_order(pool):
    with pool(2) as executor:
        assert list(ordered_results(slow_first, range(20), executor, in_flight=5)) == [i * i for i in range(20)]


def test_in_flight_is_bounded_and_the_rest_is_cancelled():
    executor = Recorder()
    results = ordered_results(slow_first, itertools.count(), executor, in_flight=4)
    assert [next(results), next(results)] == [0, 1]
    assert len(executor.futures) == 5
    results.close()
    assert [future.cancelled() for future in executor.futures] == [False, False, True, True, True]


def test_an_exception_is_raised_at_its_place():
    with ThreadPoolExecutor(2) as executor:
        results = ordered_results(fail_at_three, range(10), executor)
        assert [next(results) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(RuntimeError, match="three"):
            next(results)


def test_the_executor_stays_open():
    with ThreadPoolExecutor(1) as executor:
        list(ordered_results(abs, [1], executor))
        assert executor.submit(threading.active_count).result() > 0


def test_something_else_is_refused():
    with pytest.raises(ParameterError, match=r"executor: expected None or an object with submit.*got 8"):
        ordered_results(abs, [1], 8)
