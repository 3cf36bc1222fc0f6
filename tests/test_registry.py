"""Registries refuse duplicates, name close matches, and load other packages late."""

import importlib.metadata
import pickle
import warnings

import pytest

from densities.errors import (
    DensitiesWarning,
    DuplicateNameError,
    ParameterError,
    UnknownNameError,
)
from densities.registry import Entry, NameRegistry


class Exp:
    def __init__(self, rate=1):
        self.rate = rate


class Log:
    pass


@pytest.fixture
def transforms():
    registry = NameRegistry("transform")
    registry.register("log", aliases=["ln"], domain="positive", tags=("onto",))(Log)
    registry.register("exp", examples=[{}, {"rate": 2}], source="Euler 1748", domain="real", monotone=True)(Exp)
    return registry


# --- by name


def test_get_by_name_and_alias(transforms):
    entry = transforms.get("exp")
    assert entry == Entry("exp", Exp, (), ({}, {"rate": 2}), "Euler 1748", {"domain": "real", "monotone": True})
    assert transforms.get("ln") is transforms.get("log")
    assert entry(rate=3).rate == 3
    assert [instance.rate for instance in entry.instances()] == [1, 2]
    assert transforms.name_of(Exp) == "exp"
    assert transforms.name_of(int) is None


def test_register_returns_what_it_was_given():
    assert NameRegistry("thing").register("exp")(Exp) is Exp


def test_order_membership_and_length(transforms):
    assert transforms.names() == ["exp", "log"]
    assert [entry.name for entry in transforms] == ["exp", "log"]
    assert "ln" in transforms
    assert "LN" not in transforms
    assert len(transforms) == 2
    assert repr(transforms) == "<registry of 2 entries of kind 'transform'>"


@pytest.mark.parametrize(("wrong", "close"), [("expp", "exp"), ("Exp", "exp"), ("lnn", "ln")])
def test_unknown_names_get_the_nearest(transforms, wrong, close):
    with pytest.raises(UnknownNameError, match=f"unknown transform '{wrong}'; did you mean '{close}'") as caught:
        transforms.get(wrong)
    assert caught.value.close[0] == close


@pytest.mark.parametrize(("name", "aliases"), [("exp", []), ("new", ["exp"]), ("ln", []), ("new", ["ok", "ln"])])
def test_duplicates_are_refused_and_leave_no_trace(transforms, name, aliases):
    with pytest.raises(DuplicateNameError, match="is registered already"):
        transforms.register(name, aliases=aliases)(int)
    assert len(transforms) == 2
    assert "new" not in transforms
    assert "ok" not in transforms


def test_the_same_object_may_be_registered_again(transforms):
    transforms.register("log", aliases=["logarithm"])(Log)
    assert len(transforms) == 2
    assert transforms.get("logarithm").factory is Log
    assert "ln" not in transforms


@pytest.mark.parametrize("name", ["", "a b", "_hidden", "1st", "a.b", 3])
def test_names_are_public_identifiers(transforms, name):
    with pytest.raises(ParameterError, match="identifier"):
        transforms.register(name)
    with pytest.raises(ParameterError, match="identifier"):
        transforms.register("fine", aliases=[name])


def test_find_by_value_membership_and_predicate(transforms):
    def found(**filters):
        return [entry.name for entry in transforms.find(**filters)]

    assert found() == ["exp", "log"]
    assert found(domain="positive") == ["log"]
    assert found(domain="nowhere") == []
    assert found(tags="onto") == ["log"]
    assert found(tags=("onto",)) == ["log"]
    assert found(domain=lambda domain: "o" in domain or "r" in domain) == ["exp", "log"]
    assert found(domain="real", monotone=True) == ["exp"]
    assert found(domain="positive", monotone=True) == []


def test_find_refuses_a_key_that_nothing_has(transforms):
    with pytest.raises(UnknownNameError, match="unknown transform metadata 'domian'; did you mean 'domain'"):
        transforms.find(domian="real")


class EntryPoint:
    def __init__(self, name, action):
        self.name = name
        self.load = action


@pytest.fixture
def installed(monkeypatch):
    """Declare entry points as if packages were installed; returns the groups that were asked for."""
    points, asked = [], []

    def entry_points(group):
        asked.append(group)
        return points

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    return points, asked


LATE_LOOKUPS = [
    lambda registry: registry.get("third"),
    lambda registry: "third" in registry,
    lambda registry: list(registry),
    len,
    lambda registry: registry.names(),
    lambda registry: registry.find(),
]


@pytest.mark.parametrize("look", LATE_LOOKUPS)
def test_entry_points_are_loaded_once_and_late(installed, look):
    points, asked = installed
    registry = NameRegistry("transform", group="densities.transforms")
    registry.register("exp")(Exp)
    points.append(EntryPoint("third", lambda: registry.register("third")(Log)))
    assert registry.get("exp").factory is Exp
    assert asked == []
    look(registry)
    look(registry)
    assert asked == ["densities.transforms"]
    assert registry.names() == ["exp", "third"]


def test_an_entry_point_may_look_things_up_while_it_loads(installed):
    points, _ = installed
    registry = NameRegistry("transform", group="densities.transforms")
    points.append(EntryPoint("third", lambda: registry.register("third")(Log) if "third" not in registry else None))
    assert registry.names() == ["third"]


def test_a_broken_entry_point_warns_and_spares_the_others(installed):
    points, _ = installed
    registry = NameRegistry("transform", group="densities.transforms")
    points.append(EntryPoint("broken", lambda: 1 / 0))
    points.append(EntryPoint("third", lambda: registry.register("third")(Log)))
    with pytest.warns(DensitiesWarning, match=r"'broken' of densities\.transforms failed to load: ZeroDivisionError"):
        assert registry.get("third").factory is Log


def test_without_a_group_nothing_is_asked(installed):
    _, asked = installed
    registry = NameRegistry("thing")
    with pytest.raises(UnknownNameError):
        registry.get("nothing")
    assert asked == []


def test_entries_pickle(transforms):
    entry = transforms.get("exp")
    assert pickle.loads(pickle.dumps(entry)) == entry


def test_registering_warns_about_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        NameRegistry("thing", group="densities.no_such_group").names()
