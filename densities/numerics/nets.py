"""Random numbers for one chunk of a Monte Carlo run: scrambled Sobol nets, stratified points, plain draws.

SciPy's Sobol engine takes 0.7-2 ms to scramble one net and 0.8 s to import; here a net of 2^8 points takes about
0.1 ms, which matters because every chunk is scrambled anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from densities.errors import unknown_name

__all__ = ["SCHEMES", "Source"]

BITS = 52  # of direction numbers: points made of them are doubles
LAST = 1.0 - 2.0**-53  # the largest double below 1
FIRST = 2.0**-54  # stands for a 0 that is drawn, whose quantile may be infinite
# Points whose few arrays fit into the second cache of a core.
CACHED = 2**13
# Primitive polynomials and initial numbers of the dimensions 2 to 16: S. Joe and F. Y. Kuo, "Constructing Sobol
# sequences with better two-dimensional projections", SIAM J. Sci. Comput. 30 (2008), new-joe-kuo-6.
JOE_KUO: tuple[tuple[int, tuple[int, ...]], ...] = (
    (3, (1,)),
    (7, (1, 3)),
    (11, (1, 3, 1)),
    (13, (1, 1, 1)),
    (19, (1, 1, 3, 3)),
    (25, (1, 3, 5, 13)),
    (37, (1, 1, 5, 5, 17)),
    (41, (1, 1, 5, 5, 5)),
    (47, (1, 1, 7, 11, 19)),
    (55, (1, 1, 5, 1, 1)),
    (59, (1, 1, 1, 3, 11)),
    (61, (1, 3, 5, 5, 31)),
    (67, (1, 3, 3, 9, 7, 49)),
    (91, (1, 1, 1, 15, 21, 21)),
    (97, (1, 3, 1, 13, 27, 49)),
)


def _directions(polynomial: int, initial: tuple[int, ...], m: int) -> list[int]:
    """The first m direction numbers, m_j·2^(BITS - j), by the recurrence of Bratley and Fox (1988)."""
    degree = len(initial)
    numbers = list(initial)
    for j in range(degree, m):
        number = numbers[j - degree]
        for k in range(1, degree + 1):
            number ^= ((polynomial >> (degree - k)) & 1) * (numbers[j - k] << k)
        numbers.append(number)
    return [number << (BITS - 1 - j) for j, number in enumerate(numbers[:m])]


@lru_cache(maxsize=64)
def generator_matrices(d: int, m: int) -> np.ndarray:
    """(d, m) integers: column j of the Sobol generator matrix of each dimension, its first digit at bit BITS - 1."""
    if d > len(JOE_KUO) + 1:
        return _scipy_matrices(d, m)
    columns = [[1 << (BITS - 1 - j) for j in range(m)]]
    columns += [_directions(polynomial, initial, m) for polynomial, initial in JOE_KUO[: d - 1]]
    return np.array(columns, dtype=np.int64).reshape(d, m)


def _scipy_matrices(d: int, m: int) -> np.ndarray:
    """The same, read off SciPy's sequence: its point 2^(j+1) - 1 is the column j (Gray-code order)."""
    from scipy.stats import qmc

    engine = qmc.Sobol(d, scramble=False)
    columns = []
    for j in range(m):
        engine.fast_forward(2 ** (j + 1) - 1 - engine.num_generated)
        columns.append(engine.random(1)[0])
    return np.ldexp(np.array(columns).reshape(m, d).T, BITS).astype(np.int64)


@lru_cache(maxsize=8)
def _cells(d: int, m: int) -> np.ndarray:
    """(d, 2^m): in which of 2^m equal cells each of the first 2^m Sobol points lies, axis by axis."""
    columns = generator_matrices(d, m) >> (BITS - m)
    cells = np.zeros((d, 2**m), dtype=np.int64)
    for j in range(m):
        np.bitwise_xor(cells[:, : 2**j], columns[:, j, None], out=cells[:, 2**j : 2 ** (j + 1)])
    return cells


def _nested_permutation(generator: np.random.Generator, m: int) -> np.ndarray:
    """A permutation of 2^m cells that swaps the halves of each dyadic interval at random: Owen's nested scrambling."""
    swaps = _bits(generator, 2**m)
    permutation = np.zeros(1, dtype=np.int64)
    for level in range(m):
        finer = np.empty((2**level, 2), dtype=np.int64)
        np.add(2 * permutation, swaps[2**level : 2 ** (level + 1)], out=finer[:, 0])
        np.bitwise_xor(finer[:, 0], 1, out=finer[:, 1])
        permutation = finer.ravel()
    return permutation


