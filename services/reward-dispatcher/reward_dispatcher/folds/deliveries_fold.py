"""Deliveries → deliveries: which message is due when, and how each endpoint is, in the order of the log.

The worker and the HTTP API write the lines; the fold adds the warnings and the end of an endpoint that only fails.
"""

from collections.abc import Sequence
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.events.deliveries import (
    ChannelClosed,
    ChannelOpened,
    DeliveryAttempted,
    DeliveryFact,
    DeliveryLine,
    DeliveryReplayed,
    DeliveryScheduled,
    DeliveryStarted,
    EndpointDisabled,
    EndpointEnabled,
    EndpointFull,
    EndpointLimit,
    EndpointWarned,
    MessageRequested,
    WechatConsentGiven,
    WechatConsentsEnded,
    WechatLeft,
    WechatOpened,
    WechatSceneCreated,
    delivery_key,
)
from referral.events.line import ClockTicked
from referral.events.promoter_messages import is_people_endpoint
from referral.events.timestamps import to_datetime, to_ms
from referral.fold.fold import Decision, Key, Output, Position, SortedSetMember
from referral.topics import DELIVERIES, Topic
from reward_dispatcher.domain.endpoint_health import (
    MAX_UNDELIVERED,
    MAX_WAITING,
    DayFigures,
    EndpointHealth,
    HealthChange,
    add_figures,
    disable,
    enable,
    record_failure,
    record_limit,
    record_success,
    undelivered,
)
from reward_dispatcher.domain.mail_endpoint import is_webhook
from reward_dispatcher.domain.message_delivery import (
    MessageDelivery,
    apply_attempt,
    is_undelivered,
    replay,
    schedule,
    start_attempt,
)
from reward_dispatcher.domain.wechat_scenes import WechatScene, WechatSceneCount
from reward_dispatcher.folds import delivery_state_keys as state_keys
from reward_dispatcher.folds.delivery_changes import (
    MessageLine,
    State,
    States,
    count_delivery,
    drop_message,
    endpoint_health,
    listed_entry,
    message_changes,
    stored_delivery,
)
from reward_dispatcher.folds.promoter_cases import (
    channel_decision,
    close_message,
    consent_decision,
    outbox_keys,
    request_decision,
)


class DeliveriesFold:
    """Keeps the schedule of every message and the health of every endpoint."""

    name = state_keys.DELIVERIES_FOLD
    service = state_keys.SERVICE
    source: Topic = DELIVERIES
    outputs: Sequence[Topic] = (DELIVERIES,)
    ignored: Sequence[type[Struct]] = (EndpointWarned, EndpointFull, WechatOpened, WechatLeft)
    state: object = State
    keeps_order = True

    def keys(self, line: DeliveryLine) -> Sequence[Key]:
        """The endpoint, and the message of a line about one."""
        match line:
            case DeliveryStarted() | DeliveryAttempted() if is_people_endpoint(line.webhook):
                return *outbox_keys(line), state_keys.message(line.webhook, line.message)
            case DeliveryScheduled() | DeliveryStarted() | DeliveryAttempted() | DeliveryReplayed():
                return state_keys.endpoint(line.webhook), state_keys.message(line.webhook, line.message)
            case MessageRequested() | ChannelClosed() | ChannelOpened() | WechatConsentGiven() | WechatConsentsEnded():
                return outbox_keys(line)
            case EndpointDisabled() | EndpointEnabled():
                return (state_keys.endpoint(line.webhook),)
            case WechatSceneCreated():
                return state_keys.scene(line.webhook, line.person), state_keys.scene_count(line.webhook)
            case EndpointWarned() | EndpointFull() | WechatOpened() | WechatLeft() | ClockTicked():
                return ()
            case _:
                assert_never(line)

    def decide(  # noqa: C901, PLR0911 - a table
        self, line: DeliveryLine, states: States, catalog: Catalog, position: Position
    ) -> Decision[State]:
        """Returns the message and the endpoint after the line, and what the endpoint's failures lead to."""
        match line:
            case DeliveryScheduled() | DeliveryStarted() | DeliveryAttempted() | DeliveryReplayed():
                decision = _message_decision(line, endpoint_health(line, states), stored_delivery(line, states))
                if isinstance(line, DeliveryStarted | DeliveryAttempted) and is_people_endpoint(line.webhook):
                    return close_message(line, decision, states, catalog)
                return decision
            case MessageRequested():
                return request_decision(line, states, catalog, position.recorded_at_ms)
            case ChannelClosed() | ChannelOpened():
                return channel_decision(line, states)
            case WechatConsentGiven() | WechatConsentsEnded():
                return consent_decision(line, states)
            case EndpointDisabled():
                return _endpoint_decision(line, _disabled(line, endpoint_health(line, states)))
            case EndpointEnabled():
                return _endpoint_decision(line, enable(endpoint_health(line, states)))
            case WechatSceneCreated():
                return _scene_decision(line, states)
            case EndpointWarned() | EndpointFull() | WechatOpened() | WechatLeft() | ClockTicked():
                return Decision()
            case _:
                assert_never(line)

    def on_timer(
        self, tick: ClockTicked, key: str, state: State, catalog: Catalog, position: Position
    ) -> Decision[State]:
        """Forgets a delivery that ended long ago."""
        if not isinstance(state, MessageDelivery) or state.status == "waiting":
            return Decision()
        return Decision({key: None, listed_entry(state): None})


