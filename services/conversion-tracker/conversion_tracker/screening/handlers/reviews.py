"""Somebody decides about a conversion."""

from collections.abc import Sequence

from conversion_tracker.screening.conversion import Review, reviewed
from conversion_tracker.screening.handlers.handler import State, States, conversion_at, conversion_of, said
from referral.catalog.view import Catalog
from referral.events.attributions import ConversionReviewed
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Key, Position


class Reviews:
    """`conversion.reviewed`: outweighs what rules found, but no ban. Kept also where the referral has fallen meanwhile."""

    def keys(self, line: ConversionReviewed) -> Sequence[Key]:
        """The conversion."""
        return (conversion_at(line.referral),)

    def decide(self, line: ConversionReviewed, states: States, catalog: Catalog, position: Position) -> Decision[State]:
        """Cleared or taken back. What was decided before the same way is no news."""
        before = conversion_of(states, line.referral)
        review = Review(line.decision, line.by, to_ms(line.occurred_at), line.note)
        now = reviewed(before, review) if before else None
        return said(line, now, "review") if now else Decision()
