"""The outbox of a person: the waiting message and the messages of seven days. Pure; times are milliseconds.

A message is delayed by bundling, quiet hours and the limit of seven days. Items that are requested before then join it, so at most
one message waits for a person. The line of its attempt closes it; later items open the next one.
"""

from hashlib import blake2b
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from referral.events.promoter_messages import MAX_ITEMS, MessageItem, MessageKind, Messages
from reward_dispatcher.domain.quiet_hours import WEEK_MS, after_bundling, next_free_ms
from reward_dispatcher.domain.wechat_consents import Consents

WaitingReason = Literal["bundling", "quiet_hours", "limit"]
MAX_KNOWN = 32
MAX_SHOWN = 20


class Outbox(Struct, frozen=True, array_like=True, tag="outbox"):
    """`number` counts the messages of the person; `waiting` is what the last one is about while it can still change.

    `due_ms` is when it is sent, `opened_ms` when its first item was requested, `more` what it had no room for. `scheduled_ms` are
    the times of the messages of seven days. `known` are hashes of the last items, `shown` the last items, for the wallet.
    `email_closed_ms`: since when the address of the person is known to take no messages. `consents` are those to subscription
    messages of WeChat.
    """

    number: int = 0
    waiting: tuple[MessageItem, ...] = ()
    due_ms: int = 0
    opened_ms: int = 0
    scheduled_ms: tuple[int, ...] = ()
    known: tuple[int, ...] = ()
    shown: tuple[MessageItem, ...] = ()
    welcomed: bool = False
    email_closed_ms: int | None = None
    more: int = 0
    consents: Consents = ()


_COUNTED: frozenset[MessageKind] = frozenset({"friend_came", "progress"})
"""Kinds of which a message has one item, with how many there were."""


def message_name(person: str, number: int) -> str:
    """Returns the id of a person's message: the same whenever it is derived."""
    return f"{person}-{number}"


def person_of_message(message: str) -> str:
    """Returns the person of a message's id."""
    return message.rpartition("-")[0]


def number_of_message(message: str) -> int:
    """Returns which message of the person it is."""
    return int(message.rpartition("-")[2])


def add_item(outbox: Outbox, item: MessageItem, at_ms: int, rules: Messages, zone: str) -> Outbox | None:
    """Returns the outbox with an item that was requested at a time; None if the program sends no such message, or it is known."""
    mark = _mark(item.id)
    if item.kind not in rules.kinds or mark in outbox.known or (item.kind == "welcome" and outbox.welcomed):
        return None
    known = replace(
        outbox,
        known=(*outbox.known, mark)[-MAX_KNOWN:],
        shown=(*outbox.shown, item)[-MAX_SHOWN:],
        welcomed=outbox.welcomed or item.kind == "welcome",
    )
    return _join(known, item) if outbox.waiting else _open(known, (item,), at_ms, rules, zone)


def close(outbox: Outbox, number: int, items: int, at_ms: int, rules: Messages, zone: str) -> Outbox:
    """Returns the outbox after message `number` was handed over with its first `items` items: the others open the next one."""
    if number != outbox.number or not outbox.waiting:
        return outbox
    left = outbox.waiting[items:]
    closed = replace(outbox, waiting=(), more=0)
    return _open(closed, left, at_ms, rules, zone) if left else closed


def waiting_reason(outbox: Outbox, rules: Messages) -> WaitingReason:
    """Returns why the waiting message of a person is not sent yet, by the rules in force.

    `bundling`: for other things that go with it; `limit`: the person has had `per_week` messages in seven days.
    """
    bundled_ms = after_bundling(outbox.opened_ms, rules)
    earlier = outbox.scheduled_ms[:-1]
    if len(earlier) >= rules.per_week and earlier[-rules.per_week] + WEEK_MS > bundled_ms:
        return "limit"
    return "bundling" if outbox.due_ms <= bundled_ms else "quiet_hours"


def _join(outbox: Outbox, item: MessageItem) -> Outbox:
    """Adds the item to the message that waits: counted with one of its kind, in a place of its own, or beyond them."""
    waiting = outbox.waiting
    for index, one in enumerate(waiting):
        if one.kind == item.kind and item.kind in _COUNTED:
            counted = replace(one, friends=(one.friends or 1) + 1)
            return replace(outbox, waiting=(*waiting[:index], counted, *waiting[index + 1 :]))
    if len(waiting) < MAX_ITEMS:
        return replace(outbox, waiting=(*waiting, item))
    return replace(outbox, more=outbox.more + 1)


def _open(outbox: Outbox, items: tuple[MessageItem, ...], at_ms: int, rules: Messages, zone: str) -> Outbox:
    earlier = tuple(one for one in outbox.scheduled_ms if one > at_ms - WEEK_MS)
    due_ms = next_free_ms(after_bundling(at_ms, rules), earlier, rules, zone)
    return replace(
        outbox,
        number=outbox.number + 1,
        waiting=items,
        due_ms=due_ms,
        opened_ms=at_ms,
        scheduled_ms=(*earlier, due_ms),
    )


def _mark(id: str) -> int:
    return int.from_bytes(blake2b(id.encode(), digest_size=6).digest(), "big")
