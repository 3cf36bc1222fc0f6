"""How a law takes in a chain of maps, move by move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from densities.distributions.identities.moves import OPPOSITES, Letter, Line, Move, spelled
from densities.distributions.identities.table import absorbed, renamed
from densities.distributions.pushforward import Pushforward
from densities.protocols import push_forward
from densities.transforms import Transform
from densities.transforms.linear import Affine, Scale, Shift


def after(law: Any, moves: Sequence[Move]) -> Any:
    """The law once it has taken in all these moves by one identity, by its shortest name; None where there is none."""
    found = absorbed(law, moves)
    return None if found is None or found[1] < len(moves) else settled(found[0])


def settled(law: Any) -> Any:
    """A law that a rule gave, by its shortest name; one that still moves along a line keeps the line."""
    base, line = parted(law)
    shortest = renamed(base)
    return shortest if line is None else push_forward(shortest, line.transform())


def parted(law: Any) -> tuple[Any, Line | None]:
    """A law, and the line that a rule has left behind it."""
    if isinstance(law, Pushforward) and isinstance(law.transform, Affine | Shift | Scale):
        return law.base, Line(*law.transform.coefficients)
    return law, None


def through(written: Any, law: Any, steps: Sequence[Transform]) -> tuple[Any, int]:
    """A law after as many of the maps as it can take in, and their number; `law` is the shortest name of what is `written`.

    Progress counts only where a whole map is done: what stands in the middle of one (exp, of exp and then a shift, for
    expm1) is not a law of the chain. The shortest name is for the whole: where a map or a line stays behind, a law keeps
    the family it was written in (gamma(2.5, 2) + 1 is no chi_squared law).
    """
    letters = [letter for n, step in enumerate(steps, 1) for letter in _marked(spelled(step), n)]
    current, own, line = law, written, None
    shortest, partial, done = law, written, 0
    while letters:
        found = absorbed(current, [letter.move for letter in letters])
        if found is None:
            shortened = _shortened(letters)
            if shortened is None:
                break
            letters, complete = shortened
            line = None
        else:
            complete, letters = letters[found[1] - 1].complete, letters[found[1] :]
            base, line = parted(found[0])
            current = renamed(base)
            own = base if base.name == written.name else current
        if complete is not None:
            done = complete
            shortest, partial = (current, own) if line is None else (None, push_forward(own, line.transform()))
        if line is not None:
            letters.insert(0, Letter(Move("line", (line,)), None))
    return (shortest if shortest is not None and done == len(steps) else partial), done


def _marked(word: Sequence[Move], n: int) -> list[Letter]:
    return [Letter(move, n if i == len(word) else None) for i, move in enumerate(word, 1)]


def _shortened(letters: list[Letter]) -> tuple[list[Letter], int | None] | None:
    """The letters with the first two joined or cancelled, and the number of maps done where nothing is left of them."""
    if len(letters) < 2:
        return None
    (first, _), (second, complete), *rest = letters
    if OPPOSITES.get(first.kind) == second.kind:
        return rest, complete
    joined = _joined(first, second)
    if joined is None:
        return None
    kept = [Letter(move, None) for move in joined]
    if not kept:
        return rest, complete
    kept[-1] = Letter(joined[-1], complete)
    return kept + rest, None


def _joined(first: Move, second: Move) -> tuple[Move, ...] | None:
    """Two neighbouring moves written as one, or with the power after the logarithm, where it is a line."""
    if first.kind == second.kind and first.kind in ("line", "power"):
        joined = first.args[0].then(second.args[0])
        if joined is None:
            return None
        return () if joined.is_identity else (Move(first.kind, (joined,)),)
    if (first.kind, second.kind) == ("exp", "abs"):
        return (first,)
    if (first.kind, second.kind) == ("power", "log"):
        return second, Move("line", (first.args[0].line,))
    if (first.kind, second.kind) == ("exp", "power"):
        return Move("line", (second.args[0].line,)), first
    return None
