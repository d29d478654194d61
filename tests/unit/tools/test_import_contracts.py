"""The closed import contract: every import that is not listed breaks it."""

import pytest
from grimp import ImportGraph

from referral_tools.import_contracts import ClosedContract


def contract(*outside: str, modules: tuple[str, ...] = ("shop.domain", "events")) -> ClosedContract:
    """A contract about the shop's domain and the events."""
    options = {"modules": list(modules), "may_import": ["re"], "outside": list(outside)}
    return ClosedContract("The domain is closed", {}, options)


CONTRACT = contract("events.examples")


def imports(*pairs: tuple[str, str]) -> ImportGraph:
    """A shop with a domain, an app and the events they share, with these imports (importer, imported)."""
    graph = ImportGraph()
    for module in (
        "shop",
        "shop.domain",
        "shop.domain.price",
        "shop.domain.orders",
        "shop.domain.orders.api",
        "shop.domain.orders.bank_client",
        "shop.app",
        "events",
        "events.facts",
        "events.examples",
    ):
        graph.add_module(module)
    for library in ("re", "socket"):
        graph.add_module(library, is_squashed=True)
    for importer, imported in pairs:
        graph.add_import(importer=importer, imported=imported)
    return graph


def test_listed_modules_and_those_inside_may_be_imported() -> None:
    """Modules outside may import anything."""
    graph = imports(
        ("shop.domain.price", "re"),
        ("shop.domain.price", "events.facts"),
        ("shop.app", "socket"),
        ("events.examples", "socket"),
    )
    assert CONTRACT.check(graph, verbose=False).kept


@pytest.mark.parametrize("imported", ["socket", "shop.app", "events.examples"])
def test_an_import_that_is_not_listed_breaks_the_contract(imported: str) -> None:
    """A library, another module of the service, or a module outside."""
    check = CONTRACT.check(imports(("shop.domain.price", imported)), verbose=False)
    assert not check.kept
    assert check.metadata["broken"] == [("shop.domain.price", imported)]


def test_a_pattern_excludes_the_files_it_matches_in_every_package() -> None:
    """`*` matches any characters, dots included; a file that matches no pattern stays inside."""
    by_pattern = contract("shop.domain.*.api", "shop.domain.*_client")
    outside = (("shop.domain.orders.api", "socket"), ("shop.domain.orders.bank_client", "socket"))
    assert by_pattern.check(imports(*outside), verbose=False).kept
    check = by_pattern.check(imports(*outside, ("shop.domain.orders", "socket")), verbose=False)
    assert check.metadata["broken"] == [("shop.domain.orders", "socket")]


def test_modules_inside_may_not_import_what_a_pattern_excludes() -> None:
    """Otherwise the domain could do I/O through the API."""
    check = contract("shop.domain.*.api").check(imports(("shop.domain.price", "shop.domain.orders.api")), verbose=False)
    assert check.metadata["broken"] == [("shop.domain.price", "shop.domain.orders.api")]


@pytest.mark.parametrize(
    ("stale", "found"),
    [
        (contract("shop.domain.*.store"), "shop.domain.*.store"),
        (contract(modules=("shop.rules", "events")), "shop.rules"),
    ],
)
def test_a_name_that_matches_no_module_breaks_the_contract(stale: ClosedContract, found: str) -> None:
    """A module that is renamed or moved would no longer be covered."""
    check = stale.check(imports(), verbose=False)
    assert not check.kept
    assert check.metadata["unmatched"] == [found]
