"""Enrols people: finds those enrolled before, reserves codes for the others, and writes them to the catalog."""

from collections.abc import Sequence
from datetime import timedelta

from flask import g
from msgspec.structs import replace

from link_issuer.domain.enrolment import (
    Enrolment,
    mention_mistakes,
    partner_mistakes,
    since_mistakes,
    with_partner_name,
)
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.request_body import invalid_body
from link_issuer.store import CodeRequest
from referral.catalog.view import Catalog
from referral.events.entities import Participant
from referral.events.program import Partner
from referral.events.timestamps import to_datetime
from referral.http.api_keys import require_scope
from referral.http.context import context
from referral.http.require import require_program

_CONSEQUENCE = "No one was enrolled."


def enrol_all(program: str, enrolments: Sequence[Enrolment]) -> tuple[int, list[Participant]]:
    """Returns how many were enrolled before, and all participants in the order of the request, once all are durable.

    Raises Problem 422 for partners, mentions and times that are not possible, and 403 for a time without scope `admin`; then no one
    is enrolled.
    """
    _require_dates(enrolments)
    by_id = {enrolment.participant_id(program): enrolment for enrolment in enrolments}
    catalog = context().catalog.snapshot()
    if any(catalog.participant(id_) is None for id_ in by_id):
        catalog = dependencies().store.complete_catalog()
    existing = {id_: participant for id_ in by_id if (participant := catalog.participant(id_))}
    partners = _require_partners(program, enrolments, existing, catalog)
    fresh = {id_: with_partner_name(one, partners) for id_, one in by_id.items() if id_ not in existing}
    everyone = existing | _write(program, fresh, catalog)
    ids = [enrolment.participant_id(program) for enrolment in enrolments]
    return sum(id_ in existing for id_ in ids), [everyone[id_] for id_ in ids]


def _require_dates(enrolments: Sequence[Enrolment]) -> None:
    if all(enrolment.since is None for enrolment in enrolments):
        return
    require_scope(g.key, "admin")
    now, most = to_datetime(context().clock.now_ms()), timedelta(days=context().settings.lateness_days)
    if mistakes := list(since_mistakes(enrolments, now, most)):
        raise invalid_body(mistakes, _CONSEQUENCE)


def _require_partners(
    program: str, enrolments: Sequence[Enrolment], existing: dict[str, Participant], catalog: Catalog
) -> Sequence[Partner]:
    """The partners of the version in force; empty if no partner is to be enrolled. Raises Problem 422."""
    if all(enrolment.partner is None for enrolment in enrolments):
        return ()
    version = catalog.program_at(program, context().clock.now_ms())
    rules = version.program if version else replace(require_program(program).program, partners=())
    if mistakes := list(partner_mistakes(enrolments, existing, rules)):
        raise invalid_body(mistakes, _CONSEQUENCE)
    return rules.partners


def _write(program: str, fresh: dict[str, Enrolment], catalog: Catalog) -> dict[str, Participant]:
    """Gives each person a code and returns the participants, by id, once they are durable."""
    now = to_datetime(context().clock.now_ms())

    def holder(program: str, mention: str) -> Participant | None:
        return catalog.mention(program, mention) or catalog.mention(program, mention, now)

    if mistakes := list(mention_mistakes(program, fresh, holder)):
        raise invalid_body(mistakes, _CONSEQUENCE)
    newest = catalog.program(program) or require_program(program)
    blocklist = newest.program.codes.blocklist
    requests = [CodeRequest(id_, one.display_name, blocklist=blocklist) for id_, one in fresh.items()]
    codes = dependencies().store.reserve_codes(requests, catalog, context().clock.now_ms())
    created = [
        one.participant(program, reserved.code, to_datetime(reserved.since_ms), g.key.id)
        for one, reserved in zip(fresh.values(), codes, strict=True)
    ]
    written = {one.id: one for one in dependencies().store.reserve_participants(created)}
    # A concurrent request may have enrolled a person as another partner, or as a follower.
    _require_partners(program, list(fresh.values()), written, catalog)
    dependencies().store.write(list(written.values()))
    return written
