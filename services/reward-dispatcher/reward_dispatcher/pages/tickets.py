"""Rewards as tickets: name, state, what to do with it, and in plain words what it waits for or why it was taken back."""

from dataclasses import dataclass
from typing import Literal, assert_never

from referral.events.program import Program
from referral.events.reward_rules import Reward
from referral.events.rewards import HoldReason, RevocationReason, handover_of
from referral.events.timestamps import DAY_MS
from referral.pages.amounts import amount_text
from referral.pages.languages import gettext, ngettext
from referral.pages.reward_names import kind_name, reward_name, worth_text
from reward_dispatcher.domain.account import Account, Status
from reward_dispatcher.domain.balance import is_divisible, left
from reward_dispatcher.pages.date_texts import day_text, moment_text
from reward_dispatcher.pages.value_text import value_text

TicketState = Literal["on_its_way", "ready", "used", "expired", "taken_back"]
TICKET_STATES: tuple[TicketState, ...] = ("ready", "on_its_way", "used", "expired", "taken_back")


@dataclass(frozen=True, slots=True)
class Moment:
    """The present, by the clock and the time zone of the program."""

    now_ms: int
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A reward as the wallet shows it. `code` and `counter` (the id that staff scan) are those of a ready one.

    `download` leads to its file, `download_text` is the button, with the kind and size of the file.
    """

    id: str
    name: str
    state: TicketState
    details: list[str]
    code: str | None = None
    download: str | None = None
    download_text: str = ""
    counter: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether its beneficiary can still use it."""
        return self.state in ("ready", "on_its_way")


@dataclass(frozen=True, slots=True)
class Download:
    """A link to the file of a reward, the file's name, and its size in bytes; None if it is missing at the moment."""

    url: str
    name: str
    size: int | None

    @property
    def text(self) -> str:
        """The text of the button: what is downloaded, and how much of a phone's data it takes."""
        if self.size is None:
            return gettext("Download")
        return gettext("Download (%(kind)s, %(size)s)", kind=self._kind(), size=_size_text(self.size))

    def _kind(self) -> str:
        return self.name.rpartition(".")[2].upper()[:5]


def _size_text(size: int) -> str:
    """Returns such as `2.1 MB`: in decimal units, as phones count."""
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))} kB"
    return f"{size / 1_000_000:.1f} MB"


def ticket(account: Account, rule: Reward | None, at: Moment, download: Download | None) -> Ticket:
    """Returns the ticket of a reward; `rule` is None if its program version is not known."""
    state = ticket_state(account.status)
    ready = state == "ready"
    return Ticket(
        id=account.id,
        name=reward_name(rule) if rule else kind_name(account.kind, account.percent),
        state=state,
        details=[text for text in _details(account, rule, state, at) if text],
        code=account.code if ready else None,
        download=download.url if ready and download else None,
        download_text=download.text if ready and download else "",
        counter=account.id if ready and is_at_counter(account, rule) else None,
    )


def ticket_state(status: Status) -> TicketState:
    """Returns the state of a ticket."""
    match status:
        case "held" | "approved":
            return "on_its_way"
        case "fulfilled" | "delivered":
            return "ready"
        case "redeemed":
            return "used"
        case "revoked":
            return "taken_back"
        case "expired":
            return "expired"
        case _:
            assert_never(status)


def is_at_counter(account: Account, rule: Reward | None) -> bool:
    """Whether staff hand the reward over in the store."""
    return handover_of(account.kind, rule.handover if rule else None) == "counter"


def state_text(state: TicketState) -> tuple[str, str]:
    """Returns the glyph and the name of a state."""
    match state:
        case "ready":
            return "●", gettext("Ready")
        case "on_its_way":
            return "⏳", gettext("On its way")
        case "used":
            return "✓", gettext("Used")
        case "expired":
            return "⊘", gettext("Expired")
        case "taken_back":
            return "↩", gettext("Taken back")
        case _:
            assert_never(state)


def find_rule(program: Program | None, rule: str) -> Reward | None:
    """Returns the reward rule with this id; None if the program has none."""
    return next((one for one in program.rewards if one.id == rule), None) if program else None


