"""Reads what the demo's checks need from the log: rewards, pools, and the order of conversions."""

from collections.abc import Iterator

import msgspec

from referral.config import Settings
from referral.events.conversions import ConversionCleared, ConversionReversed
from referral.events.line import Cause
from referral.log.log_reader import KafkaLogReader
from referral.log.records import split
from referral.topics import CONVERSIONS, REWARDS, Topic
from referral_tools.demo.recorded_rewards import RecordedLine, RecordedRewards
from referral_tools.oracle import ConversionStep
from referral_tools.pool_accounting import PoolAccounting
from referral_tools.pool_log import PoolLog

_PATIENCE_S = 30.0


class LogReadings:
    """The log of one program at the end of a campaign. Every method raises LogUnavailable."""

    def __init__(self, settings: Settings, program: str) -> None:
        self._settings, self._program = settings, program

    def rewards(self) -> RecordedRewards:
        """The rewards by the log."""
        found = RecordedRewards(self._program)
        for recorded_at_ms, raw in self._lines(REWARDS):
            found.add(RecordedLine(recorded_at_ms, msgspec.json.decode(raw, type=REWARDS.lines)))
        return found

    def pools(self) -> PoolAccounting:
        """The accounts of the pools by the log."""
        with self._reader() as reader:
            log = PoolLog(reader, self._settings, self._program)
            log.read()
            return log.accounting

    def conversions(self) -> list[ConversionStep]:
        """The order in which the referrals of each referrer were cleared and reversed."""
        steps, causes = list[ConversionStep](), set[Cause]()
        for _, raw in self._lines(CONVERSIONS):
            line = msgspec.json.decode(raw, type=CONVERSIONS.lines)
            if isinstance(line, ConversionCleared | ConversionReversed) and line.cause not in causes:
                causes.add(line.cause)
                if line.program == self._program:
                    steps.append(_step(line))
        return steps

    def _lines(self, topic: Topic) -> Iterator[tuple[int, bytes]]:
        with self._reader() as reader:
            ends = reader.ends(topic)
            for polled in reader.records(topic, dict.fromkeys(ends, 0), ends):
                for records in polled.values():
                    for record in records:
                        yield from ((record.recorded_at_ms, raw) for raw in split(record.value))

    def _reader(self) -> KafkaLogReader:
        return KafkaLogReader(self._settings, connect_timeout_s=_PATIENCE_S, record_timeout_s=_PATIENCE_S)


def _step(line: ConversionCleared | ConversionReversed) -> ConversionStep:
    if isinstance(line, ConversionReversed):
        return ConversionStep(line.id, line.referrer, None)
    evidence = line.evidence
    return ConversionStep(
        line.id, line.referrer, line.occurred_at, evidence.channel, evidence.partner, evidence.content
    )
