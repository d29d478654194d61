"""How well the desk recognises: precision and recall on 500 synthetic chat lines that a person labelled (docs/desk.md)."""

from collections import Counter
from pathlib import Path

from conversion_tracker.desk.pasted_text import split_comments
from conversion_tracker.desk.recognition import Recognised, recognise

LABELLED = Path(__file__).with_name("labelled_lines.tsv")
CODES = frozenset({"AMY89", "LIN22", "XAME47", "KOL7Q", "ZOE305", "GLOW"})
MENTIONS = frozenset({"@amy_glow", "@小林护肤", "@kol.lin"})
LEAST = {
    "code": (0.97, 0.99),
    "mention": (0.99, 0.99),
    "choice": (0.9, 0.9),
    "tag": (0.95, 0.95),
    "hashtag": (0.99, 0.99),
    "post": (0.99, 0.99),
}
"""At least this precision and recall of each kind; the docs state what they are."""


def labelled() -> list[tuple[str, str, set[str]]]:
    """The lines with the name and what a person finds in them."""
    rows = [line.split("\t") for line in LABELLED.read_text(encoding="utf-8").splitlines()[1:]]
    return [(line, name, set(filter(None, found.split("|")))) for line, name, found in rows]


def found_in(found: Recognised) -> set[str]:
    """The same form for what was recognised."""
    kinds = {
        "code": found.codes,
        "choice": (*found.uncertain, *(code for _, code in found.similar)),
        "mention": found.mentions,
        "tag": found.tags,
        "hashtag": found.hashtags,
        "post": found.posts,
    }
    return {f"{kind}={value}" for kind, values in kinds.items() for value in values}


def scores() -> dict[str, tuple[float, float]]:
    """Precision and recall by kind."""
    right, found, wanted = Counter[str](), Counter[str](), Counter[str]()
    for line, _, labels in labelled():
        (pasted,) = split_comments(line)
        recognised = found_in(recognise(pasted.text, CODES.__contains__, MENTIONS.__contains__))
        for counts, some in ((right, recognised & labels), (found, recognised), (wanted, labels)):
            counts.update(one.partition("=")[0] for one in some)
    return {kind: (right[kind] / found[kind], right[kind] / wanted[kind]) for kind in wanted}


def test_the_labelled_set_has_500_lines_and_every_name_is_read() -> None:
    """The name decides whom a code is counted for."""
    lines = labelled()
    assert len(lines) == 500
    assert [line for line, name, _ in lines if [one.name for one in split_comments(line)] != [name]] == []


def test_precision_and_recall_are_as_stated() -> None:
    """A change of the patterns that recognises less, or too much, fails here."""
    measured = scores()
    assert {kind: pair for kind, pair in measured.items() if pair[0] < LEAST[kind][0] or pair[1] < LEAST[kind][1]} == {}
