"""Registries refuse duplicates and ambiguity, name close matches, and load other packages late."""

import importlib.metadata
import pickle
import warnings

import pytest

from densities.errors import (
    AmbiguousRuleError,
    DensitiesWarning,
    DuplicateNameError,
    NotRegisteredError,
    ParameterError,
    UnknownNameError,
)
from densities.registry import Entry, NameRegistry, PairRegistry


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


# --- by pair of types


class A:
    pass


class B(A):
    pass


class C(B):
    pass


def rule_named(name):
    return lambda p, q: name


@pytest.fixture
def rules():
    registry = PairRegistry()
    registry.register("kl", A, A, source="general")(rule_named("AA"))
    registry.register("kl", B, B)(rule_named("BB"))
    return registry


@pytest.mark.parametrize(
    ("p", "q", "name"), [(A(), A(), "AA"), (A(), B(), "AA"), (B(), B(), "BB"), (C(), B(), "BB"), (C(), C(), "BB")]
)
def test_the_most_specific_rule_wins(rules, p, q, name):
    assert rules.get("kl", p, q)(p, q) == name


def test_the_order_of_registration_decides_nothing():
    registry = PairRegistry()
    registry.register("kl", B, B)(rule_named("BB"))
    registry.register("kl", A, A)(rule_named("AA"))
    assert registry.get("kl", C(), C())(None, None) == "BB"


def test_ambiguity_is_refused_and_cured_by_the_exact_pair():
    registry = PairRegistry()
    registry.register("kl", A, B)(rule_named("AB"))
    registry.register("kl", B, A)(rule_named("BA"))
    assert registry.get("kl", B(), A())(None, None) == "BA"
    with pytest.raises(AmbiguousRuleError, match=r"kl\(B, B\): none of kl\(A, B\), kl\(B, A\)") as caught:
        registry.find("kl", B(), B())
    assert {str(rule) for rule in caught.value.candidates} == {"kl(A, B)", "kl(B, A)"}
    registry.register("kl", B, B)(rule_named("BB"))
    assert registry.get("kl", B(), B())(None, None) == "BB"


def test_applies_decides_before_specificity(rules):
    registry = PairRegistry()
    registry.register("kl", A, A)(rule_named("general"))
    registry.register("kl", B, B, applies=lambda p, q: p is q)(rule_named("same"))
    b = B()
    assert registry.get("kl", b, b)(b, b) == "same"
    assert registry.get("kl", b, B())(None, None) == "general"


def test_nothing_registered(rules):
    assert rules.find("hellinger", A(), A()) is None
    assert rules.find("kl", 1, A()) is None
    with pytest.raises(NotRegisteredError, match=r"no rule is registered for kl\(int, A\)"):
        rules.get("kl", 1, A())


def test_duplicate_pairs_need_override(rules):
    with pytest.raises(DuplicateNameError, match=r"kl\(B, B\) is registered already; override=True"):
        rules.register("kl", B, B)(rule_named("new"))
    assert rules.get("kl", B(), B())(None, None) == "BB"
    rules.register("kl", B, B, override=True)(rule_named("new"))
    assert rules.get("kl", B(), B())(None, None) == "new"
    assert len(rules) == 2


@pytest.mark.parametrize("pair", [(5, A), (A, A())])
def test_types_are_classes(rules, pair):
    with pytest.raises(ParameterError, match="expected a class"):
        rules.register("kl", *pair)


def test_rules_are_listed_with_their_sources(rules):
    assert [(str(rule), rule.source) for rule in rules] == [("kl(A, A)", "general"), ("kl(B, B)", "")]


def test_registering_warns_about_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        NameRegistry("thing", group="densities.no_such_group").names()
