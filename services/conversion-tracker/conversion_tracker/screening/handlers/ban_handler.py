"""A referrer is banned or unbanned: all their active conversions are decided again."""

from collections.abc import Sequence

from msgspec.structs import replace

from conversion_tracker.bans.ban import Ban
from conversion_tracker.screening.conversion import Conversion, with_ban
from conversion_tracker.screening.handlers.line_handler import (
    ScreenState,
    ScreenStates,
    active_conversions,
    history_state_key,
    loaded_history,
    publish_decision,
)
from referral.catalog.view import Catalog
from referral.events.attributions import ReferrerBanned, ReferrerUnbanned
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Key, Position, group_members

BanLine = ReferrerBanned | ReferrerUnbanned


class OnReferrerBan:
    """`referrer.banned`, `referrer.unbanned`: conversions that qualify later meet the rule `ban`."""

    def keys(self, line: BanLine) -> Sequence[Key]:
        """The history of the referrer, and their active conversions."""
        return history_state_key(line.program, line.referrer), active_conversions(line.program, line.referrer)

    def decide(
        self, line: BanLine, states: ScreenStates, catalog: Catalog, position: Position
    ) -> Decision[ScreenState]:
        """Reverses or restores all their conversions. Banning a banned referrer changes nothing."""
        history = loaded_history(states, line.program, line.referrer)
        banned = isinstance(line, ReferrerBanned)
        ban = Ban(line.by, to_ms(line.occurred_at), line.note, line.api_key) if banned else None
        if (history.ban is None) == (ban is None):
            return Decision()
        decision: Decision[ScreenState] = Decision(
            {history_state_key(line.program, line.referrer): replace(history, ban=ban)}
        )
        for conversion in group_members(states, active_conversions(line.program, line.referrer)).values():
            if isinstance(conversion, Conversion):
                part = publish_decision(line, with_ban(conversion, ban is not None), "ban")
                decision.changes.update(part.changes)
                decision.outputs += part.outputs
        return decision
