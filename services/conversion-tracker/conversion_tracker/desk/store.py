"""Answers the desk's questions from the catalog, the directory of people and the state of the attribute fold."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from zoneinfo import ZoneInfo

from conversion_tracker.dependencies import dependencies
from conversion_tracker.desk.desk_knowledge import DeskKnowledge, Owner, PersonState
from conversion_tracker.desk.line_decision import DeskTerms, Happened, Source
from conversion_tracker.ingest.program_terms import program_terms
from referral.catalog.view import Catalog
from referral.events.entities import Link, Participant
from referral.events.facts import Channel
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.require import require_program
from referral.people.join_proofs import find_claim
from referral.people.known_people import known_people


def desk_terms(program: str, channel: Channel, source: Source, happened: Happened) -> DeskTerms:
    """The terms for a paste that is decided now. Raises Problem 404 for an unknown program."""
    rules = require_program(program).program
    catalog, settings = dependencies().catalog_snapshot, context().settings
    return DeskTerms(
        channel,
        source,
        happened,
        ZoneInfo(rules.timezone),
        to_datetime(context().clock.now_ms()),
        program_terms(program, catalog).counts_from,
        timedelta(days=settings.lateness_days),
    )


def desk_knowledge(program: str) -> DeskKnowledge:
    """What is known now: the catalog is read to its end once, then each look-up is made once. Raises LogUnavailable."""
    context().follower.read_to_end()
    catalog, people = dependencies().catalog_snapshot, context().people.snapshot()
    pseudonyms = context().pseudonyms

    @cache
    def post_pseudonym(post: str) -> str:
        return pseudonyms.post(program, post)

    return DeskKnowledge(
        code_owner=_code_owner(program, catalog),
        mention_owner=cache(
            lambda mention: _owner(program, catalog.mention(program, pseudonyms.mention(program, mention)))
        ),
        promoter=cache(lambda person: _owner(program, catalog.participant(person))),
        person_id=cache(lambda text: pseudonyms.person_id_to_find(program, text)),
        state=cache(lambda person: _state(program, person)),
        has_post=lambda person, post: people.text(person, post_pseudonym(post)) is not None,
        post_pseudonym=post_pseudonym,
        claim_in=lambda person, text: find_claim(pseudonyms, program, person, text),
        is_proven=lambda person, claim: claim in (((access := people.wallet_access(person)) and access.claims) or ()),
    )


def _code_owner(program: str, catalog: Catalog) -> Callable[[str], Owner | None]:
    @cache
    def find(code: str) -> Owner | None:
        holder = catalog.code(code)
        if holder is None or holder.program != program or (isinstance(holder, Link) and holder.disabled):
            return None
        return _owner(program, catalog.owner(holder), holder if isinstance(holder, Link) else None)

    return find


def _owner(program: str, participant: Participant | None, link: Link | None = None) -> Owner | None:
    """The promoter, unless they were erased. A generated code counts from the second of the enrolment on."""
    if participant is None or participant.program != program or participant.erased_at is not None:
        return None
    known = known_people([participant.id], context().people.snapshot())[participant.id]
    since = link.recorded_at if link else participant.since or participant.recorded_at
    name = (known.display_name or known.external_id) if known else participant.code
    return Owner(participant.id, name, known.external_id if known else "", since.replace(microsecond=0))


def _state(program: str, person: str) -> PersonState:
    stored = dependencies().people.person(program, person)
    if stored is None:
        return PersonState()
    timeline = stored.history.timeline()
    since = to_datetime(timeline.since) if timeline.since is not None else None
    return PersonState(since, stored.history)
