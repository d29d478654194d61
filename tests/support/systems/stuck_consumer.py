"""Reward-dispatcher whose consumers have partitions and get no record: `python -m tests.support.systems.stuck_consumer worker`.

As seen after a rough start of the broker: the process is connected, and its connection delivers nothing.
"""

import asyncio
import sys
import time
from typing import Any

from referral.log.source import KafkaSource, Record
from referral.topics import Topic
from reward_dispatcher import __main__ as service
from reward_dispatcher.delivery.worker import DeliveryWorker

_poll = KafkaSource.poll


async def _receive_nothing(worker: DeliveryWorker, topic: Topic, stream: Any) -> None:
    await asyncio.Event().wait()


def _poll_nothing(source: KafkaSource, timeout: float) -> dict[int, list[Record]]:
    """Polls, so that the membership of the group is kept, and loses what it gets."""
    time.sleep(min(timeout, 0.05))
    _poll(source, timeout)
    return {}


if __name__ == "__main__":
    DeliveryWorker._receive = _receive_nothing  # type: ignore[method-assign]
    KafkaSource.poll = _poll_nothing  # type: ignore[method-assign]
    service.main(sys.argv[1:])
