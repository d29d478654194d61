"""Reads what was set aside: the dead letters of a program in the topic `rejected`, and from the folds' states which still wait."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from referral.events.rejected import LineRejected
from referral.fold.lag import FOLDS
from referral.fold.set_aside import SET_ASIDE, place_of
from referral.fold.state_keys import state_key
from referral.log.reader_pool import LogReaderPool
from referral.log.records import split
from referral.log.source import Record
from referral.redis_client import RedisClient
from referral.topics import REJECTED

_PARTITION = 0
_MAX_LINES = 20_000  # of all programs, read for one page
_SERVICES = {source.fold: source.service for source in FOLDS}
_decode = msgspec.json.Decoder(LineRejected).decode


class LetterPlace(NamedTuple):
    """The place of a dead letter in the topic `rejected`."""

    offset: int
    line: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter, where it is, and whether its line still waits to be processed."""

    place: LetterPlace
    rejected: LineRejected
    waits: bool


@dataclass(frozen=True, slots=True)
class LetterPage:
    """Dead letters in the order of their topic, and where the next page begins; None at the end of the topic."""

    letters: list[Letter]
    next_place: LetterPlace | None


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Which dead letters of a program: those of one fold, and those that wait or do not; None is all."""

    fold: str | None = None
    waits: bool | None = None


class RejectedStore:
    """The dead letters of all programs. Raises LogUnavailable, and redis's errors if Redis is unavailable."""

    def __init__(self, log_readers: LogReaderPool, redis: RedisClient) -> None:
        self._log_readers = log_readers
        self._redis = redis

    def page(self, program: str, start: LetterPlace, wanted: LetterFilter, limit: int) -> LetterPage:
        """At most `limit` dead letters from a place on.

        The page has fewer, and a next one, if many lines in between are of other programs or of another status.
        """
        found, next_place = self._scan(program, start, wanted.fold, limit)
        letters = [one for one in self._with_status(found) if wanted.waits in (None, one.waits)]
        return LetterPage(letters, next_place)

    def find(self, program: str, place: LetterPlace) -> Letter | None:
        """The dead letter of a program at a place; None if there is none, or no longer."""
        with self._log_readers.borrow() as log:
            record = log.record_at(REJECTED, _PARTITION, place.offset)
        lines = split(record.value) if record else []
        rejected = _read(lines[place.line]) if place.line < len(lines) else None
        if rejected is None or rejected.program != program:
            return None
        [letter] = self._with_status([(place, rejected)])
        return letter

    def _scan(
        self, program: str, start: LetterPlace, fold: str | None, limit: int
    ) -> tuple[list[tuple[LetterPlace, LineRejected]], LetterPlace | None]:
        """Dead letters from a place on, each once (a crash may have repeated some), and the place after the last line read."""
        found: dict[tuple[object, ...], tuple[LetterPlace, LineRejected]] = {}
        named = f'"program":"{program}"'.encode()
        with self._log_readers.borrow() as log:
            for number, (place, raw) in enumerate(_lines(log.records_from(REJECTED, _PARTITION, start.offset), start)):
                if number >= _MAX_LINES or len(found) >= limit:
                    return list(found.values()), place
                rejected = _read(raw) if named in raw else None
                if rejected is not None and rejected.program == program and fold in (None, rejected.fold):
                    found.setdefault(_source_of(rejected), (place, rejected))
        return list(found.values()), None

    def _with_status(self, found: Sequence[tuple[LetterPlace, LineRejected]]) -> list[Letter]:
        """The letters with their status, in one round trip."""
        known = [(place, one) for place, one in found if one.fold in _SERVICES]
        with self._redis.pipeline(transaction=False) as pipeline:
            for _, one in known:
                key = state_key(_SERVICES[one.fold], one.fold, one.partition, SET_ASIDE)
                pipeline.zscore(key, place_of(one.offset, one.line, one.timer))
            scores: list[float | None] = pipeline.execute()
        return [Letter(place, one, score is not None) for (place, one), score in zip(known, scores, strict=True)]


def _lines(records: Iterator[Record], start: LetterPlace) -> Iterator[tuple[LetterPlace, bytes]]:
    """The lines from a place on. A reader that is sent beyond the end of the topic begins again at its beginning."""
    for record in records:
        if record.offset < start.offset:
            return
        for number, raw in enumerate(split(record.value)):
            place = LetterPlace(record.offset, number)
            if place >= start:
                yield place, raw


def _read(raw: bytes) -> LineRejected | None:
    try:
        return _decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _source_of(rejected: LineRejected) -> tuple[object, ...]:
    return rejected.fold, rejected.partition, rejected.offset, rejected.line, rejected.timer
