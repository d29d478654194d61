"""Who stands behind a participant's id: the name to show, and the platform's own id."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from referral.catalog.view import Catalog
from referral.events.entities import Participant
from referral.log.errors import LogUnavailable


@dataclass(frozen=True, slots=True)
class ParticipantName:
    """What is shown of a participant; their id where the catalog does not know them (yet)."""

    display_name: str
    external_id: str | None = None

    @classmethod
    def of(cls, participant: Participant) -> Self:
        """The name of somebody the catalog knows."""
        return cls(participant.display_name or participant.id, participant.external_id)


def names_of(participants: Iterable[str], catalog: Catalog) -> dict[str, ParticipantName]:
    """The name of each of these; the catalog is read to its end at most once, however many are missing.

    A board needs no log to be shown: where that does not answer, whoever is new goes by their id.
    """
    wanted = list(participants)
    try:
        found = catalog.participants_by_id(wanted)
    except LogUnavailable:
        found = catalog.snapshot().participants_by_id(wanted)
    return {
        participant: ParticipantName.of(one) if one else ParticipantName(participant)
        for participant, one in found.items()
    }
