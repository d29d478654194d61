"""Takes back what the desk has recorded. Every line has an id that follows from its event: doing it again completes it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from conversion_tracker.dependencies import dependencies
from conversion_tracker.desk.desk_facts import encode_fact, paste_event_of, removal_of, withdrawal_of
from conversion_tracker.desk.desk_row import DeskRow
from conversion_tracker.desk.store import desk_knowledge
from conversion_tracker.desk.wallet_proofs import write_access
from conversion_tracker.ingest.ingest_response import publish_accepted
from conversion_tracker.ingest.program_access import check_program_exists
from referral.events.audit import DeskPaste, PasteEvent
from referral.events.facts import Channel, fact_key
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.people.known_people import known_people
from referral.telemetry.metrics import counter
from referral.topics import EVENTS

_encode = msgspec.json.Encoder().encode


def withdraw_rows(program: str, rows: Sequence[DeskRow], channel: Channel, by: str, api_key: str | None) -> int:
    """Withdraws the events of rows; returns how many are withdrawn once that is durable. Raises NotDurable and Overloaded."""
    known = desk_knowledge(program)
    events = {paste_event_of(row, known): None for row in rows if row.kind != "none" and row.person}
    now = to_datetime(context().clock.now_ms())
    return _withdraw(program, channel, list(events), now, by, api_key)


def withdraw_paste(program: str, paste: DeskPaste, first_at: datetime | None, by: str) -> int:
    """The same for a paste that the audit log has; `first_at` is when it was taken back before, None if it was not.

    Its posts were removed then: done again, this undoes no later look at them (`post.verified`).
    """
    context().follower.read_to_end()
    removed_at = first_at or to_datetime(context().clock.now_ms())
    return _withdraw(program, paste.channel, paste.events, removed_at, by, None)


def _withdraw(
    program: str, channel: Channel, events: Sequence[PasteEvent], removed_at: datetime, by: str, api_key: str | None
) -> int:
    now = to_datetime(context().clock.now_ms())
    lines = [withdrawal_of(one, program, now, by, api_key) for one in events if one.kind in ("follow", "tag")]
    if lines:
        dependencies().publisher.publish(EVENTS, [(fact_key(line), _encode(line)) for line in lines], ())
    _remove_posts(program, channel, [one for one in events if one.kind == "post"], removed_at)
    _end_links(program, [one for one in events if one.kind == "proof"])
    counter("desk_events").labels("withdrawn").inc(len(events))
    return len(events)


def _remove_posts(program: str, channel: Channel, events: Sequence[PasteEvent], at: datetime) -> None:
    """Reports posts as removed; none for one that was never recorded, or for an author who was erased."""
    now, people = context().clock.now_ms(), context().people.snapshot()
    authors = known_people([one.person for one in events], context().people)
    removals = [
        encode_fact(removal_of(one, author.external_id, post.text, program, channel, at))
        for one in events
        if (author := authors[one.person]) and (post := people.text(one.person, one.post))
    ]
    if removals:
        publish_accepted(dependencies().event_validator.validate(removals, now, check_program_exists))


def _end_links(program: str, events: Sequence[PasteEvent]) -> None:
    """Ends what a proof has opened, unless another one took its place."""
    people = context().people.snapshot()
    ended: dict[str, list[str]] = {
        one.person: []
        for one in events
        if (access := people.wallet_access(one.person)) is not None and one.event in access.claims
    }
    write_access(program, ended, to_datetime(context().clock.now_ms()))
