"""A referrer as the API shows one: who they are, and which of the program's partners, if one."""

from referral.catalog.view import Catalog
from referral.events.entities import Participant

JsonObject = dict[str, object]


def referrer_response(referrer: str | None, catalog: Catalog) -> JsonObject | None:
    """A ReferrerOut of a participant's id; None where there is none."""
    if not referrer:
        return None
    participant = catalog.participant(referrer)
    return {
        "id": referrer,
        "external_id": participant.external_id if participant else None,
        "display_name": participant.display_name if participant else None,
        "kind": "partner" if participant and participant.partner else "follower",
        "partner": _partner_response(participant, catalog) if participant else None,
    }


def _partner_response(participant: Participant, catalog: Catalog) -> JsonObject | None:
    """A PartnerOut, from the newest version that names them: rules may have dropped them since."""
    if participant.partner is None:
        return None
    versions = reversed(catalog.versions(participant.program))
    named = (one for version in versions for one in version.program.partners if one.id == participant.partner)
    found = next(named, None)
    return {
        "id": participant.partner,
        "kind": found.kind if found else None,
        "channel": found.channel if found else None,
        "name": found.name if found else {},
    }
