"""Deliveries → deliveries: which message is due when, and how each endpoint is, in the order of the log.

The worker and the HTTP API write the lines; the fold adds the warnings and the end of an endpoint that only fails.
"""

from collections.abc import Mapping, Sequence
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from referral.catalog.view import Catalog
from referral.events.deliveries import (
    DeliveryAttempted,
    DeliveryFact,
    DeliveryLine,
    DeliveryReplayed,
    DeliveryScheduled,
    EndpointDisabled,
    EndpointEnabled,
    EndpointFull,
    EndpointLimit,
    EndpointWarned,
    delivery_key,
)
from referral.events.line import ClockTicked
from referral.events.timestamps import to_datetime, to_ms
from referral.fold.fold import Decision, Key, Output, Position, SortedSetMember, Timer
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
from reward_dispatcher.domain.mail_endpoint import is_mail
from reward_dispatcher.domain.message_delivery import (
    KEPT_MS,
    MessageDelivery,
    apply_attempt,
    is_undelivered,
    replay,
    schedule,
)
from reward_dispatcher.folds import delivery_state_keys as state_keys

State = MessageDelivery | EndpointHealth
_States = Mapping[Key, State | float | None]
_MessageLine = DeliveryScheduled | DeliveryAttempted | DeliveryReplayed


class DeliveriesFold:
    """Keeps the schedule of every message and the health of every endpoint."""

    name = state_keys.DELIVERIES_FOLD
    service = state_keys.SERVICE
    source: Topic = DELIVERIES
    outputs: Sequence[Topic] = (DELIVERIES,)
    ignored: Sequence[type[Struct]] = (EndpointWarned, EndpointFull)
    state: object = State
    keeps_order = True

    def keys(self, line: DeliveryLine) -> Sequence[Key]:
        """The endpoint, and the message of a line about one."""
        match line:
            case DeliveryScheduled() | DeliveryAttempted() | DeliveryReplayed():
                return state_keys.endpoint(line.webhook), state_keys.message(line.webhook, line.message)
            case EndpointDisabled() | EndpointEnabled():
                return (state_keys.endpoint(line.webhook),)
            case EndpointWarned() | EndpointFull() | ClockTicked():
                return ()
            case _:
                assert_never(line)

    def decide(self, line: DeliveryLine, states: _States, catalog: Catalog, position: Position) -> Decision[State]:
        """Returns the message and the endpoint after the line, and what the endpoint's failures lead to."""
        match line:
            case DeliveryScheduled() | DeliveryAttempted() | DeliveryReplayed():
                return _message_decision(line, _health(line, states), _delivery(line, states))
            case EndpointDisabled():
                return _endpoint_decision(line, _disabled(line, _health(line, states)))
            case EndpointEnabled():
                return _endpoint_decision(line, enable(_health(line, states)))
            case EndpointWarned() | EndpointFull() | ClockTicked():
                return Decision()
            case _:
                assert_never(line)

    def on_timer(
        self, tick: ClockTicked, key: str, state: State, catalog: Catalog, position: Position
    ) -> Decision[State]:
        """Forgets a delivery that ended long ago."""
        if not isinstance(state, MessageDelivery) or state.status == "waiting":
            return Decision()
        return Decision({key: None, _listed(state): None})


def _disabled(line: EndpointDisabled, health: EndpointHealth) -> EndpointHealth:
    """What this fold decided itself is in the state since then, and an operator may have enabled the endpoint again."""
    if line.reason in ("gone", "failing"):
        return health
    return disable(health, line.reason, to_ms(line.occurred_at))


def _message_decision(line: _MessageLine, health: EndpointHealth, before: MessageDelivery | None) -> Decision[State]:
    after = _transition(line, health, before)
    if after is None:
        return Decision()
    changed = _attempted(line, health) if isinstance(line, DeliveryAttempted) else HealthChange(health)
    at_ms = to_ms(line.occurred_at)
    ends = is_undelivered(after) and not is_undelivered(before)
    dropped = ends and undelivered(health, at_ms) >= MAX_UNDELIVERED
    if limit := _limit(line, health, after, dropped=dropped):
        changed = record_limit(changed, limit)
    counted = _counted(before, after, changed.health, at_ms, dropped=dropped)
    changes: dict[Key, State | float | None] = {state_keys.endpoint(line.webhook): counted}
    changes |= _dropped(before) if dropped else _message_changes(before, after)
    if (health.waiting > 0) != (counted.waiting > 0):
        changes[SortedSetMember(state_keys.ACTIVE, line.webhook)] = 0.0 if counted.waiting > 0 else None
    return Decision(changes, _outputs(line, changed))


