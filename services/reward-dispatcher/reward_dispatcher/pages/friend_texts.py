"""Friends as the wallet shows them to the person who brought them, and in plain words why one does not count."""

from dataclasses import dataclass
from typing import assert_never

from referral.events.screening import ScreeningReason
from referral.events.timestamps import to_ms
from referral.pages.languages import gettext
from reward_dispatcher.pages.date_texts import day_text
from reward_dispatcher.pages.tickets import Moment
from reward_dispatcher.wallet_parts import Friend, FriendState


@dataclass(frozen=True, slots=True)
class FriendView:
    """A friend: the hint at their name, when they came, the glyph and name of their state, and why they do not count."""

    id: str
    name: str
    since: str
    glyph: str
    state: str
    counts: bool
    why: list[str]
    appealed: bool
    may_appeal: bool


def friend_view(friend: Friend, at: Moment) -> FriendView:
    """Returns what the wallet shows of a friend."""
    glyph, state = _state_text(friend.state)
    return FriendView(
        id=friend.id,
        name=friend.name or gettext("A friend"),
        since=day_text(to_ms(friend.since), at.zone, at.now_ms),
        glyph=glyph,
        state=state,
        counts=friend.state == "counts",
        why=[reason_text(reason) for reason in friend.reasons],
        appealed=friend.appealed,
        may_appeal=friend.may_appeal,
    )


def _state_text(state: FriendState) -> tuple[str, str]:
    match state:
        case "counts":
            return "✓", gettext("Counts")
        case "checking":
            return "⏳", gettext("Being checked")
        case "rejected":
            return "⊘", gettext("Does not count")
        case _:
            assert_never(state)


def reason_text(reason: ScreeningReason) -> str:  # noqa: C901, PLR0911, PLR0912 - a table
    """Returns what a rule of screening found, for the referrer: what it looks at, without the numbers of a program."""
    match reason:
        case "self_referral":
            return gettext("It looks like your own account.")
        case "similar_id":
            return gettext("The account is named almost like yours.")
        case "same_device":
            return gettext("It came from a device that another friend, or you, had used before.")
        case "same_click":
            return gettext("A link that was opened once counts for one friend.")
        case "network_burst":
            return gettext("Many friends came from one network within minutes.")
        case "velocity_per_minute":
            return gettext("Many friends came within one minute.")
        case "disposable_handle":
            return gettext("The account looks as if it was made for a short time.")
        case "churn":
            return gettext("Many of the friends you brought unfollowed soon after.")
        case "deadline_burst":
            return gettext("Many friends came just before the deadline.")
        case "ban":
            return gettext("Your account can no longer take part.")
        case "ring":
            return gettext("People who invite each other in a circle do not count.")
        case "review":
            return gettext("A person on our team looked at it and decided.")
        case "rule_failed":
            return gettext("A check could not be completed, so a person looks at it.")
        case _:
            assert_never(reason)
