"""The states that a message to an endpoint changes: itself, its places in lists and schedule, and the figures of its endpoint."""

from collections.abc import Mapping
from typing import assert_never

from msgspec.structs import replace

from referral.events.deliveries import (
    DeliveryAttempted,
    DeliveryFact,
    DeliveryReplayed,
    DeliveryScheduled,
    DeliveryStarted,
)
from referral.fold.fold import Key, SortedSetMember, Timer
from reward_dispatcher.domain.endpoint_health import DayFigures, EndpointHealth, add_figures
from reward_dispatcher.domain.message_delivery import KEPT_MS, MessageDelivery, is_undelivered
from reward_dispatcher.domain.outbox import Outbox
from reward_dispatcher.domain.wechat_scenes import WechatScene, WechatSceneCount
from reward_dispatcher.folds import delivery_state_keys as state_keys

State = MessageDelivery | EndpointHealth | Outbox | WechatScene | WechatSceneCount
States = Mapping[Key, State | float | None]
Changes = dict[Key, State | float | None]
MessageLine = DeliveryScheduled | DeliveryStarted | DeliveryAttempted | DeliveryReplayed


def count_delivery(
    before: MessageDelivery | None, after: MessageDelivery, health: EndpointHealth, at_ms: int, *, dropped: bool
) -> EndpointHealth:
    """The endpoint with how many messages wait or are kept, and the figures of a message that ended."""
    waited, waits = before is not None and before.status == "waiting", after.status == "waiting"
    counted = replace(health, waiting=health.waiting + waits - waited)
    if before is not None and is_undelivered(before) and not is_undelivered(after):
        counted = add_figures(counted, before.ended_ms, DayFigures(0, kept=-1))
    kept = is_undelivered(after) and not dropped
    match after.status:
        case "waiting":
            return counted
        case "delivered":
            channels = {after.channel: 1} if after.channel else {}
            latency_ms = max(0, at_ms - after.created_ms)
            return add_figures(counted, at_ms, DayFigures(0, delivered=1, latency_ms=latency_ms, channels=channels))
        case "failed":
            return add_figures(counted, at_ms, DayFigures(0, failed=1, kept=kept, dropped=dropped))
        case "missed":
            return add_figures(counted, at_ms, DayFigures(0, missed=1, kept=kept, dropped=dropped))
        case _:
            assert_never(after.status)


def drop_message(before: MessageDelivery | None) -> Changes:
    """A message that waited until now, or was new, without a place: the state is as if it had never been."""
    if before is None:
        return {}
    due = SortedSetMember(state_keys.due(before.webhook), before.id)
    return {state_keys.message(before.webhook, before.id): None, listed_entry(before): None, due: None}


def message_changes(before: MessageDelivery | None, after: MessageDelivery) -> Changes:
    """The message, its places in the lists and the schedule, and the time at which it is forgotten."""
    key = state_keys.message(after.webhook, after.id)
    changes: Changes = {key: after}
    if before is None or before.status != after.status:
        if before is not None:
            changes[listed_entry(before)] = None
        changes[listed_entry(after)] = float(after.created_ms)
    due = SortedSetMember(state_keys.due(after.webhook), after.id)
    if after.status == "waiting":
        changes[due] = float(after.due_ms)
        if before is not None and before.status != "waiting":
            changes[Timer(key)] = None
    else:
        if before is not None and before.status == "waiting":
            changes[due] = None
        changes[Timer(key)] = float(after.ended_ms + KEPT_MS[after.status])
    return changes


def listed_entry(delivery: MessageDelivery) -> SortedSetMember:
    """The place of a message in the list of its status."""
    return SortedSetMember(state_keys.listed(delivery.webhook, delivery.status), delivery.id)


def endpoint_health(line: DeliveryFact, states: States) -> EndpointHealth:
    """How the endpoint of a line is; one that nothing was recorded of is well."""
    state = states[state_keys.endpoint(line.webhook)]
    return state if isinstance(state, EndpointHealth) else EndpointHealth()


def stored_delivery(line: MessageLine, states: States) -> MessageDelivery | None:
    """The message of a line, if it is known."""
    state = states[state_keys.message(line.webhook, line.message)]
    return state if isinstance(state, MessageDelivery) else None
