"""A referrer is banned, or free again: all that stands of theirs is judged anew."""

from collections.abc import Sequence

from msgspec.structs import replace

from conversion_tracker.bans.ban import Ban
from conversion_tracker.screening.conversion import Conversion, shut_out
from conversion_tracker.screening.handlers.handler import State, States, brought_by, referrer_at, referrer_of, said
from referral.catalog.view import Catalog
from referral.events.attributions import ReferrerBanned, ReferrerUnbanned
from referral.events.timestamps import to_ms
from referral.fold.fold import Decision, Key, Position, group_members

Line = ReferrerBanned | ReferrerUnbanned


class Bans:
    """`referrer.banned` and `referrer.unbanned`: what qualifies later meets the rule `ban`."""

    def keys(self, line: Line) -> Sequence[Key]:
        """The referrer, and every conversion of theirs that stands."""
        return referrer_at(line.program, line.referrer), brought_by(line.program, line.referrer)

    def decide(self, line: Line, states: States, catalog: Catalog, position: Position) -> Decision[State]:
        """All of theirs taken back, or given again. A ban of who is banned is no news."""
        referrer = referrer_of(states, line.program, line.referrer)
        ban = Ban(line.by, to_ms(line.occurred_at), line.note) if isinstance(line, ReferrerBanned) else None
        if (referrer.ban is None) == (ban is None):
            return Decision()
        decision: Decision[State] = Decision({referrer_at(line.program, line.referrer): replace(referrer, ban=ban)})
        for one in group_members(states, brought_by(line.program, line.referrer)).values():
            if isinstance(one, Conversion):
                part = said(line, shut_out(one, ban is not None), "ban")
                decision.changes.update(part.changes)
                decision.outputs += part.outputs
        return decision
