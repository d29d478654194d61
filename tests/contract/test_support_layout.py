"""Where test modules may import from: helpers are in tests/support, and no test module depends on another."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
MODULES = sorted(path.relative_to(TESTS).as_posix() for path in TESTS.rglob("*.py"))


def imports_outside_support(source: str) -> list[str]:
    """Returns the modules of tests/ that a module imports, other than those of tests/support."""
    imported: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parent = "." * node.level + (node.module or "")
            imported += [f"{parent}.{alias.name}" for alias in node.names]
    return [
        name
        for name in imported
        if name.startswith((".", "tests.", "conftest")) and not name.startswith("tests.support.")
    ]


@pytest.mark.parametrize("module", MODULES)
def test_a_module_of_the_tests_imports_helpers_only_from_support(module: str) -> None:
    """A helper in a test module or a conftest.py would tie the modules together; fixtures need no import."""
    assert imports_outside_support((TESTS / module).read_text("utf-8")) == []


@pytest.mark.parametrize(
    "statement",
    [
        "from tests.unit.leaderboard.test_boards import START",
        "from tests.unit.leaderboard import test_boards",
        "from tests import conftest",
        "import tests.conftest",
        "from conftest import settings",
        "from . import test_boards",
    ],
)
def test_every_form_of_such_an_import_is_found(statement: str) -> None:
    """Also within a function."""
    assert len(imports_outside_support(f"def test_it():\n    {statement}\n")) == 1