def _scene_decision(line: WechatSceneCreated, states: States) -> Decision[State]:
    """The newest QR code of a participant, and how many permanent ones the account has: they are never deleted."""
    counted = states[state_keys.scene_count(line.webhook)]
    count = counted.permanent if isinstance(counted, WechatSceneCount) else 0
    expires_ms = to_ms(line.expires_at) if line.expires_at else None
    return Decision(
        {
            state_keys.scene(line.webhook, line.person): WechatScene(line.url, expires_ms),
            state_keys.scene_count(line.webhook): WechatSceneCount(count + (expires_ms is None)),
        }
    )


def _disabled(line: EndpointDisabled, health: EndpointHealth) -> EndpointHealth:
    """What this fold decided itself is in the state since then, and an operator may have enabled the endpoint again."""
    if line.reason in ("gone", "failing"):
        return health
    return disable(health, line.reason, to_ms(line.occurred_at))


def _message_decision(line: MessageLine, health: EndpointHealth, before: MessageDelivery | None) -> Decision[State]:
    after = _transition(line, health, before)
    if after is None:
        return Decision()
    changed = _attempted(line, health) if isinstance(line, DeliveryAttempted) else HealthChange(health)
    at_ms = to_ms(line.occurred_at)
    ends = is_undelivered(after) and not is_undelivered(before)
    dropped = ends and undelivered(health, at_ms) >= MAX_UNDELIVERED
    if limit := _limit(line, health, after, dropped=dropped):
        changed = record_limit(changed, limit)
    counted = count_delivery(before, after, changed.health, at_ms, dropped=dropped)
    changes: dict[Key, State | float | None] = {state_keys.endpoint(line.webhook): counted}
    changes |= drop_message(before) if dropped else message_changes(before, after)
    if (health.waiting > 0) != (counted.waiting > 0):
        changes[SortedSetMember(state_keys.ACTIVE, line.webhook)] = 0.0 if counted.waiting > 0 else None
    return Decision(changes, _outputs(line, changed))


def _limit(line: MessageLine, health: EndpointHealth, after: MessageDelivery, *, dropped: bool) -> EndpointLimit | None:
    """The limit of the endpoint that the message has met."""
    if dropped:
        return "undelivered"
    is_refused = isinstance(line, DeliveryScheduled) and after.status == "missed" and health.disabled is None
    return "waiting" if is_refused else None


def _transition(line: MessageLine, health: EndpointHealth, before: MessageDelivery | None) -> MessageDelivery | None:
    """The message after a line; None if it changes nothing. An endpoint that is disabled or full is sent nothing again."""
    has_room = health.waiting < MAX_WAITING
    match line:
        case DeliveryScheduled():
            return schedule(line, missed=health.disabled is not None or not has_room) if before is None else None
        case DeliveryStarted():
            return start_attempt(before, line.number) if before is not None else None
        case DeliveryAttempted():
            return apply_attempt(before, line) if before is not None else None
        case DeliveryReplayed():
            if before is None or health.disabled is not None or (is_undelivered(before) and not has_room):
                return None
            return replay(before, to_ms(line.occurred_at))
        case _:
            assert_never(line)


def _attempted(line: DeliveryAttempted, health: EndpointHealth) -> HealthChange:
    """The endpoint after an attempt; one that was not made, or that this system failed to build, says nothing about it.

    E-mails and WeChat messages that fail are tried again, and no more: those servers are no endpoints to warn anyone of.
    """
    at_ms = to_ms(line.occurred_at)
    if not is_webhook(line.webhook) and line.outcome != "accepted":
        return HealthChange(health)
    match line.outcome:
        case "accepted":
            return HealthChange(record_success(health, at_ms))
        case "failed":
            change = record_failure(health, at_ms, line.failure, line.status)
            return change._replace(health=add_figures(change.health, at_ms, DayFigures(0, failed_attempts=1)))
        case "gone":
            change = record_failure(health, at_ms, line.failure, line.status)
            gone = disable(replace(change.health, disabled=health.disabled), "gone", at_ms)
            counted = add_figures(gone, at_ms, DayFigures(0, failed_attempts=1))
            return HealthChange(counted, disables=health.disabled is None)
        case "unsent" | "missed" | "unconfirmed":
            return HealthChange(health)
        case _:
            assert_never(line.outcome)


def _endpoint_decision(line: EndpointDisabled | EndpointEnabled, health: EndpointHealth) -> Decision[State]:
    return Decision({state_keys.endpoint(line.webhook): health})


def _outputs(line: MessageLine, change: HealthChange) -> list[Output]:
    """The warning, the end or the limit that a line led to."""
    facts: list[DeliveryFact] = []
    common = {"occurred_at": line.occurred_at, "program": line.program, "webhook": line.webhook}
    if change.warning is not None:
        since = to_datetime(change.health.failing_since_ms or 0)
        facts.append(EndpointWarned(**common, percent=change.warning, failing_since=since))  # type: ignore[arg-type]
    if change.reaches is not None and is_webhook(line.webhook):
        facts.append(EndpointFull(**common, limit=change.reaches))  # type: ignore[arg-type]
    if change.disables:
        facts.append(EndpointDisabled(**common, reason=change.health.disabled or "failing"))  # type: ignore[arg-type]
    return [Output(DELIVERIES, fact, delivery_key(fact)) for fact in facts]
