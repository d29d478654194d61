"""A contract type for import-linter that lists what modules may import; every other import breaks it.

import-linter's own `forbidden` contract lists what may not be imported, so it does not cover a library that is added later.
"""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class ClosedContract(Contract):
    """`modules` and their descendants import each other and what `may_import` names, and no other module.

    `outside` are exceptions: modules, with their descendants, that may import anything and that the others may not import. They
    are names or patterns of whole dotted names, in which `*` matches any characters, dots included: `shop.*.api`, `shop.*_client`.
    A name in `modules` or `outside` that matches no module breaks the contract, so that a renamed module stays covered.
    """

    type_name = "closed"

    modules = fields.ListField(subfield=fields.StringField())
    may_import = fields.ListField(subfield=fields.StringField())
    outside = fields.ListField(subfield=fields.StringField(), required=False, default=[])

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Checks direct imports only: an indirect one starts with a direct one, which is then inside or allowed itself."""
        modules, outside, may_import = (
            cast("list[str]", names) for names in (self.modules, self.outside, self.may_import)
        )
        unmatched = [pattern for pattern in (*modules, *outside) if not _matching(graph, pattern)]
        inside = _with_descendants(graph, modules) - _with_descendants(graph, outside)
        allowed = inside | set(may_import)
        broken = [
            (importer, imported)
            for importer in sorted(inside & graph.modules)
            for imported in sorted(graph.find_modules_directly_imported_by(importer) - allowed)
        ]
        return ContractCheck(kept=not broken and not unmatched, metadata={"broken": broken, "unmatched": unmatched})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Prints each import that is not listed, and each name that matches no module."""
        for importer, imported in check.metadata["broken"]:
            output.print_error(f"{importer} imports {imported}, which is not listed: remove the import, or list it.")
        for pattern in check.metadata["unmatched"]:
            output.print_error(f"{pattern} matches no module: correct it, or remove it from the contract.")


def _matching(graph: ImportGraph, pattern: str) -> set[str]:
    """The modules that a name or pattern matches."""
    return {module for module in graph.modules if fnmatchcase(module, pattern)}


def _with_descendants(graph: ImportGraph, patterns: Iterable[str]) -> set[str]:
    """The modules that the names or patterns match, and all their descendants."""
    return {one for pattern in patterns for module in _matching(graph, pattern) for one in _family(graph, module)}


def _family(graph: ImportGraph, module: str) -> Iterator[str]:
    yield module
    if not graph.is_module_squashed(module):
        yield from graph.find_descendants(module)
