"""The functions that a module of tests defines, read without importing it."""

import ast
from functools import cache
from pathlib import Path


@cache
def defined_tests(path: str) -> frozenset[str]:
    """Returns the functions of a module of tests, by its path."""
    tree = ast.parse(Path(path).read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