def _details(account: Account, rule: Reward | None, state: TicketState, at: Moment) -> list[str]:
    match state:
        case "ready":
            return [_worth(account), _use(account, rule), _rest(account), _until(account, at)]
        case "on_its_way":
            return [_worth(account), _waits_for(account, at)]
        case "used":
            return [
                _worth(account),
                _used(account, at),
                *([why_taken_back(account.revocation_reason)] if account.clawback else []),
            ]
        case "expired":
            day = day_text(account.expires_ms or account.changed_ms, at.zone, at.now_ms)
            return [_worth(account), gettext("It could be used until %(day)s.", day=day)]
        case "taken_back":
            return [_worth(account), why_taken_back(account.revocation_reason)]
        case _:
            assert_never(state)


def _worth(account: Account) -> str:
    """What it is worth by the program; otherwise the amount of a credit."""
    if account.worth or account.kind != "credit" or account.value is None:
        return worth_text(account.worth)
    return value_text(account.value)


def _rest(account: Account) -> str:
    """How much is left of what was used in part; empty for what was not."""
    rest = left(account)
    if account.value is None or not is_divisible(account) or rest == account.value.amount:
        return ""
    return gettext("%(rest)s of it is left.", rest=amount_text(rest, account.value.unit))


def _until(account: Account, at: Moment) -> str:
    """Until when it can be used, and how many days are left."""
    if account.expires_ms is None:
        return ""
    days = max(1, -((at.now_ms - account.expires_ms) // DAY_MS))
    day = day_text(account.expires_ms, at.zone, at.now_ms)
    return ngettext("Use it by %(day)s (%(num)d day left)", "Use it by %(day)s (%(num)d days left)", days, day=day)


def _use(account: Account, rule: Reward | None) -> str:  # noqa: C901, PLR0911 - a table
    """What its beneficiary does with it."""
    handover = handover_of(account.kind, rule.handover if rule else None)
    match handover:
        case "code":
            return gettext("Enter the code when you pay.")
        case "file":
            return gettext("Yours to keep. The download link works for 30 days.")
        case "balance":
            return gettext("It was added to your balance.")
        case "entitlement":
            return gettext("It is active. You don't need to do anything.")
        case "task":
            return gettext("Done. Thank you for spreading the word.")
        case "draw_entry":
            return gettext("You are in the draw.")
        case "shipment":
            return gettext("We send it to you by post.")
        case "counter":
            return gettext("Show this at the counter.")
        case _:
            assert_never(handover)


def _waits_for(account: Account, at: Moment) -> str:  # noqa: PLR0911 - a table
    """What a reward on its way waits for, in words for its person."""
    reason: HoldReason | None = account.hold_reason
    match reason:
        case "holding_period":
            return gettext("Arrives on %(day)s", day=day_text(account.due_ms, at.zone, at.now_ms))
        case "manual":
            return gettext("We prepare this one by hand.")
        case "pool_empty":
            return gettext("New codes are on their way. You are in the queue.")
        case "budget":
            return gettext("We are preparing more of these. You are in the queue.")
        case "file_missing":
            return gettext("The file is not ready yet. We have been notified.")
        case "operator":
            return gettext("We are checking this one. You will see the result here.")
        case None:
            return gettext("Arrives in a minute")
        case _:
            assert_never(reason)


def _used(account: Account, at: Moment) -> str:
    return gettext("Used on %(when)s", when=moment_text(account.redeemed_ms or account.changed_ms, at.zone))


def why_taken_back(reason: RevocationReason | None) -> str:  # noqa: C901, PLR0911 - a table
    """Returns why a reward was taken back, in words for its person."""
    match reason:
        case "unfollowed":
            return gettext("The friend unfollowed, so it no longer counts.")
        case "refunded":
            return gettext("The order was refunded.")
        case "corrected":
            return gettext("A mistake in our records was corrected.")
        case "review":
            return gettext("A review found that this referral does not count.")
        case "ban" | "banned":
            return gettext("This account can no longer take part.")
        case "ring":
            return gettext("People who invite each other in a circle do not count.")
        case "operator" | None:
            return gettext("Our team took it back.")
        case "streak_lost":
            return gettext("A friend no longer counts, so there is a gap in your row.")
        case "prize_lost":
            return gettext("The ranking was corrected, and the prize went to someone else.")
        case "milestone_lost":
            return gettext("A friend no longer counts, so the milestone is not reached at the moment.")
        case _:
            assert_never(reason)