def _bits(generator: np.random.Generator, count: int) -> np.ndarray:
    """`count` random bits as bytes."""
    return np.unpackbits(np.frombuffer(generator.bytes(-(-count // 8)), dtype=np.uint8))[:count]


def sobol(generator: np.random.Generator, size: int, d: int) -> np.ndarray:
    """(size, d): the first `size` = 2^m Sobol points, scrambled; every point is uniform on (0, 1)^d.

    A. B. Owen, "Randomly permuted (t,m,s)-nets" (1995): each cell of an axis holds one point, so that the digits after
    the m-th are a jitter. Linear scrambling has rare large errors that spoil the t-interval (a nominal 68 % covers
    52 % for e^u with 64 nets of 2^10 points); nested scrambling obeys a central limit theorem. On a line all that is
    left of a net is one point in each cell.
    """
    if d == 1:
        return stratified(generator, size, d)
    m = size.bit_length() - 1
    u = generator.random((d, size))
    for axis, cells in zip(u, _cells(d, m), strict=True):
        axis += _nested_permutation(generator, m)[cells]
    u *= 1.0 / size
    return inside(u).T


def inside(u: np.ndarray) -> np.ndarray:
    """u, no further out than the first and the last uniform number there is: np.clip, without what it looks at first."""
    np.maximum(u, FIRST, out=u)
    return np.minimum(u, LAST, out=u)


def stratified(generator: np.random.Generator, size: int, d: int) -> np.ndarray:
    """(size, d): one jittered point in each of `size` = 2^m equal cells, on every axis; cells are shuffled where d > 1.

    Of two neighbouring cells one, chosen at random, has its point in the first half of the sample: each half is
    stratified too.
    """
    u = generator.random((d, size))
    half = size // 2
    for axis in u if half else ():
        for part, shift in zip(axis.reshape(2, half), _shifts(generator, half), strict=True):
            cells = shift + middles_of(size)
            part += cells if d == 1 else generator.permutation(cells)
    u *= 1.0 / size
    return inside(u).T


def jittered_pairs(generator: np.random.Generator, size: int) -> np.ndarray:
    """(2, size/2): the points of `stratified` on a line, each as its distance from the middle of its pair of cells."""
    w = generator.random((2, size // 2))
    w += _shifts(generator, size // 2)
    return w


def _shifts(generator: np.random.Generator, half: int) -> np.ndarray:
    """(2, half): from the middles of pairs of cells to the cells that the first half of a sample has, and the second."""
    swap = _bits(generator, half)
    return np.array([swap - 1.0, -1.0 * swap])


@lru_cache(maxsize=16)
def middles_of(size: int) -> np.ndarray:
    """The middles of the pairs of neighbouring cells, in cells."""
    middles = np.arange(1.0, size, 2.0)
    middles.flags.writeable = False
    return middles


def plain(generator: np.random.Generator, size: int, d: int) -> np.ndarray:
    """(size, d): independent uniform draws."""
    u = generator.random((size, d))
    return np.maximum(u, FIRST, out=u)


def tilt(v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(u, 1 - u, weight) with E[weight·f(u)] = ∫f for uniform v: denser near 0 and 1.

    u = v²(3 - 2v) and 1 - u = (1 - v)²(1 + 2v), each to full relative accuracy, of density 1/(6v(1 - v)). A value that
    grows like u^-k is weighted down to v^(1 - 2k): bounded where its variance was finite, of finite variance up to
    k < 3/4, and smoother for a net. The weight alone has variance 1/5 in plain draws.
    """
    u, rest, weight = np.empty((3, *v.shape))
    for start in range(0, len(v), CACHED):
        x, here = v[start : start + CACHED], slice(start, start + CACHED)
        y, factor = 1.0 - x, x + x
        factor += 1.0
        np.multiply(y, y, out=rest[here])
        rest[here] *= factor
        np.subtract(4.0, factor, out=factor)
        np.multiply(x, x, out=u[here])
        u[here] *= factor
        y *= x
        np.multiply(6.0, y, out=weight[here])
    return u, rest, weight


def tilted_weight(v: np.ndarray, out: np.ndarray) -> None:
    """Writes the weight of `tilt` alone."""
    np.subtract(1.0, v, out=out)
    out *= v
    out *= 6.0


Scheme = Callable[[np.random.Generator, int, int], np.ndarray]
SCHEMES: dict[str, Scheme] = {"sobol": sobol, "stratified": stratified, "plain": plain}


@dataclass(frozen=True)
class Source:
    """The randomness of some chunks of `points` = 2^m points each: `uniforms()` by the scheme, `draws` of anything else.

    Each chunk reads one SFC64 stream, seeded by its own seed, and has the same numbers whichever chunks are beside it;
    each call of `uniforms` scrambles anew.
    """

    points: int
    dimension: int = 1
    scheme: str = "sobol"
    seeds: tuple[np.random.SeedSequence, ...] = field(default_factory=lambda: (np.random.SeedSequence(),))

    def __post_init__(self) -> None:
        if self.scheme not in SCHEMES:
            raise unknown_name("scheme", self.scheme, SCHEMES)

    @property
    def size(self) -> int:
        """The points of all chunks, one chunk after another."""
        return self.points * len(self.seeds)

    @cached_property
    def generators(self) -> list[np.random.Generator]:
        return [np.random.Generator(np.random.SFC64(seed)) for seed in self.seeds]

    def uniforms(self, d: int | None = None) -> np.ndarray:
        """(size, d) doubles strictly inside (0, 1); d is the `dimension` of the source by default."""
        scheme, d = SCHEMES[self.scheme], self.dimension if d is None else d
        chunks = [scheme(generator, self.points, d) for generator in self.generators]
        return chunks[0] if len(chunks) == 1 else np.concatenate(chunks)

    def draws(
        self, draw: Callable[[np.random.Generator, int], np.ndarray], rows: np.ndarray | None = None
    ) -> np.ndarray:
        """draw(generator, count) for the points, or for those of `rows`, in order: of each chunk by its own generator."""
        ends = self.points * np.arange(len(self.seeds) + 1)
        counts = np.diff(ends if rows is None else np.searchsorted(rows, ends))
        return np.concatenate(
            [draw(generator, int(count)) for generator, count in zip(self.generators, counts, strict=True)]
        )
