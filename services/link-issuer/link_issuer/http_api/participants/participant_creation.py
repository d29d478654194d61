"""Enrols people: finds those enrolled before, and gives the others a code, a participant and a profile."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta

from flask import g
from msgspec.structs import replace

from link_issuer.domain.enrolment import (
    Enrolment,
    PersonPseudonyms,
    PlacedEnrolment,
    mention_mistakes,
    partner_mistakes,
    since_mistakes,
    with_partner_name,
)
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.participants.enrolment_request import EnrolmentsRequest
from link_issuer.http_api.participants.enrolment_writing import NamedParticipant, NewParticipants
from link_issuer.http_api.participants.welcome_messages import request_welcomes
from link_issuer.http_api.request_body import invalid_body
from referral.catalog.view import Catalog
from referral.events.entities import Participant
from referral.events.program import Partner
from referral.events.timestamps import to_datetime
from referral.http.api_keys import require_scope
from referral.http.context import context
from referral.http.require import require_program
from referral.people.pseudonyms import Pseudonyms

_CONSEQUENCE = "No one was enrolled."


def enrol_all(
    program: str, request: EnrolmentsRequest, enrolled_by: str
) -> tuple[int, list[tuple[PlacedEnrolment, NamedParticipant]]]:
    """Returns how many were enrolled before, and all in the order of the request, once all are durable.

    `enrolled_by` is the id of an API key, or names the join page. Raises Problem 422 for partners, mentions and times that are not
    possible, and 403 for a time without scope `admin`; then no one is enrolled. Raises Problem 503 if another request that enrols
    one of them with other details has not finished in time.
    """
    catalog = context().catalog.snapshot()
    if not _are_enrolled(program, request.enrolments, catalog):
        catalog = (
            dependencies().store.complete_catalog()
        )  # before their ids are computed: an erased person has another one
    with dependencies().store.turn(len(request.enrolments)):
        placed = _place(program, request)
        existing = _existing(placed, catalog)
        _require_dates(placed)
        partners = _require_partners(program, placed, existing, catalog)
        fresh = {one.id: with_partner_name(one, partners) for one in placed if one.id not in existing}
        _require_free_mentions(program, fresh.values(), catalog)
    created = NewParticipants(program, catalog, context().clock.now_ms(), enrolled_by).create(fresh) if fresh else {}
    # A concurrent request may have enrolled a person as another partner, or as a follower.
    _require_partners(program, list(fresh.values()), {id: one.participant for id, one in created.items()}, catalog)
    profiles = context().people.profiles_by_id(existing)
    known = {id: NamedParticipant(one, profiles[id]) for id, one in existing.items()}
    request_welcomes(program, [*existing.values(), *(one.participant for one in created.values())])
    return sum(one.id in existing for one in placed), [(one, known.get(one.id) or created[one.id]) for one in placed]


def _are_enrolled(program: str, enrolments: Iterable[Enrolment], catalog: Catalog) -> bool:
    """Whether all are participants, as far as is known without reading on; the first one who is not decides."""
    pseudonyms = context().pseudonyms
    found = (catalog.participant(pseudonyms.person_id(program, one.external_id)) for one in enrolments)
    return all(one is not None and one.erased_at is None for one in found)


def _place(program: str, request: EnrolmentsRequest) -> list[PlacedEnrolment]:
    """The enrolments with the pseudonyms of their people as they are now."""
    known = context().pseudonyms
    return [
        PlacedEnrolment(request.pointer(index), one, _pseudonyms(program, one, known))
        for index, one in enumerate(request.enrolments)
    ]


def _pseudonyms(program: str, enrolment: Enrolment, known: Pseudonyms) -> PersonPseudonyms:
    return PersonPseudonyms(
        known.person_id(program, enrolment.external_id),
        known.look_alike(program, enrolment.external_id),
        known.mention(program, enrolment.mention) if enrolment.mention else None,
        known.device(program, enrolment.device) if enrolment.device else None,
    )


def _existing(placed: Iterable[PlacedEnrolment], catalog: Catalog) -> dict[str, Participant]:
    """The participants who are enrolled. One who was erased is not: the same external id is a new person from then on."""
    found = catalog.participants_by_id(one.id for one in placed)
    return {id: known for id, known in found.items() if known is not None and known.erased_at is None}


def _require_dates(placed: Sequence[PlacedEnrolment]) -> None:
    if all(one.details.since is None for one in placed):
        return
    require_scope(g.key, "admin")
    now, most = to_datetime(context().clock.now_ms()), timedelta(days=context().settings.lateness_days)
    if mistakes := list(since_mistakes(placed, now, most)):
        raise invalid_body(mistakes, _CONSEQUENCE)


def _require_partners(
    program: str, placed: Sequence[PlacedEnrolment], existing: Mapping[str, Participant], catalog: Catalog
) -> Sequence[Partner]:
    """The partners of the version in force; empty if no partner is to be enrolled. Raises Problem 422."""
    if all(one.details.partner is None for one in placed):
        return ()
    version = catalog.program_at(program, context().clock.now_ms())
    rules = version.program if version else replace(require_program(program).program, partners=())
    if mistakes := list(partner_mistakes(placed, existing, rules)):
        raise invalid_body(mistakes, _CONSEQUENCE)
    return rules.partners


def _require_free_mentions(program: str, fresh: Collection[PlacedEnrolment], catalog: Catalog) -> None:
    now = to_datetime(context().clock.now_ms())
    mentions = [mention for one in fresh if (mention := one.pseudonyms.mention) is not None]
    held = catalog.held_mentions(program, mentions)

    def holder(mention: str) -> Participant | None:
        if mention not in held:
            return None
        return catalog.mention(program, mention) or catalog.mention(program, mention, now)

    if mistakes := list(mention_mistakes(program, fresh, holder)):
        raise invalid_body(mistakes, _CONSEQUENCE)
