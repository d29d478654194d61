"""Writes the lines that put dead letters through their folds again, each on the topic and partition that it came from."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from referral.events.ids import random_id
from referral.events.rejected import LineRejected, retry_of
from referral.log.fold_producer import FoldProducer, OutputLine

_encode = msgspec.json.Encoder().encode


def write_retries(producer: FoldProducer, letters: Sequence[LineRejected], at: datetime) -> str:
    """Returns the id of the retries once all of them are durable, in the order given. Raises NotDurable.

    Repeating them changes nothing: a fold decides a line that it set aside once.
    """
    id = random_id("ret")
    lines = [OutputLine(one.topic, one.partition, _encode(retry_of(one, id, at))) for one in letters]
    producer.produce(lines)
    return id
