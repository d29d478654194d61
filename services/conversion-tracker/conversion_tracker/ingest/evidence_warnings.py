"""Warnings about codes and mentions that lead to no participant, and the codes that are known to lead to one."""

import re
from collections.abc import Iterator
from itertools import islice

from conversion_tracker.ingest.event_warnings import EventWarning, unknown_code, unknown_mention
from conversion_tracker.ingest.program_terms import ProgramTerms
from referral.events.facts import CodeScanned, ContentShared, Fact, OrderPaid
from referral.events.normal_forms import normalize_code

_WORDS = re.compile(r"[A-Z0-9][A-Z0-9_-]{2,31}")
_MAX_WORDS = 8
_MAX_KNOWN_CODES = 10_000  # of one program, at most a few megabytes


class KnownCodes:
    """The codes of each program that were found before. A code never moves to another program, so they stay known."""

    def __init__(self) -> None:
        self._by_program: dict[str, set[str | None]] = {}

    def of_program(self, program: str) -> set[str | None]:
        """The set of a program, to be added to. It includes None, for events without a code, and is bounded."""
        codes = self._by_program.setdefault(program, {None})
        if len(codes) > _MAX_KNOWN_CODES:
            codes = self._by_program[program] = {None}
        return codes


def evidence_warnings(index: int, fact: Fact, terms: ProgramTerms, codes: set[str | None]) -> Iterator[EventWarning]:
    """Yields a warning for each code and mention of an event that leads to no participant; adds known codes to `codes`."""
    sent = {"/code": fact.code}
    if isinstance(fact, CodeScanned) and fact.data.scene is not None:
        sent = {"/data/scene": fact.data.scene}
    elif isinstance(fact, ContentShared):
        sent |= {"/data/code": fact.data.code}
    for pointer, code in sent.items():
        if code in codes or terms.has_code(code or ""):
            codes.add(code)
        else:
            contained = _contained_code(code or "", terms)
            yield unknown_code(index, pointer, fact.program, contained, may_be_of_reward=isinstance(fact, OrderPaid))
    if fact.mention is not None and not terms.has_mention(fact.mention):
        yield unknown_mention(index, fact.program)


def _contained_code(text: str, terms: ProgramTerms) -> str | None:
    """A known code in a text, such as AMY88 in 我是AMY88推荐来的; None if there is none among the first words."""
    words = islice(_WORDS.finditer(normalize_code(text)), _MAX_WORDS)
    return next((word[0] for word in words if terms.has_code(word[0])), None)
