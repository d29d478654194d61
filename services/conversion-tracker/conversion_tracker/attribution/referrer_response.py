"""Response structs of a referrer: the participant, and the program's partner that they are, if any."""

from typing import Annotated

from msgspec import Meta, Struct

from conversion_tracker.attribution.known_referrers import KnownReferrers
from conversion_tracker.named_person import NamedPerson, named_person
from referral.catalog.view import Catalog
from referral.events.attributions import ReferrerKind
from referral.events.entities import Participant
from referral.events.facts import Channel
from referral.events.program import PartnerKind


class PartnerResponse(Struct):
    """A partner, as declared by the newest program version that has them."""

    id: Annotated[str, Meta(examples=["kol_lin"])]
    kind: PartnerKind | None
    channel: Channel | None
    name: Annotated[dict[str, str], Meta(description="by language")]


class ReferrerResponse(NamedPerson, frozen=True):
    """A participant who is a referrer."""

    kind: ReferrerKind
    partner: PartnerResponse | None


def referrer_response(referrer: str, referrers: KnownReferrers) -> ReferrerResponse:
    """Returns the response of a participant's id, with what is known about them."""
    catalog, named = referrers.catalog, named_person(referrer, referrers.people)
    participant = catalog.participant(referrer)
    partner = (
        _partner_response(participant, participant.partner, catalog) if participant and participant.partner else None
    )
    kind: ReferrerKind = "partner" if partner else "follower"
    return ReferrerResponse(named.id, named.external_id, named.display_name, kind, partner)


def _partner_response(participant: Participant, id: str, catalog: Catalog) -> PartnerResponse:
    """Uses the newest version that declares the partner, since later ones may have dropped them."""
    versions = reversed(catalog.versions(participant.program))
    declared = (partner for version in versions for partner in version.program.partners if partner.id == id)
    partner = next(declared, None)
    if partner is None:
        return PartnerResponse(id, None, None, {})
    return PartnerResponse(id, partner.kind, partner.channel, partner.name)
