"""The planner: a formula on arrays, traced once into a short list of steps that run in place.

    formula(x) on big arrays  =  the same ufuncs in the same order on blocks that stay in cache, with reused buffers

A formula is traced by giving it a `Symbol` for its data, which answers ufuncs by writing them down; parameters are the
numbers that they are. Values computed twice are computed once, values that nobody reads are not computed, nothing is
reordered or merged: the bits are those of the formula itself. Where a part of a formula cannot be traced (a branch on
data, a method of arrays), `follow` makes that part one step, which runs as it always does; where the whole cannot be
traced there is no program, and nothing changes but the speed.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from threading import local
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from densities.arrays import BLOCK, greatest, quiet
from densities.backends import NUMPY
from densities.precise import Through

__all__ = ["Column", "Left", "Program", "Programs", "Symbol", "follow", "holds", "programs_of", "trace"]

# Functions of NumPy, other than ufuncs, that work element by element.
ELEMENTWISE = frozenset({np.where, np.clip, np.isneginf, np.isposinf})
# NumPy deprecates a third positional argument of these.
EXTREMES = (np.maximum, np.minimum)
# A call with so many points is traced at once: tracing costs what evaluating a few thousand points does.
LARGE = 20_000
# Buffers of calls with at most so many points are kept with the program, up to 200 kB; those of a block go round.
KEPT = 4096
# Buffers of a block that wait for the next program, 2 MB of them.
IDLE = 16
# Points, spread over a call, on which a program is compared with its formula.
PROOF = 200
# Traces that may fail because points had left the safe range of doubles, before a formula is left alone.
ATTEMPTS = 4


class Untraceable(TypeError):
    """A formula asks of its data what only numbers can answer."""


class Left(ArithmeticError):
    """A block on which a program does not hold: points have left the safe range, or a step answers in another kind."""


class Symbol(NDArrayOperatorsMixin, Through):
    """The data of a formula while it is traced; what it is asked is written on its tape."""

    __slots__ = ("index", "tape")
    __hash__ = object.__hash__

    def __init__(self, tape: Tape, index: int):
        self.tape, self.index = tape, index

    @property
    def dtype(self) -> np.dtype:
        return self.tape.samples[self.index].dtype

    @classmethod
    def through(cls, function: Callable, twin: Callable, slopes: tuple[Callable, ...], arguments: tuple) -> Any:
        """A helper made for arrays is traced, or one step where it looks at its data, unless its steps are known."""
        if function in FUSED:
            return FUSED[function](*arguments)
        return next(x.tape for x in arguments if type(x) is Symbol).follow(function, arguments)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs or ufunc.nout != 1 or ufunc.signature:
            raise Untraceable(f"{ufunc.__name__}.{method}")
        return self.tape.record(ufunc, inputs, ufunc)

    def __array_function__(self, function: Any, types: Any, args: tuple, kwargs: dict) -> Any:
        if function not in ELEMENTWISE or kwargs or (function is np.where and len(args) != 3):
            raise Untraceable(function.__name__)
        return self.tape.call(function, args)

    def __pow__(self, exponent: Any) -> Any:
        """By the operator of arrays, which takes squares and roots for some exponents."""
        return self.tape.call(pow, (self, exponent))

    def __getitem__(self, index: Any) -> Any:
        if index == () or index is Ellipsis:
            return self
        raise Untraceable("indexing")

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        raise Untraceable("conversion to an array")

    def _refuse(self, *args: Any) -> Any:
        raise Untraceable("a branch on data")

    __bool__ = __float__ = __int__ = __index__ = __len__ = __iter__ = _refuse


class Step(NamedTuple):
    """One line of a tape: value `output` is function(*inputs), the inputs symbols and numbers."""

    function: Callable
    inputs: tuple[Any, ...]
    output: int
    ufunc: bool
    check: bool = False


class Tape:
    """What a formula does with its data, with the values that it takes on a few sample points."""

    def __init__(self, sample: np.ndarray):
        self.samples: list[Any] = [sample]
        self.steps: list[Step] = []
        self.known: dict[Any, Symbol] = {}

    def record(self, function: Callable, inputs: tuple, ufunc: Any = None, sample: Any = None) -> Symbol:
        """The symbol of function(*inputs), an elementwise function of arrays and numbers; `sample` where that is known."""
        key = (function, *map(_key, inputs))
        if key not in self.known:
            if sample is None:
                sample = function(*map(self.sampled, inputs))
            if type(sample) is not np.ndarray or sample.shape != self.samples[0].shape:
                raise Untraceable("a result that is no array of the points")
            self.known[key] = self._add(function, inputs, sample, ufunc is not None)
        return self.known[key]

    def call(self, function: Callable, inputs: tuple) -> Any:
        """function(*inputs) as one step; a tuple of results is taken apart, and plain numbers are what they are."""
        found = function(*map(self.sampled, inputs))
        if not isinstance(found, tuple):
            return self.record(function, inputs, sample=found)
        whole = self._add(function, inputs, found, False)
        return tuple(self._part(whole, i, part) for i, part in enumerate(found))

    def _part(self, whole: Symbol, i: int, part: Any) -> Any:
        return part if isinstance(part, float | np.floating) else self.record(itemgetter(i), (whole,), sample=part)

    def check(self, condition: Callable, x: Symbol) -> None:
        """A condition that the values of x must meet on every block."""
        self.steps.append(Step(condition, (x,), len(self.samples), False, check=True))
        self.samples.append(None)

    def follow(self, function: Callable, arguments: tuple) -> Any:
        """function(*arguments) traced, or else as one step."""
        steps, known = len(self.steps), dict(self.known)
        try:
            return function(*arguments)
        except Exception:
            del self.steps[steps:]
            self.known = known
            return self.call(function, arguments)

    def sampled(self, x: Any) -> Any:
        return self.samples[x.index] if type(x) is Symbol else x

    def _add(self, function: Callable, inputs: tuple, sample: Any, ufunc: bool) -> Symbol:
        self.steps.append(Step(function, inputs, len(self.samples), ufunc))
        self.samples.append(sample)
        return Symbol(self, len(self.samples) - 1)


def _key(x: Any) -> Any:
    """Equal for inputs that are the same value: a symbol, or a number by kind and bits."""
    if type(x) is Symbol:
        return x.index
    number = np.asarray(x)
    if number.ndim or number.dtype.kind not in "biuf":
        raise Untraceable("a parameter that is no plain number")
    return type(x), number.dtype, number.tobytes()


class Column:
    """A list of numbers that points look up: in a trace, a step that writes into its buffer as a ufunc does."""

    def __init__(self, entries: np.ndarray):
        self.entries = entries

    def __call__(self, index: Any, out: np.ndarray | None = None) -> Any:
        return self.entries.take(index, out=out, mode="clip")

    def at(self, index: Any) -> Any:
        """The entries at indices that are none too large."""
        return index.tape.record(self, (index,), self) if type(index) is Symbol else self(index)


def follow(function: Callable, x: Any) -> Any:
    """function(x); in a trace, one step of it where the function cannot be traced."""
    return x.tape.follow(function, (x,)) if type(x) is Symbol else function(x)


def holds(condition: Callable[[Any], bool], x: Any) -> bool:
    """condition(x); in a trace it is taken to hold, and every block is held to it."""
    if type(x) is not Symbol:
        return condition(x)
    x.tape.check(condition, x)
    return True


def _below_infinity(x: np.ndarray) -> bool:
    return bool(greatest(x) < np.inf)


def _half_log1p_square(x: Symbol) -> Symbol:
    """log(1 + x²)/2 where no square overflows."""
    result = 0.5 * np.log1p(x * x)
    holds(_below_infinity, result)
    return result


# What helpers that look at their data do where nothing is out of the ordinary, checked on every block.
FUSED: dict[Callable, Callable] = {
    NUMPY.half_log1p_square.__wrapped__: _half_log1p_square,
    NUMPY.logit.__wrapped__: NUMPY.logit.__wrapped__,
}


def trace(formula: Callable[[Any], Any], sample: np.ndarray) -> Program | None:
    """The program of a formula on arrays of the dtype of `sample`, some of its points; None where there is none.

    It must agree on the sample, bit for bit. Raises Left where the sample leaves the safe range, so that it says nothing.
    """
    tape = Tape(sample[:3])
    with quiet():
        try:
            program = Program(tape, formula(Symbol(tape, 0)))
            truth, found = formula(sample), program(sample)
        except Left:
            raise
        except Exception:
            # Whatever a formula does with a symbol that is none of its numbers, it can do without a program.
            return None
    if type(truth) is tuple:
        same = all(_same(a, b) if type(a) is np.ndarray else a == b for a, b in zip(truth, found, strict=True))
    else:
        same = type(truth) is np.ndarray and _same(truth, found)
    return program if same else None


def _same(truth: np.ndarray, found: np.ndarray) -> bool:
    return truth.dtype == found.dtype and np.array_equal(truth, found, equal_nan=True)


class Program:
    """The steps of a tape that its result needs, with a place for each value, written as one function of its arrays.

    Place 0 holds the data and 1 the result; then come buffers. Where the result is a tuple, its arrays lie wherever they
    were made, and its numbers are those of the trace.
    """

    def __init__(self, tape: Tape, result: Any):
        self._single = type(result) is not tuple
        parts = (result,) if self._single else result
        results = [part.index for part in parts if type(part) is Symbol]
        if not any(results):
            raise Untraceable("a formula that computes nothing")
        self.dtype = tape.samples[results[0]].dtype
        self._buffers = [self.dtype]
        self._loose_ones: list[Any] = []
        self._idle: list[tuple[int, list[Any]]] = []
        lines, places = self._placed(_needed(tape, results), tape, results, self._single)
        ends = [places[part.index] if type(part) is Symbol else self._loose(part) for part in parts]
        self.functions = [step.function for step, _, _ in lines]
        self._run = self._written(lines, ends)

    def _placed(
        self, steps: list[Step], tape: Tape, results: list[int], single: bool
    ) -> tuple[list[tuple[Step, list[int], int]], dict[int, int]]:
        """Each step with the places that it reads and the one that it writes: an input's that dies in it where it can.

        And where the values are in the end.
        """
        last = {x.index: i for i, step in enumerate(steps) for x in step.inputs if type(x) is Symbol}
        last |= dict.fromkeys(results, len(steps))
        places, free, lines = {0: 0}, [1], []
        for i, step in enumerate(steps):
            symbols = {x.index for x in step.inputs if type(x) is Symbol}
            given = [x if type(x) is Symbol else _constant(x, step, tape) for x in step.inputs]
            reads = [places[x.index] if type(x) is Symbol else self._loose(x) for x in given]
            dead = [places[index] for index in symbols if last[index] == i and places[index] > 0]
            if step.ufunc:
                free += dead
                final = single and step.output == results[0]
                target = 1 if final else self._buffer(free, tape.samples[step.output].dtype)
            else:
                target = self._loose(None)
                free += dead
            lines.append((step, reads, target))
            places[step.output] = target
        if single and places[results[0]] != 1:
            lines.append((Step(np.positive, (), results[0], True), [places[results[0]]], 1))
        return lines, places

    def _loose(self, content: Any) -> int:
        """A place, counted by negative numbers, of what is no buffer: a number, or what a single step returns."""
        self._loose_ones.append(content)
        return -len(self._loose_ones)

    def _written(self, lines: list[tuple[Step, list[int], int]], ends: list[int]) -> Callable:
        """The function of the arrays of places 0, 1, 2, ... that takes the steps: a loop over them would cost as much."""
        known: dict[str, Any] = {"fitting": _fitting, "Left": Left}
        known |= {_spelt(-1 - i): content for i, content in enumerate(self._loose_ones)}
        known |= {f"step{i}": step.function for i, (step, _, _) in enumerate(lines)}
        arrays = ", ".join(map(_spelt, range(1 + len(self._buffers))))
        text = [f"def run({arrays}):"]
        for i, (step, reads, target) in enumerate(lines):
            inputs = ", ".join(map(_spelt, reads))
            if step.check:
                text.append(f"    if step{i}({inputs}) is not True: raise Left")
            elif step.ufunc:
                told = "out=" if step.function in EXTREMES else ""
                text.append(f"    step{i}({inputs}, {told}{_spelt(target)})")
            else:
                text.append(f"    {_spelt(target)} = fitting(step{i}({inputs}), {_spelt(0)})")
        whole = ", ".join(map(_spelt, ends))
        text.append(f"    return {_spelt(1) if self._single else f'({whole},)'}")
        exec("\n".join(text), known)
        return known["run"]

    def _buffer(self, free: list[int], dtype: np.dtype) -> int:
        """A free buffer of a dtype, the one freed last: it is in cache."""
        for place in reversed(free):
            if self._buffers[place - 1] == dtype:
                free.remove(place)
                return place
        self._buffers.append(dtype)
        return len(self._buffers)

    def __call__(self, x: np.ndarray) -> Any:
        """The result on a vector of points, in a quiet state; raises Left where the program does not hold."""
        buffers = self._taken(x.size)
        result = self._run(x, np.empty(x.size, self.dtype), *buffers)
        if not self._single:
            buffers = [buffer for buffer in buffers if not any(_lies_in(part, buffer) for part in result)]
        elif x.size <= KEPT:
            self._idle.append((x.size, buffers))
        if KEPT < x.size <= BLOCK:
            SPARE.give(buffers)
        return result

    def _taken(self, size: int) -> list[np.ndarray]:
        """Buffers for so many points, those of an earlier call where it had as many: no two calls share them."""
        if size <= KEPT and self._idle:
            try:
                kept, buffers = self._idle.pop()
            except IndexError:  # another thread was faster
                kept = -1
            if kept == size:
                return buffers
        return [SPARE.take(size, dtype) for dtype in self._buffers[1:]]


class Spare(local):
    """Buffers of whole blocks that programs of one thread hand on to each other: fresh memory costs as much as a step."""

    def __init__(self) -> None:
        self.idle: list[np.ndarray] = []

    def take(self, size: int, dtype: np.dtype) -> np.ndarray:
        for i, buffer in enumerate(self.idle):
            if buffer.size == size and buffer.dtype == dtype:
                return self.idle.pop(i)
        return np.empty(size, dtype)

    def give(self, buffers: list[np.ndarray]) -> None:
        """At most `IDLE` are kept, those used last."""
        self.idle = [*buffers, *self.idle][:IDLE]


SPARE = Spare()


def _lies_in(part: Any, buffer: np.ndarray) -> bool:
    return part is buffer or getattr(part, "base", None) is buffer


def _constant(x: Any, step: Step, tape: Tape) -> Any:
    """A number that a step reads; of a ufunc as the array that NumPy would make of it at every call, which costs as much."""
    if not step.ufunc:
        return x
    kinds = [tape.samples[other.index].dtype for other in step.inputs if type(other) is Symbol]
    return np.asarray(x, np.result_type(*kinds, x))


def _needed(tape: Tape, results: list[int]) -> list[Step]:
    """The steps that the results or a check read."""
    needed, kept = set(results), []
    for step in reversed(tape.steps):
        if step.check or step.output in needed:
            needed |= {x.index for x in step.inputs if type(x) is Symbol}
            kept.append(step)
    return kept[::-1]


def _spelt(place: int) -> str:
    """The name of a place in the text of a program."""
    return f"array{place}" if place >= 0 else f"loose{-place}"


def _fitting(found: Any, x: np.ndarray) -> Any:
    """What a step without a buffer has found for the data x, which it has looked at."""
    if found is True or type(found) is tuple or (type(found) is np.ndarray and found.shape == x.shape):
        return found
    raise Left


def programs_of(owner: Any) -> Programs:
    """The programs of a law or map, kept with it."""
    kept = owner.__dict__
    if "_programs" not in kept:
        kept["_programs"] = Programs()
    return kept["_programs"]


class Programs(dict):
    """The programs of one law or map by formula and dtype, None where a formula has none, counts before it is traced.

    They are found again rather than copied: a pickled law takes none along.
    """

    def __reduce__(self) -> Any:
        return Programs, ()

    def __deepcopy__(self, memo: Any) -> Programs:
        return Programs()

    def has(self, name: str, dtype: np.dtype) -> bool:
        """Whether the formula has been traced."""
        return type(self.get((name, dtype))) is Program

    def ready(
        self, name: str, formula: Callable[[Any], Any], x: np.ndarray, *, at_once: bool = False
    ) -> Program | None:
        """The program of `formula` for a vector x, traced at the second call or the first large one, or at once."""
        key = name, x.dtype
        state = self.get(key, 0)
        if type(state) is not int:
            return state
        if not x.size or (state == 0 and x.size < LARGE and not at_once):
            self[key] = 1
            return None
        try:
            self[key] = trace(formula, x[:: -(-x.size // PROOF)])
        except Left:
            self[key] = state + 1 if state < ATTEMPTS else None
            return None
        return self[key]

    def run(self, name: str, formula: Callable[[Any], Any], x: np.ndarray) -> Any:
        """formula(x) for a vector of points, by its program where there is one that holds on x; bit for bit the same."""
        program = self.ready(name, formula, x)
        if program is not None:
            try:
                return program(x)
            except Left:
                pass
        return formula(x)
