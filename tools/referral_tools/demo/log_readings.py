"""Reads what the demo's checks need from the log: rewards, pools, the order of conversions, closed boards, looks at experiments."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from referral.config import Settings
from referral.events.attributions import (
    AttributionLine,
    ReferralAttributed,
    ReferralReversed,
    ReferralUnattributed,
)
from referral.events.content import ExperimentMetric
from referral.events.conversions import ConversionCleared, ConversionReversed
from referral.events.experiments import ExperimentSummed
from referral.events.line import Cause
from referral.events.program import Program
from referral.events.standings import BoardClosed, StandingLine
from referral.log.log_reader import KafkaLogReader
from referral.log.records import split
from referral.topics import ATTRIBUTIONS, CONVERSIONS, REWARDS, STANDINGS, Topic
from referral_tools.demo.recorded_rewards import RecordedLine, RecordedRewards
from referral_tools.oracle import BoardStep, ConversionStep, ExperimentLook, PairTotals
from referral_tools.pool_accounting import PoolAccounting
from referral_tools.pool_log import PoolLog

_PATIENCE_S = 30.0
_VERDICTS = (ReferralAttributed, ReferralUnattributed, ReferralReversed)
_Counted = ConversionCleared | ConversionReversed


class _LogLine(NamedTuple):
    partition: int
    offset: int
    recorded_at_ms: int
    raw: bytes


class LogReadings:
    """The log of one program at the end of a campaign. Every method raises LogUnavailable."""

    def __init__(self, settings: Settings, program: str) -> None:
        self._settings, self._program = settings, program

    def rewards(self) -> RecordedRewards:
        """The rewards by the log."""
        found = RecordedRewards(self._program)
        for one in self._lines(REWARDS):
            found.add(RecordedLine(one.recorded_at_ms, msgspec.json.decode(one.raw, type=REWARDS.lines)))
        return found

    def pools(self) -> PoolAccounting:
        """The accounts of the pools by the log."""
        with self._reader() as reader:
            log = PoolLog(reader, self._settings, self._program)
            log.read()
            return log.accounting

    def conversions(self) -> list[ConversionStep]:
        """The order in which the referrals of each referrer were cleared and reversed."""
        return [_step(line) for _, line in self._conversions()]

    def board_steps(self) -> list[BoardStep]:
        """The same lines by their positions, with when each referral qualified."""
        return [
            BoardStep(
                at.partition,
                at.offset,
                line.referrer,
                line.occurred_at if isinstance(line, ConversionCleared) else line.cleared_at,
                isinstance(line, ConversionCleared),
            )
            for at, line in self._conversions()
        ]

    def closed_boards(self) -> list[BoardClosed]:
        """The closings of boards of referrals."""
        return [line for line in self._standings() if isinstance(line, BoardClosed) and line.metric == "referrals"]

    def verdicts(self) -> Iterator[AttributionLine]:
        """The verdicts on followers of the program, each once."""
        causes = set[Cause]()
        for one in self._lines(ATTRIBUTIONS):
            line = msgspec.json.decode(one.raw, type=ATTRIBUTIONS.lines)
            if isinstance(line, _VERDICTS) and line.cause not in causes:
                causes.add(line.cause)
                if line.program == self._program:
                    yield line

    def looks(self, program: Program) -> list[ExperimentLook]:
        """The sums of experiments that were looked at: those of one experiment in their order."""
        metrics = {item.experiment.id: item.experiment.metric for item in program.content if item.experiment}
        summed = [line for line in self._standings() if isinstance(line, ExperimentSummed)]
        return [_look(line, metrics[line.experiment]) for line in summed if line.experiment in metrics]

    def _conversions(self) -> Iterator[tuple[_LogLine, _Counted]]:
        """Each cleared or reversed conversion of the program once; a fold may repeat a line after a crash."""
        causes = set[Cause]()
        for one in self._lines(CONVERSIONS):
            line = msgspec.json.decode(one.raw, type=CONVERSIONS.lines)
            if isinstance(line, _Counted) and line.cause not in causes:
                causes.add(line.cause)
                if line.program == self._program:
                    yield one, line

    def _standings(self) -> Iterator[StandingLine]:
        """The closings and looks of the program, each once. Several folds write here, each from causes of its own."""
        known = set[tuple[type, Cause]]()
        for one in self._lines(STANDINGS):
            line = msgspec.json.decode(one.raw, type=STANDINGS.lines)
            if isinstance(line, BoardClosed | ExperimentSummed) and (type(line), line.cause) not in known:
                known.add((type(line), line.cause))
                if line.program == self._program:
                    yield line

    def _lines(self, topic: Topic) -> Iterator[_LogLine]:
        with self._reader() as reader:
            ends = reader.ends(topic)
            for polled in reader.records(topic, dict.fromkeys(ends, 0), ends):
                for partition, records in polled.items():
                    for record in records:
                        position = partition, record.offset, record.recorded_at_ms
                        yield from (_LogLine(*position, raw) for raw in split(record.value))

    def _reader(self) -> KafkaLogReader:
        return KafkaLogReader(self._settings, connect_timeout_s=_PATIENCE_S, record_timeout_s=_PATIENCE_S)


def _step(line: _Counted) -> ConversionStep:
    if isinstance(line, ConversionReversed):
        return ConversionStep(line.id, line.referrer, None)
    evidence = line.evidence
    return ConversionStep(
        line.id, line.referrer, line.occurred_at, evidence.channel, evidence.partner, evidence.content
    )


def _look(line: ExperimentSummed, metric: ExperimentMetric) -> ExperimentLook:
    shares = metric == "shares_per_impression"
    totals = {one.variant: PairTotals(*(one.shares if shares else one.follows)) for one in line.variants}
    multiple = sum(one.multiple for one in line.variants)
    roots = {one.variant: one.roots for one in line.variants}
    return ExperimentLook(line.experiment, line.partition, line.occurred_at, line.since, totals, multiple, roots)
