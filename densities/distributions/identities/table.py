"""The table of identities "g(F(θ)) = G(θ')", and how a law is led through it.

A rule is filed under the name of the family F and the moves of g. It takes the parameters of the law, then what the
moves carry, and returns the law of g(X), which may be a named law still to be moved along a line (log of a Weibull
variable is a Gumbel variable turned round), or None where it does not hold or its parameters cannot be formed without
loss. A rule without moves is another, shorter name of the same law.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from densities.arrays import quiet
from densities.distributions.base import registry
from densities.distributions.identities.moves import Line, Move
from densities.distributions.pushforward import Pushforward
from densities.errors import DuplicateNameError, ParameterError, argument_error
from densities.protocols import push_forward

TINY = float(np.finfo(float).tiny)
Rule = Callable[..., Any]


@dataclass(frozen=True)
class Identity:
    """A rule with its place in the table and its source."""

    family: str
    moves: tuple[str, ...]
    rule: Rule
    source: str

    def __str__(self) -> str:
        return " >> ".join((self.family, *self.moves))


class Table:
    """Identities by family and moves; refuses duplicates. `version` changes with every new entry."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, tuple[str, ...]], Identity] = {}
        self._longest: dict[str, int] = {}

    @property
    def version(self) -> int:
        return len(self._entries)

    def register(self, family: Any, *maps: Any, source: str = "") -> Callable[[Rule], Rule]:
        """Decorator that files a rule for a family and the maps applied to it, by name or class."""
        moves = tuple(_name(part) for part in maps)
        key = _name(family), moves

        def file(rule: Rule) -> Rule:
            entry = Identity(*key, rule, source)
            if key in self._entries:
                raise DuplicateNameError(f"an identity for {entry} is registered already")
            self._entries[key] = entry
            self._longest[key[0]] = max(self._longest.get(key[0], 0), len(moves))
            return rule

        return file

    def matches(self, family: str, moves: Sequence[Move]) -> Iterator[tuple[Identity, int]]:
        """The identities of a family that take the first of these moves, those that take most first."""
        for count in range(min(self._longest.get(family, 0), len(moves)), 0, -1):
            entry = self._entries.get((family, tuple(move.kind for move in moves[:count])))
            if entry is not None:
                yield entry, count

    def get(self, family: str, *moves: str) -> Identity | None:
        return self._entries.get((family, moves))

    def __iter__(self) -> Iterator[Identity]:
        return iter(sorted(self._entries.values(), key=str))

    def __len__(self) -> int:
        return len(self._entries)


def _name(part: Any) -> str:
    name = part if isinstance(part, str) else getattr(part, "name", "")
    if not name:
        raise ParameterError(argument_error("register_identity", "a registered family or map, or its name", part))
    return name


identities = Table()
wider: dict[str, list[Identity]] = {}
GENERAL: dict[str, Callable[..., Any]] = {}


def widening(family: str, *, source: str = "") -> Callable[[Rule], Rule]:
    """Registers the law of one family as a member of a larger one, whose identities it then has too."""

    def file(rule: Rule) -> Rule:
        wider.setdefault(family, []).append(Identity(family, (), rule, source))
        return rule

    return file


def for_any_family(move: str) -> Callable[[Rule], Rule]:
    """Registers what a move does to a law of any family: a function of the law and of what the move carries."""

    def file(rule: Rule) -> Rule:
        if move in GENERAL:
            raise DuplicateNameError(f"a general identity for {move} is registered already")
        GENERAL[move] = rule
        return rule

    return file


def register_identity(family: Any, *maps: Any, source: str = "") -> Callable[[Rule], Rule]:
    """Decorator that teaches `simplify` that maps, applied in this order to a law of `family`, give a law it knows.

    The function takes the parameters of the law and then those of the maps, and returns the law of the result, or None
    where the identity does not hold. Without maps it returns a shorter name of the same law. Maps are named as in the
    registry; those that `simplify` spells in moves (lines, powers, exp, log, ...) by the kind of the move, which then
    hands over a `Line` or an `Exponent`. Raises DuplicateNameError where the table has an entry for these already.
    """
    return identities.register(family, *maps, source=source)


def named(family: str, *params: Any) -> Any:
    """The member of a family, or None where its parameters have overflowed, lost their digits or left their domain."""
    if family not in registry or any(np.any((np.abs(p) < TINY) & np.not_equal(p, 0.0)) for p in params):
        return None
    try:
        return registry.get(family)(*(p + 0.0 for p in params))  # -0 becomes 0
    except ParameterError:
        return None


def along(law: Any, shift: Any = 0.0, factor: Any = 1.0) -> Any:
    """shift + factor·X for a law that may be None."""
    return None if law is None or np.any(np.isnan(shift)) else push_forward(law, Line(shift, factor).transform())


def renamed(law: Any) -> Any:
    """The shortest name of the law itself."""
    entry = identities.get(law.name)
    shorter = None if entry is None else apply(entry, law, ())
    return law if shorter is None else renamed(shorter)


def apply(entry: Identity, law: Any, moves: Sequence[Move]) -> Any:
    """The law that a rule makes of a law and the moves it takes, with their whole batch; None where it refuses."""
    args = [arg for move in moves for arg in move.args]
    with quiet():
        found = entry.rule(*law.params.values(), *args)
    return None if found is None else spread(found, np.broadcast_shapes(law.batch_shape, *map(shape_of, args)))


def shape_of(arg: Any) -> tuple[int, ...]:
    return np.broadcast_shapes(*map(np.shape, arg)) if isinstance(arg, tuple) else np.shape(arg)


def spread(law: Any, shape: tuple[int, ...]) -> Any:
    """The law with a batch of this shape, where a rule has dropped a parameter that carried it."""
    if law.batch_shape == shape:
        return law
    if isinstance(law, Pushforward):
        return push_forward(spread(law.base, shape), law.transform)
    name, first = next(iter(law.params.items()))
    return law.replace(**{name: np.broadcast_to(first, shape).copy()})


def names_of(law: Any) -> Iterator[Any]:
    """The law, and the same law as a member of the families that hold its family."""
    yield law
    for entry in wider.get(law.name, ()):
        found = apply(entry, law, ())
        if found is not None:
            yield found


def absorbed(law: Any, moves: Sequence[Move]) -> tuple[Any, int] | None:
    """The law after the first of the moves, as many as one identity takes, and their number."""
    for candidate in names_of(law):
        for entry, count in identities.matches(candidate.name, moves):
            found = apply(entry, candidate, moves[:count])
            if found is not None:
                return found, count
    general = GENERAL.get(moves[0].kind)
    with quiet():
        found = None if general is None else general(law, *moves[0].args)
    return None if found is None else (found, 1)
