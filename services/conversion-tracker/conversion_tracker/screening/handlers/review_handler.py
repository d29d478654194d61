"""An operator reviews a conversion."""

from collections.abc import Sequence

from conversion_tracker.screening.conversion import Review, with_review
from conversion_tracker.screening.handlers.line_handler import (
    ScreenState,
    ScreenStates,
    conversion_state_key,
    loaded_conversion,
    publish_decision,
)
from referral.catalog.view import Catalog
from referral.events.attributions import ConversionReviewed
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Key, Position


class OnReviewed:
    """`conversion.reviewed`: outweighs findings of rules, but not a ban. It is stored even if the referral has been reversed."""

    def keys(self, line: ConversionReviewed) -> Sequence[Key]:
        """The conversion."""
        return (conversion_state_key(line.referral),)

    def decide(
        self, line: ConversionReviewed, states: ScreenStates, catalog: Catalog, position: Position
    ) -> Decision[ScreenState]:
        """Clears or rejects the conversion, or takes that back. The same decision again changes nothing."""
        before = loaded_conversion(states, line.referral)
        now = with_review(before, _review(line)) if before else None
        return publish_decision(line, now, "review") if now else Decision()


def _review(line: ConversionReviewed) -> Review | None:
    """The review that a line leads to; None for one that is withdrawn."""
    if line.decision == "withdrawn":
        return None
    return Review(line.decision, line.by, to_ms(line.occurred_at), line.note, line.api_key)
