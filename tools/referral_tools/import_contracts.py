"""An import contract for import-linter: what a package may import is listed, and all other imports are refused.

import-linter's own `forbidden` lists what may not be imported, and knows nothing of the library that is added next year.
"""

from collections.abc import Iterable, Iterator
from typing import cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class ClosedContract(Contract):
    """`modules`, their descendants included, may import each other and what `may_import` names, and nothing more.

    `outside` are descendants that are no part of it: they import what they like, and the others do not import them.
    """

    type_name = "closed"

    modules = fields.ListField(subfield=fields.StringField())
    may_import = fields.ListField(subfield=fields.StringField())
    outside = fields.ListField(subfield=fields.StringField(), required=False, default=[])

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Kept where every direct import is listed; an indirect one is then listed too, or not ours to say."""
        options = self.modules, self.outside, self.may_import
        modules, outside, may_import = (set(_families(graph, cast("list[str]", names))) for names in options)
        inside = modules - outside
        allowed = inside | may_import
        broken = [
            (importer, imported)
            for importer in sorted(inside)
            for imported in sorted(graph.find_modules_directly_imported_by(importer) - allowed)
        ]
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Names each import that is not listed."""
        for importer, imported in check.metadata["broken"]:
            output.print_error(f"{importer} imports {imported}, which is not listed: decide without it, or list it.")


def _families(graph: ImportGraph, names: Iterable[str]) -> Iterator[str]:
    """The modules of these names and all their descendants."""
    for name in names:
        yield name
        if name in graph.modules and not graph.is_module_squashed(name):
            yield from graph.find_descendants(name)
