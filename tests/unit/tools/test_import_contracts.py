"""The closed import contract: what is not listed is refused, whatever it is."""

import pytest
from grimp import ImportGraph

from referral_tools.import_contracts import ClosedContract

CONTRACT = ClosedContract(
    "The domain is closed",
    {},
    {"modules": ["shop.domain", "events"], "may_import": ["re"], "outside": ["events.examples"]},
)


def imports(*pairs: tuple[str, str]) -> ImportGraph:
    """A shop with a domain, an app and the events they share, with these imports (importer, imported)."""
    graph = ImportGraph()
    for module in ("shop", "shop.domain", "shop.domain.price", "shop.app", "events", "events.facts", "events.examples"):
        graph.add_module(module)
    for library in ("re", "socket"):
        graph.add_module(library, is_squashed=True)
    for importer, imported in pairs:
        graph.add_import(importer=importer, imported=imported)
    return graph


def test_what_is_listed_or_inside_may_be_imported() -> None:
    """And what stands outside may import what it likes."""
    graph = imports(
        ("shop.domain.price", "re"),
        ("shop.domain.price", "events.facts"),
        ("shop.app", "socket"),
        ("events.examples", "socket"),
    )
    assert CONTRACT.check(graph, verbose=False).kept


@pytest.mark.parametrize("imported", ["socket", "shop.app", "events.examples"])
def test_what_is_not_listed_is_refused_by_name(imported: str) -> None:
    """A library that nobody thought of, the service's own rim, and what stands outside."""
    check = CONTRACT.check(imports(("shop.domain.price", imported)), verbose=False)
    assert not check.kept
    assert check.metadata["broken"] == [("shop.domain.price", imported)]
