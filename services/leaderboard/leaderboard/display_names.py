"""Names that boards show instead of participant ids, and the platform's own ids."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from referral.catalog.view import Catalog
from referral.events.entities import Participant
from referral.log.errors import LogUnavailable


@dataclass(frozen=True, slots=True)
class ParticipantName:
    """What is shown of a participant: their id if the catalog does not know them (yet)."""

    display_name: str
    external_id: str | None = None

    @classmethod
    def of(cls, participant: Participant) -> Self:
        """The name of a participant of the catalog."""
        return cls(participant.shown_name, participant.external_id)


def names_of(participants: Iterable[str], catalog: Catalog) -> dict[str, ParticipantName]:
    """Returns the name of each participant. The catalog is read to its end at most once, however many names are missing.

    A board is shown even if Kafka is unavailable: participants enrolled since then are shown by their ids.
    """
    ids = list(participants)
    try:
        found = catalog.participants_by_id(ids)
    except LogUnavailable:
        found = catalog.snapshot().participants_by_id(ids)
    return {id: ParticipantName.of(known) if known else ParticipantName(id) for id, known in found.items()}
