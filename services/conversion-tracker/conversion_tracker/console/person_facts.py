"""What this service knows about a person: their referrer and why, the friends whom they brought, and a ban."""

from collections.abc import Sequence
from dataclasses import dataclass

from conversion_tracker.attribution.api import known_referrers, version_of
from conversion_tracker.attribution.attribution_rules import attribution_rules
from conversion_tracker.attribution.considered_touches import winning_touch
from conversion_tracker.attribution.known_referrers import KnownReferrers
from conversion_tracker.attribution.person import Person
from conversion_tracker.bans.ban import Ban
from conversion_tracker.dependencies import dependencies
from conversion_tracker.explain.verdict_text import VerdictFacts
from conversion_tracker.graph.network import upline
from conversion_tracker.screening.conversion import Conversion
from conversion_tracker.screening.conversion_response import ConversionResponse, conversion_responses
from referral.events.ids import referral_id
from referral.people.known_people import KnownPerson, known_people

MAX_FRIENDS = 50


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """`own` is the referral by which the person came, once it qualified; `friends` are the newest of those whom they brought.

    `upline` are person ids, the nearest first; `names` has everyone who is mentioned.
    """

    verdict: VerdictFacts
    own: ConversionResponse | None
    upline: Sequence[str]
    friends: Sequence[ConversionResponse]
    friends_total: int
    ban: Ban | None
    names: dict[str, KnownPerson | None]

    def name(self, id: str) -> str:
        """What a person is called; the person id of one who was erased."""
        known = self.names.get(id)
        return (known.display_name or known.external_id) if known else id


def person_facts(program: str, id: str) -> PersonFacts:
    """Everything that the story shows of a person; two kinds of look-up for any number of friends."""
    person = dependencies().people.person(program, id) or Person()
    friends, total = dependencies().conversions.of_referrer(program, id, MAX_FRIENDS)
    above = upline(id, dependencies().people.edges(program).referrer)
    verdict, own = _verdict(program, id, person)
    shown = [*([own] if own else []), *friends]
    referrers = known_referrers()
    responses = {one.id: one for one in conversion_responses(shown, referrers)}
    ids = {id, *above, *(one.person for one in shown), *(one.referrer for one in shown)}
    names = known_people(ids, referrers.people.snapshot())
    return PersonFacts(
        verdict,
        responses[own.id] if own else None,
        above,
        [responses[one.id] for one in friends],
        total,
        person.ban,
        names,
    )


def _verdict(program: str, id: str, person: Person) -> tuple[VerdictFacts, Conversion | None]:
    version, timeline, published = version_of(program, person), person.history.timeline(), person.published
    rules = attribution_rules(version) if version else None
    winning = winning_touch(timeline, rules, rules.model) if rules else None
    referrer = published.referrer if published else None
    referrer = referrer or (winning.referrer if winning else None)
    own = (
        dependencies().conversions.conversion(program, referrer, referral_id(program, id, referrer))
        if referrer
        else None
    )
    referrers = known_referrers()
    facts = VerdictFacts(
        person=id,
        referrer=_label(referrers, referrer) if referrer else None,
        timeline=timeline,
        winning_touch=winning,
        rules=rules,
        reason=published.reason if published else None,
        qualified=published is not None and published.qualified_at is not None,
        conversion=own,
        evidence=referrers.evidence_text(program, winning.kind, winning.code) if winning else None,
    )
    return facts, own


def _label(referrers: KnownReferrers, id: str) -> str:
    return referrers.label(id)
