"""The texts of messages to promoters, in the language of the request: the program's own words, otherwise the standard ones.

A text is written at the attempt: a reward that has been used or revoked by then is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from babel.dates import format_skeleton
from flask_babel import get_locale

from referral.events.deliveries import PromoterMessage
from referral.events.program import Program
from referral.events.promoter_messages import MessageItem, MessageKind, MessagePlaceholder, fill_message
from referral.pages.languages import gettext, localize, ngettext
from referral.pages.reward_names import kind_name, reward_name
from reward_dispatcher.domain.account import Account
from reward_dispatcher.domain.next_milestone import MilestoneProgress
from reward_dispatcher.pages.date_texts import day_text
from reward_dispatcher.pages.progress_words import progress_words
from reward_dispatcher.pages.tickets import find_rule, ticket_state, why_taken_back

Values = dict[MessagePlaceholder, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFacts:
    """The state at the time of the attempt. `name` is the person's, empty if it is not known; `code` is None without a code.

    `accounts` are the rewards that it is about, `progress` the way to the next milestone. Links lead to the wallet, the share page
    and the poster; `link` is the one to share.
    """

    program: Program
    now_ms: int
    name: str
    accounts: Mapping[str, Account]
    progress: MilestoneProgress | None
    wallet: str
    code: str | None = None
    link: str = ""
    poster: str = ""


@dataclass(frozen=True, slots=True)
class MessageText:
    """A message in words."""

    subject: str
    text: str


def write_message(message: PromoterMessage, facts: MessageFacts) -> MessageText | None:
    """Returns the message; None if nothing of what it is about is still true."""
    parts = [part for item in message.items if (part := write_item(item, facts)) is not None]
    if not parts:
        return None
    program = localize(facts.program.name)
    subject = parts[0].subject if len(parts) == 1 else gettext("News from %(program)s", program=program)
    return MessageText(
        subject, "\n\n".join([*_opening(facts), *(one.text for one in parts), *_closing(message, facts)])
    )


def unsubscribe_text(url: str) -> str:
    """Returns the last line of an e-mail."""
    return gettext("No more messages: %(url)s", url=url)


def _opening(facts: MessageFacts) -> list[str]:
    return [gettext("Hi %(name)s", name=facts.name)] if facts.name else []


def _closing(message: PromoterMessage, facts: MessageFacts) -> list[str]:
    more = [ngettext("%(num)d more thing happened.", "%(num)d more things happened.", message.more)]
    return [*(more if message.more else []), gettext("Your wallet: %(url)s", url=facts.wallet)]


def write_item(item: MessageItem, facts: MessageFacts) -> MessageText | None:
    """Returns one thing that a message is about, without greeting and end; None if it is not true any more."""
    account = facts.accounts.get(item.reward) if item.reward else None
    if not _is_true(item.kind, account):
        return None
    values = _values(item, account, facts)
    template = facts.program.messages.template(item.kind) if facts.program.messages else None
    standard = _standard(item, values, facts)
    if template is None:
        return standard
    given: dict[str, str] = {name: text for name, text in values.items() if text}
    subject = fill_message(localize(template.subject), given) if template.subject else standard.subject
    return MessageText(subject, fill_message(localize(template.text), given))


def _is_true(kind: MessageKind, account: Account | None) -> bool:
    """Whether a statement about a reward is still true."""
    match kind:
        case "reward_ready" | "reward_expiring":
            return account is not None and ticket_state(account.status) == "ready"
        case "reward_revoked":
            return account is not None and ticket_state(account.status) in ("taken_back", "used")
        case "welcome" | "friend_came" | "progress" | "period_closed" | "prize_won" | "thank_you":
            return True
        case _:
            assert_never(kind)


def _values(item: MessageItem, account: Account | None, facts: MessageFacts) -> Values:
    """What the placeholders of a template stand for."""
    progress, zone = facts.progress, facts.program.timezone
    friends = item.friends if item.friends is not None else (progress.friends if progress else 1)
    expires_ms = account.expires_ms if account else None
    return {
        "name": facts.name,
        "program": localize(facts.program.name),
        "code": facts.code or "",
        "link": facts.link,
        "friends": str(friends),
        "missing": str(progress.missing) if progress else "",
        "reward": _reward(item, account, facts),
        "date": day_text(expires_ms, zone, facts.now_ms) if expires_ms else _period(item, facts),
        "reason": why_taken_back(account.revocation_reason) if account else "",
        "prize": _prize(item, facts),
    }


def _reward(item: MessageItem, account: Account | None, facts: MessageFacts) -> str:
    if item.kind == "progress" and facts.progress:
        return reward_name(facts.progress.rule)
    if account is None:
        return ""
    rule = find_rule(facts.program, account.rule)
    return reward_name(rule) if rule else kind_name(account.kind, account.percent)


def _prize(item: MessageItem, facts: MessageFacts) -> str:
    rule = find_rule(facts.program, item.rule or "")
    return reward_name(rule) if rule else item.prize or ""


def _period(item: MessageItem, facts: MessageFacts) -> str:
    """The name of the month of a board, otherwise that of the program."""
    if item.period and len(item.period) == len("2026-11"):
        return str(format_skeleton("yMMMM", datetime.fromisoformat(f"{item.period}-01"), locale=get_locale()))
    return localize(facts.program.name)


def _standard(item: MessageItem, values: Values, facts: MessageFacts) -> MessageText:  # noqa: C901, PLR0911 - a table
    """The standard words. The text repeats the subject, so that it is complete where there is no subject."""
    match item.kind:
        case "welcome":
            return _welcome(values, facts)
        case "progress" if facts.progress:
            return _progress(facts.progress)
        case "friend_came" | "progress":
            return _alone(
                ngettext("%(num)d friend came through you.", "%(num)d friends came through you.", item.friends or 1)
            )
        case "reward_ready":
            return _alone(gettext("Yours now: %(reward)s", reward=values["reward"]))
        case "reward_expiring":
            return _alone(gettext("Use it by %(day)s: %(reward)s", day=values["date"], reward=values["reward"]))
        case "reward_revoked":
            subject = gettext("Taken back: %(reward)s", reward=values["reward"])
            return MessageText(subject, f"{subject}\n{values['reason']}")
        case "period_closed":
            return _period_closed(item, values)
        case "prize_won":
            return _alone(gettext("You won: %(prize)s", prize=values["prize"]))
        case "thank_you":
            return _alone(gettext("Thank you for sharing %(program)s.", program=values["program"]))
        case _:
            assert_never(item.kind)


def _welcome(values: Values, facts: MessageFacts) -> MessageText:
    lines = [gettext("Every friend who follows through you counts. All you need:")]
    if facts.code:
        lines.append(gettext("Your code: %(code)s", code=facts.code))
    if facts.link:
        lines.append(gettext("Your link: %(url)s", url=facts.link))
    if facts.poster:
        lines.append(gettext("Your poster: %(url)s", url=facts.poster))
    return MessageText(gettext("Welcome to %(program)s", program=values["program"]), "\n".join(lines))


def _progress(progress: MilestoneProgress) -> MessageText:
    count, words = progress_words(progress)
    return MessageText(count, f"{count}\n{words}")


def _period_closed(item: MessageItem, values: Values) -> MessageText:
    subject = gettext("%(period)s: the final result", period=values["date"])
    words = ngettext(
        "You brought %(num)d friend. Thank you!", "You brought %(num)d friends. Thank you!", item.friends or 0
    )
    return MessageText(subject, f"{subject}\n{words}")


def _alone(sentence: str) -> MessageText:
    return MessageText(sentence, sentence)


def example_items(at: datetime, kinds: Sequence[MessageKind]) -> tuple[MessageItem, ...]:
    """Items about nothing that exists, for previews; those about a reward name the reward `example`."""
    return tuple(
        MessageItem(
            id=f"msi_{kind}",
            kind=kind,
            at=at,
            reward="example" if kind.startswith("reward_") else None,
            prize="¥99" if kind == "prize_won" else None,
            period=f"{at:%Y-%m}" if kind == "period_closed" else None,
            friends=2 if kind in ("friend_came", "period_closed") else None,
        )
        for kind in kinds
    )
