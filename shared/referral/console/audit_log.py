"""Writes the audit log."""

from collections.abc import Sequence

import msgspec

from referral.clock import Clock
from referral.events.audit import ActionName, ActionRecorded, DeskPaste, audit_key
from referral.events.ids import random_id
from referral.events.timestamps import to_datetime
from referral.log.publisher import Publisher
from referral.topics import AUDIT

_encode = msgspec.json.Encoder().encode


class AuditLog:
    """Records actions. Record one before it takes effect: an action without a line must not exist."""

    def __init__(self, publisher: Publisher, clock: Clock) -> None:
        self._publisher, self._clock = publisher, clock

    def record(
        self,
        actor: str,
        action: ActionName,
        *,
        program: str = "",
        target: str = "",
        note: str | None = None,
        paste: DeskPaste | None = None,
    ) -> str:
        """Returns the line's id once it is durable; `actor` is that of an operator or API key. Raises NotDurable or Overloaded."""
        line = self._line(actor, action, program, target, note, paste)
        self._publish([line])
        return line.id

    def record_all(self, actor: str, action: ActionName, program: str, targets: Sequence[str]) -> None:
        """The same for one action on many objects: a line for each."""
        self._publish([self._line(actor, action, program, target) for target in targets])

    def _line(
        self,
        actor: str,
        action: ActionName,
        program: str,
        target: str,
        note: str | None = None,
        paste: DeskPaste | None = None,
    ) -> ActionRecorded:
        return ActionRecorded(
            occurred_at=to_datetime(self._clock.now_ms()),
            id=random_id("act"),
            actor=actor,
            action=action,
            program=program,
            target=target,
            note=note,
            paste=paste,
        )

    def _publish(self, lines: Sequence[ActionRecorded]) -> None:
        self._publisher.publish(AUDIT, [(audit_key(line), _encode(line)) for line in lines])
