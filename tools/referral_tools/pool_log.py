"""Reads the lines of a program's pools from the log, and goes on where it stopped."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import click
import msgspec

from referral.config import ConfigError, Settings
from referral.events.keys import pools_key
from referral.events.rejected import LineRetried
from referral.log.errors import LogUnavailable
from referral.log.log_reader import KafkaLogReader
from referral.log.records import split
from referral.topics import POOLS, REWARDS, Topic, partition_of
from referral_tools.pool_accounting import PoolAccounting
from referral_tools.run_file import running_addresses

_PATIENCE_S = 10.0
_NO_KEY = "unused: no code is opened, and nothing is signed"
_decode_pool_line = msgspec.json.Decoder(POOLS.lines | LineRetried).decode
_decode_reward_line = msgspec.json.Decoder(REWARDS.lines | LineRetried).decode
_REWARD_TYPES = (b'{"type":"code.issued"', b'{"type":"reward.fulfilled"')


class PoolLog:
    """The log of one program's pools; each `read` adds the lines that have come since."""

    def __init__(self, reader: KafkaLogReader, settings: Settings, program: str) -> None:
        self.accounting = PoolAccounting(program)
        self._reader = reader
        self._partition = partition_of(pools_key(program), settings.partitions)
        self._starts: dict[str, dict[int, int]] = {POOLS.name: {self._partition: 0}, REWARDS.name: {}}

    def read(self) -> None:
        """Reads both topics to their ends: pools first, so that each code that was issued is known. Raises LogUnavailable."""
        for _, offset, number, raw in self._lines(POOLS, {self._partition}):
            line = _decode_pool_line(raw)
            if not isinstance(line, LineRetried):
                self.accounting.add_pool_line(line, (offset, number))
        for _, _, _, raw in self._lines(REWARDS, None):
            if raw.startswith(_REWARD_TYPES):
                self.accounting.add_reward_line(_decode_reward_line(raw))

    def _lines(self, topic: Topic, partitions: set[int] | None) -> Iterator[tuple[int, int, int, bytes]]:
        """Partition, offset, number and bytes of each new line."""
        starts = self._starts[topic.name]
        ends = {one: end for one, end in self._reader.ends(topic).items() if partitions is None or one in partitions}
        starts = {partition: starts.get(partition, 0) for partition in ends}
        for polled in self._reader.records(topic, starts, ends):
            for partition, records in polled.items():
                for record in records:
                    for number, raw in enumerate(split(record.value)):
                        yield partition, record.offset, number, raw
        self._starts[topic.name] = ends


@contextmanager
def open_pool_log(program: str) -> Iterator[PoolLog]:
    """The log of a program's pools. Ends the command with a message where the log is away or the configuration wrong."""
    try:
        defaults = {"REFERRAL_SIGNING_KEY": _NO_KEY}
        settings = Settings.from_env(defaults | running_addresses(os.environ) | os.environ)
        with KafkaLogReader(settings, connect_timeout_s=_PATIENCE_S, record_timeout_s=_PATIENCE_S) as reader:
            yield PoolLog(reader, settings, program)
    except (ConfigError, LogUnavailable, msgspec.MsgspecError) as error:
        raise click.ClickException(str(error)) from error
