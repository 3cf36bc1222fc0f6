"""Registries of things by name, which refuse duplicates and do not guess."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from densities.errors import (
    DensitiesWarning,
    DuplicateNameError,
    ParameterError,
    argument_error,
    close_matches,
    unknown_name,
    warn,
)

__all__ = ["Entry", "NameRegistry"]

F = TypeVar("F", bound=Callable[..., Any])
NAMED, KEYWORD = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY


def _parameters(factory: Callable[..., Any]) -> list[inspect.Parameter]:
    """What a function takes, or the constructor of a class."""
    listed = list(inspect.signature(factory).parameters.values())
    if not isinstance(factory, type) or factory.__init__ is object.__init__:  # type: ignore[misc]
        return listed
    own = list(inspect.signature(factory.__init__).parameters.values())[1:]  # type: ignore[misc]
    declared = [parameter.name for parameter in listed] == list(getattr(factory, "parameters", ()))
    return own if declared or not hasattr(factory, "__signature__") else listed  # what it declares it binds by itself


@dataclass(frozen=True, slots=True)
class Entry:
    """What is registered under a name: `factory(**parameters)` makes the thing, `examples` are such parameters."""

    name: str
    factory: Callable[..., Any]
    aliases: tuple[str, ...] = ()
    examples: tuple[Mapping[str, Any], ...] = ()
    source: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.factory(*args, **kwargs)

    @property
    def parameter_names(self) -> list[str]:
        """What the factory takes, by name."""
        return [parameter.name for parameter in _parameters(self.factory)]

    def complaint(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str | None:
        """What is wrong with these arguments by number and name, None for those that the factory takes."""
        parameters = _parameters(self.factory)
        kinds = {parameter.kind for parameter in parameters}
        taken = {parameter.name: parameter for parameter in parameters if parameter.kind in (NAMED, KEYWORD)}
        places = [parameter for parameter in taken.values() if parameter.kind is NAMED]
        names = ", ".join(taken) or "none"
        if len(args) > len(places) and inspect.Parameter.VAR_POSITIONAL not in kinds:
            expected = f"at most {len(places)} argument{'s' * (len(places) != 1)} ({names})"
            listed = len(places) == 1 and str(places[0].annotation).startswith("Sequence")
            hint = f"; several go in a list, as in {self.name}([...])" * listed
            return argument_error(self.name, expected, len(args)) + hint
        given = {parameter.name for parameter in places[: len(args)]}
        for key in kwargs:
            if key in given:
                return f"{self.name}: {key}: expected one value, got two"
            if key not in taken and inspect.Parameter.VAR_KEYWORD not in kinds:
                close = close_matches(key, taken, n=1)
                hint = f"; did you mean {close[0]!r}?" if close else ""
                return f"{self.name}: expected the parameters {names}, got {key!r}{hint}"
        missing = (name for name, parameter in taken.items() if parameter.default is inspect.Parameter.empty)
        absent = next((name for name in missing if name not in {*given, *kwargs}), None)
        return None if absent is None else f"{self.name}: {absent}: expected a value, got nothing"

    def instances(self) -> Iterator[Any]:
        """One object for each of the examples."""
        return (self.factory(**example) for example in self.examples)


class NameRegistry:
    """Entries by name and alias, case-sensitive; iteration is in the order of the names.

    `kind` is the word for one entry in messages. With `group`, the entry points that other packages declare in it are
    imported at the first lookup that fails or the first iteration; importing one is expected to register it.
    """

    def __init__(self, kind: str, *, group: str | None = None) -> None:
        self.kind = kind
        self._entries: dict[str, Entry] = {}
        self._lookup: dict[str, Entry] = {}
        self._pending = group

    def register(
        self,
        name: str,
        *,
        aliases: Sequence[str] = (),
        examples: Sequence[Mapping[str, Any]] = (),
        source: str = "",
        **metadata: Any,
    ) -> Callable[[F], F]:
        """Decorator that files a class or function under `name` and `aliases`.

        Raises ParameterError for a name that is no public identifier, DuplicateNameError for one that something else
        has already. Registering the same object under the same name again replaces its entry.
        """
        for word in (name, *aliases):
            if not (isinstance(word, str) and word.isidentifier()) or word.startswith("_"):
                raise ParameterError(argument_error("name", "an identifier that does not start with _", word))

        def file(factory: F) -> F:
            self._file(Entry(name, factory, tuple(aliases), tuple(examples), source, metadata))
            return factory

        return file

    def get(self, name: str) -> Entry:
        """The entry with this name or alias; UnknownNameError with the nearest names where there is none."""
        if name not in self._lookup:
            self._load()
        try:
            return self._lookup[name]
        except KeyError:
            raise unknown_name(self.kind, name, self._lookup) from None

    def name_of(self, factory: Callable[..., Any]) -> str | None:
        """The name under which a class or function was first registered, or None."""
        return next((entry.name for entry in self._entries.values() if entry.factory is factory), None)

    def names(self) -> list[str]:
        """All names in order, without the aliases."""
        return [entry.name for entry in self]

    def find(self, **filters: Any) -> list[Entry]:
        """The entries whose metadata pass every filter, in the order of their names.

        A filter is a predicate of the value, or a value that is equal to it or contained in it (for tuples and sets).
        An entry without the key does not pass; a key that no entry has raises UnknownNameError.
        """
        entries = list(self)
        known = {key for entry in entries for key in entry.metadata}
        for key in filters:
            if key not in known:
                raise unknown_name(f"{self.kind} metadata", key, known)
        return [entry for entry in entries if all(_passes(entry.metadata, *item) for item in filters.items())]

    def __contains__(self, name: object) -> bool:
        if name not in self._lookup:
            self._load()
        return name in self._lookup

    def __iter__(self) -> Iterator[Entry]:
        self._load()
        return iter([self._entries[name] for name in sorted(self._entries)])

    def __len__(self) -> int:
        self._load()
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<registry of {len(self._entries)} entries of kind {self.kind!r}>"

    def _file(self, entry: Entry) -> None:
        words = (entry.name, *entry.aliases)
        for word in words:
            holder = self._lookup.get(word)
            if holder is not None and holder.factory is not entry.factory:
                raise DuplicateNameError(f"{self.kind} {word!r} is registered already, as {holder.factory!r}")
        if entry.name in self._entries:
            for word in (entry.name, *self._entries[entry.name].aliases):
                del self._lookup[word]
        self._entries[entry.name] = entry
        self._lookup.update(dict.fromkeys(words, entry))

    def _load(self) -> None:
        """Import the entry points of the group, once; a broken one is a warning, not the end of every lookup."""
        if self._pending is None:
            return
        group, self._pending = self._pending, None  # first, because what is imported may look something up
        from importlib.metadata import entry_points

        for point in entry_points(group=group):
            try:
                point.load()
            except Exception as error:
                message = f"entry point {point.name!r} of {group} failed to load: {type(error).__name__}: {error}"
                warn(message, DensitiesWarning)


def _passes(metadata: Mapping[str, Any], key: str, wanted: Any) -> bool:
    if key not in metadata:
        return False
    value = metadata[key]
    if callable(wanted):
        return bool(wanted(value))
    return bool(value == wanted) or (isinstance(value, (tuple, list, set, frozenset)) and wanted in value)
