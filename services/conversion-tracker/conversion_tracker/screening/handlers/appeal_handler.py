"""A referrer appeals against the result of screening."""

from collections.abc import Sequence

from conversion_tracker.screening.conversion import Appeal, with_appeal
from conversion_tracker.screening.handlers.line_handler import (
    ScreenState,
    ScreenStates,
    conversion_state_key,
    loaded_conversion,
    publish_decision,
)
from referral.catalog.view import Catalog
from referral.events.attributions import ConversionAppealed
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Key, Position


class OnAppealed:
    """`conversion.appealed`: the conversion joins the queue of appeals. Only the referrer's own counts, and only the first."""

    def keys(self, line: ConversionAppealed) -> Sequence[Key]:
        """The conversion."""
        return (conversion_state_key(line.referral),)

    def decide(
        self, line: ConversionAppealed, states: ScreenStates, catalog: Catalog, position: Position
    ) -> Decision[ScreenState]:
        """Notes the appeal. Nothing else changes until a person decides."""
        before = loaded_conversion(states, line.referral)
        if before is None or before.referrer != line.referrer:
            return Decision()
        now = with_appeal(before, Appeal(to_ms(line.occurred_at), line.note))
        return publish_decision(line, now, "review") if now else Decision()
