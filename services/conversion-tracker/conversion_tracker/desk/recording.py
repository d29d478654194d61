"""Records what the desk has decided: events through the checks of the ingest, and proofs of handles."""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from conversion_tracker.dependencies import dependencies
from conversion_tracker.desk.desk_facts import encode_fact, event_id, fact_of, paste_event_of
from conversion_tracker.desk.desk_knowledge import DeskKnowledge
from conversion_tracker.desk.desk_row import DeskRow
from conversion_tracker.desk.line_decision import DeskTerms, decide_again
from conversion_tracker.desk.store import desk_knowledge
from conversion_tracker.desk.wallet_proofs import write_access
from conversion_tracker.ingest.event_errors import EventError
from conversion_tracker.ingest.ingest_response import publish_accepted
from conversion_tracker.ingest.program_access import check_program_exists
from conversion_tracker.ingest.validation import ValidationResult
from referral.events.audit import PasteEvent
from referral.http.context import context
from referral.telemetry.metrics import counter


@dataclass(frozen=True, slots=True)
class DecidedRows:
    """Rows as they are decided now, and what they were decided by; `events` are those whose events the ingest accepts."""

    program: str
    terms: DeskTerms
    known: DeskKnowledge
    rows: Sequence[DeskRow]
    events: Sequence[DeskRow]
    checked: ValidationResult

    @property
    def proofs(self) -> list[DeskRow]:
        """The rows that prove a handle."""
        return [row for row in self.rows if row.status == "new" and row.kind == "proof"]

    def paste_events(self) -> tuple[PasteEvent, ...]:
        """What recording them adds."""
        return tuple(paste_event_of(row, self.known) for row in (*self.events, *self.proofs))


@dataclass(frozen=True, slots=True)
class Recorded:
    """The rows that became events, what became of the others, and the errors of the ingest."""

    added: Sequence[DeskRow]
    others: Sequence[DeskRow]
    rejected: Sequence[EventError] = ()


def decide_rows(program: str, rows: Sequence[DeskRow], terms: DeskTerms) -> DecidedRows:
    """Decides rows again: those that are still new and pass the checks of the ingest can be recorded. Raises LogUnavailable."""
    known = desk_knowledge(program)
    decided = decide_again((row for row in rows if row.kind != "none"), terms, known)
    new = [row for row in decided if row.status == "new" and row.kind != "proof"]
    lines = [encode_fact(fact_of(row, program, terms.channel, terms.now, known)) for row in new]
    checked = dependencies().event_validator.validate(lines, context().clock.now_ms(), check_program_exists)
    refused = {error.index for error in checked.rejected}
    events = [replace(row, event=event_id(row, known)) for index, row in enumerate(new) if index not in refused]
    return DecidedRows(program, terms, known, decided, events, checked)


def record_rows(decided: DecidedRows) -> Recorded:
    """Writes the events of the rows that are new, once each, and returns when they are durable.

    Rows that are here already, or cannot be events, are returned as they are decided. Raises NotDurable and Overloaded: the same
    rows may be sent again; Problem 422 if the ingest refuses all rows.
    """
    proofs = decided.proofs
    publish_accepted(decided.checked, may_be_none=bool(proofs))
    _prove(decided, proofs)
    added = [*decided.events, *proofs]
    counter("desk_events").labels("added").inc(len(added))
    return Recorded(added, [row for row in decided.rows if row.status != "new"], decided.checked.rejected)


def _prove(decided: DecidedRows, rows: Sequence[DeskRow]) -> None:
    """Records who has proven that a handle is theirs. Every earlier link to their wallet ends: it may be someone else's."""
    claims: dict[str, list[str]] = {}
    for row in rows:
        person = decided.known.person_id(row.person)
        claims.setdefault(person, []).append(decided.known.claim_in(person, row.proof) or "")
    write_access(decided.program, claims, decided.terms.now)
