"""The cases of messages to promoters in the fold `deliveries`: requested items wait in the outbox of the person."""

from collections.abc import Sequence

from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.events.deliveries import (
    ChannelClosed,
    ChannelOpened,
    DeliveryAttempted,
    DeliveryReplayed,
    DeliveryStarted,
    MessageRequested,
    PromoterMessage,
    WechatConsentGiven,
    WechatConsentsEnded,
)
from referral.events.entities import ProgramVersion
from referral.events.promoter_messages import Messages
from referral.events.timestamps import to_datetime, to_ms
from referral.fold.fold import Decision, Key, SortedSetMember
from reward_dispatcher.domain.endpoint_health import MAX_WAITING, EndpointHealth
from reward_dispatcher.domain.message_delivery import MessageDelivery
from reward_dispatcher.domain.outbox import (
    Outbox,
    add_item,
    close,
    message_name,
    number_of_message,
    person_of_message,
)
from reward_dispatcher.domain.wechat_consents import add_consent, end_consents, use_consent
from reward_dispatcher.folds import delivery_state_keys as state_keys
from reward_dispatcher.folds.delivery_changes import (
    Changes,
    State,
    States,
    count_delivery,
    endpoint_health,
    message_changes,
)

_ClosingLine = DeliveryStarted | DeliveryAttempted
_ChannelLine = ChannelClosed | ChannelOpened
_ConsentLine = WechatConsentGiven | WechatConsentsEnded
_OutboxLine = MessageRequested | _ChannelLine | _ConsentLine | _ClosingLine | DeliveryReplayed


def outbox_keys(line: _OutboxLine) -> Sequence[Key]:
    """The outbox that a line about a person is for, and its endpoint."""
    return state_keys.endpoint(line.webhook), state_keys.outbox(line.webhook, _person_of(line))


def _person_of(line: _OutboxLine) -> str:
    match line:
        case DeliveryStarted() | DeliveryAttempted() | DeliveryReplayed():
            return person_of_message(line.message)
        case _:
            return line.person


def request_decision(line: MessageRequested, states: States, catalog: Catalog, recorded_at_ms: int) -> Decision[State]:
    """Adds the item to the waiting message of the person, or opens a message.

    No change if the program does not send the kind. Delays are counted from the time of the record if that is later.
    """
    at_ms = max(to_ms(line.occurred_at), recorded_at_ms)
    terms = catalog.program_at(line.program, at_ms)
    if terms is None or terms.program.messages is None:
        return Decision()
    before = _outbox(line.webhook, line.person, states)
    after = add_item(before, line.item, at_ms, terms.program.messages, terms.program.timezone)
    if after is None:
        return Decision()
    place = _Place(line.program, line.webhook, line.person)
    return Decision(place.changes(before, after, endpoint_health(line, states), at_ms))


def close_message(line: _ClosingLine, decision: Decision[State], states: States, catalog: Catalog) -> Decision[State]:
    """Adds to the decision about an attempt the change of the outbox: remaining items open the next message."""
    person, number = person_of_message(line.message), number_of_message(line.message)
    before, at_ms = _outbox(line.webhook, person, states), to_ms(line.occurred_at)
    items = line.items if isinstance(line, DeliveryStarted) else len(before.waiting)
    rules, zone = _rules(catalog.program_at(line.program, at_ms))
    after = close(_with_consent_used(before, line), number, items, at_ms, rules, zone)
    if after != before:
        changed = decision.changes.get(state_keys.endpoint(line.webhook))
        health = changed if isinstance(changed, EndpointHealth) else endpoint_health(line, states)
        decision.changes |= _Place(line.program, line.webhook, person).changes(before, after, health, at_ms)
    return decision


def _with_consent_used(outbox: Outbox, line: _ClosingLine) -> Outbox:
    """The outbox after an attempt was begun: it uses the consent whether or not the message arrives."""
    template = line.template if isinstance(line, DeliveryStarted) else None
    return replace(outbox, consents=use_consent(outbox.consents, template)) if template else outbox


def channel_decision(line: _ChannelLine, states: States) -> Decision[State]:
    """Records since when the e-mail of a person is closed, also in the list of the endpoint; or that it is open again.

    A line about an earlier e-mail than the last one that came back changes nothing.
    """
    if line.channel != "email":
        return Decision()
    before = _outbox(line.webhook, line.person, states)
    closed_ms = max(to_ms(line.occurred_at), before.email_closed_ms or 0) if isinstance(line, ChannelClosed) else None
    entry = SortedSetMember(state_keys.closed(line.webhook), line.person)
    score = float(closed_ms) if closed_ms is not None else None
    outbox = replace(before, email_closed_ms=closed_ms)
    return Decision({state_keys.outbox(line.webhook, line.person): outbox, entry: score})


def consent_decision(line: _ConsentLine, states: States) -> Decision[State]:
    """Records a consent to a subscription message, or that earlier ones have ended."""
    before, at_ms = _outbox(line.webhook, line.person, states), to_ms(line.occurred_at)
    if isinstance(line, WechatConsentGiven):
        consents = add_consent(before.consents, line.template, at_ms)
    else:
        consents = end_consents(before.consents, line.template, at_ms)
    if consents == before.consents:
        return Decision()
    return Decision({state_keys.outbox(line.webhook, line.person): replace(before, consents=consents)})


class _Place:
    """Where the messages to a person are: program, endpoint, person."""

    def __init__(self, program: str, endpoint: str, person: str) -> None:
        self._program = program
        self._endpoint = endpoint
        self._person = person

    def changes(self, before: Outbox, after: Outbox, health: EndpointHealth, at_ms: int) -> Changes:
        """The outbox from now on, and the message that waits, if it changes. Without a place at the endpoint it is missed."""
        if not after.waiting:
            return {state_keys.outbox(self._endpoint, self._person): after}
        is_new = after.number != before.number
        delivery = self._delivery(after)
        if is_new and health.waiting >= MAX_WAITING:
            delivery = replace(delivery, status="missed", ended_ms=at_ms)
            after = replace(after, waiting=(), more=0)
        former = None if is_new else self._delivery(before)
        counted = count_delivery(former, delivery, health, at_ms, dropped=False)
        return {
            state_keys.outbox(self._endpoint, self._person): after,
            state_keys.endpoint(self._endpoint): counted,
            SortedSetMember(state_keys.ACTIVE, self._endpoint): 0.0 if counted.waiting > 0 else None,
            **message_changes(former, delivery),
        }

    def _delivery(self, outbox: Outbox) -> MessageDelivery:
        content = PromoterMessage(
            occurred_at=to_datetime(outbox.opened_ms),
            program=self._program,
            person=self._person,
            items=outbox.waiting,
            more=outbox.more,
        )
        name = message_name(self._person, outbox.number)
        return MessageDelivery(self._endpoint, name, content, outbox.opened_ms, outbox.due_ms)


def _outbox(endpoint: str, person: str, states: States) -> Outbox:
    state = states[state_keys.outbox(endpoint, person)]
    return state if isinstance(state, Outbox) else Outbox()


def _rules(terms: ProgramVersion | None) -> tuple[Messages, str]:
    if terms is None:
        return Messages(), "UTC"
    return terms.program.messages or Messages(), terms.program.timezone
