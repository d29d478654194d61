"""docs/architecture.md follows requests through the files; each list is checked against the imports, so that it stays true."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from referral.topics import TOPICS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/architecture.md"
ENTRY = re.compile(r"^\d+\. (?:`(?P<topic>\w+)` → )?\[`(?P<label>[\w.]+)`\]\(\.\./(?P<path>[^)]+)\): (?P<text>.+)$")
DISTRIBUTION_ROOTS = (
    "shared/",
    *(f"services/{name}/" for name in ("link-issuer", "conversion-tracker", "reward-dispatcher", "leaderboard")),
)


class Entry(NamedTuple):
    """One line of a list: the file, and the topic through which it is reached, if any."""

    path: str
    label: str
    topic: str | None
    starts: bool


def lists() -> dict[str, list[Entry]]:
    """The page's numbered lists by their heading; a second list under a heading has a number behind it."""
    found: dict[str, list[Entry]] = {}
    heading, counter = "", 0
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            heading, counter = line[3:], 0
        match = ENTRY.match(line)
        if match is None:
            continue
        if line.startswith("1. "):
            counter += 1
        name = heading if counter == 1 else f"{heading} ({counter})"
        found.setdefault(name, []).append(
            Entry(match["path"], match["label"], match["topic"], match["text"].startswith("(start)"))
        )
    return found


def module_of(path: str) -> str:
    """The dotted name of a file of the repository."""
    inside = next(path.removeprefix(root) for root in DISTRIBUTION_ROOTS if path.startswith(root))
    return inside.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@cache
def imports_of(path: str) -> frozenset[str]:
    """The dotted names that a file imports, at its top or inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return frozenset(names)


def uses_topic(path: str, topic: str) -> bool:
    """Whether a file imports a topic's row of the table."""
    constant = next(name for name, row in _topic_constants().items() if row == topic)
    return f"referral.topics.{constant}" in imports_of(path)


@cache
def _topic_constants() -> dict[str, str]:
    return {name.upper(): name for name in TOPICS}


def unreached(entries: list[Entry]) -> list[str]:
    """The files of a list that no earlier file leads to."""
    missing = []
    for number, entry in enumerate(entries[1:], 1):
        earlier = [one.path for one in entries[:number]]
        if entry.topic is not None:
            if not (uses_topic(entry.path, entry.topic) and any(uses_topic(path, entry.topic) for path in earlier)):
                missing.append(f"{entry.path}: topic {entry.topic}")
        elif not entry.starts and not any(module_of(entry.path) in imports_of(path) for path in earlier):
            missing.append(entry.path)
    return missing


def test_the_page_follows_six_requests() -> None:
    """An event, a redirect, a redemption, an order, a webhook and a replay, and the machinery of every fold."""
    names = [name.removeprefix("The life of ") for name in lists()]
    requests = [
        "an event",
        "an event (2)",
        "a redirect",
        "a redemption",
        "an order with a code",
        "a webhook",
        "a replay",
    ]
    assert names == requests


@pytest.mark.parametrize("name", list(lists()))
def test_every_file_of_a_list_exists_and_is_reached_from_an_earlier_one(name: str) -> None:
    """By an import, or through a topic that both use."""
    entries = lists()[name]
    assert [one.path for one in entries if not (ROOT / one.path).is_file()] == []
    assert [one.path for one in entries if Path(one.path).name != one.label] == []
    assert unreached(entries) == []


def test_a_list_that_skips_a_step_is_noticed() -> None:
    """The check fails when a file in the middle is left out."""
    event = lists()["The life of an event"]
    assert unreached([event[0], event[2]]) == [event[2].path]