def _limit(
    line: _MessageLine, health: EndpointHealth, after: MessageDelivery, *, dropped: bool
) -> EndpointLimit | None:
    """The limit of the endpoint that the message has met."""
    if dropped:
        return "undelivered"
    is_refused = isinstance(line, DeliveryScheduled) and after.status == "missed" and health.disabled is None
    return "waiting" if is_refused else None


def _transition(line: _MessageLine, health: EndpointHealth, before: MessageDelivery | None) -> MessageDelivery | None:
    """The message after a line; None if it changes nothing. An endpoint that is disabled or full is sent nothing again."""
    has_room = health.waiting < MAX_WAITING
    match line:
        case DeliveryScheduled():
            return schedule(line, missed=health.disabled is not None or not has_room) if before is None else None
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

    E-mails that fail are tried again, and no more: a mail server is no endpoint that someone has to be warned of.
    """
    at_ms = to_ms(line.occurred_at)
    if is_mail(line.webhook) and line.outcome != "accepted":
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
        case "unsent" | "missed":
            return HealthChange(health)
        case _:
            assert_never(line.outcome)


def _counted(
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
            return add_figures(counted, at_ms, DayFigures(0, delivered=1, latency_ms=max(0, at_ms - after.created_ms)))
        case "failed":
            return add_figures(counted, at_ms, DayFigures(0, failed=1, kept=kept, dropped=dropped))
        case "missed":
            return add_figures(counted, at_ms, DayFigures(0, missed=1, kept=kept, dropped=dropped))
        case _:
            assert_never(after.status)


def _dropped(before: MessageDelivery | None) -> dict[Key, State | float | None]:
    """A message that waited until now, or was new, without a place: the state is as if it had never been."""
    if before is None:
        return {}
    due = SortedSetMember(state_keys.due(before.webhook), before.id)
    return {state_keys.message(before.webhook, before.id): None, _listed(before): None, due: None}


def _message_changes(before: MessageDelivery | None, after: MessageDelivery) -> dict[Key, State | float | None]:
    """The message, its places in the lists and the schedule, and the time at which it is forgotten."""
    key = state_keys.message(after.webhook, after.id)
    changes: dict[Key, State | float | None] = {key: after}
    if before is None or before.status != after.status:
        if before is not None:
            changes[_listed(before)] = None
        changes[_listed(after)] = float(after.created_ms)
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


def _endpoint_decision(line: EndpointDisabled | EndpointEnabled, health: EndpointHealth) -> Decision[State]:
    return Decision({state_keys.endpoint(line.webhook): health})


def _outputs(line: _MessageLine, change: HealthChange) -> list[Output]:
    """The warning, the end or the limit that a line led to."""
    facts: list[DeliveryFact] = []
    common = {"occurred_at": line.occurred_at, "program": line.program, "webhook": line.webhook}
    if change.warning is not None:
        since = to_datetime(change.health.failing_since_ms or 0)
        facts.append(EndpointWarned(**common, percent=change.warning, failing_since=since))  # type: ignore[arg-type]
    if change.reaches is not None and not is_mail(line.webhook):
        facts.append(EndpointFull(**common, limit=change.reaches))  # type: ignore[arg-type]
    if change.disables:
        facts.append(EndpointDisabled(**common, reason=change.health.disabled or "failing"))  # type: ignore[arg-type]
    return [Output(DELIVERIES, fact, delivery_key(fact)) for fact in facts]


def _listed(delivery: MessageDelivery) -> SortedSetMember:
    return SortedSetMember(state_keys.listed(delivery.webhook, delivery.status), delivery.id)


def _health(line: DeliveryFact, states: _States) -> EndpointHealth:
    state = states[state_keys.endpoint(line.webhook)]
    return state if isinstance(state, EndpointHealth) else EndpointHealth()


def _delivery(line: _MessageLine, states: _States) -> MessageDelivery | None:
    state = states[state_keys.message(line.webhook, line.message)]
    return state if isinstance(state, MessageDelivery) else None
