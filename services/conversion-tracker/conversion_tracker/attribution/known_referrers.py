"""The participants that evidence leads to, for answers: who they are, and what their mentions are."""

from collections.abc import Iterable
from dataclasses import dataclass

from conversion_tracker.named_person import person_label
from referral.catalog.view import Catalog
from referral.events.attributions import EvidenceKind
from referral.people.known_people import known_people
from referral.people.people_view import People


@dataclass(frozen=True, slots=True)
class KnownReferrers:
    """The participants of the catalog, and what the directory knows about them."""

    catalog: Catalog
    people: People

    def read(self, people: Iterable[str]) -> "KnownReferrers":
        """The same after at most one read to the end for all of these people; look-ups in it never wait."""
        wanted = set(people)
        known_people(wanted, self.people)
        return KnownReferrers(self.catalog.snapshot(), self.people.snapshot())

    def label(self, referrer: str) -> str:
        """Display name and platform id; the person id if they were erased."""
        return person_label(referrer, self.people)

    def evidence_text(self, program: str, kind: EvidenceKind, code: str | None) -> str | None:
        """The code of evidence as people know it: of a mention, whose pseudonym the log has, the handle.

        None for a mention that is of no participant now: what it was is not recorded.
        """
        if kind != "mention" or code is None:
            return code
        holder = self.catalog.snapshot().mention(program, code)
        profile = self.people.snapshot().profile(holder.id) if holder and holder.mention == code else None
        return profile.mention if profile else None
