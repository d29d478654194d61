"""Reads referral edges from the state of the screen fold."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from conversion_tracker.graph.referral_edges import GraphNode
from conversion_tracker.screening.fold import ScreenFold
from conversion_tracker.screening.handlers.edge_handlers import node_state_key, referee_board
from referral.events.keys import participant_key
from referral.fold.state_keys import state_key
from referral.redis_client import RedisClient
from referral.topics import partition_of

_decode = msgspec.msgpack.Decoder(GraphNode).decode
_COUNTING_SCORES = 1, "+inf"  # scores of edges that are not refused


@dataclass(frozen=True, slots=True)
class EdgeStore:
    """The referral edges of a program, across partitions."""

    redis: RedisClient
    partitions: int
    program: str

    def referrer(self, participant: str) -> str | None:
        """Returns the referrer of a participant; None without one, or if the edge is refused."""
        raw = self.redis.get(self._key(participant, node_state_key(self.program, participant)))
        return _decode(raw).referrer if isinstance(raw, bytes) else None

    def referee_counts(self, participants: Sequence[str]) -> list[int]:
        """Returns the number of referees of each participant."""
        with self.redis.pipeline(transaction=False) as pipeline:
            for one in participants:
                pipeline.zcount(self._referee_board(one), *_COUNTING_SCORES)
            return pipeline.execute()

    def referees(self, participants: Sequence[str], most: Sequence[int]) -> list[str]:
        """Returns their referees, of each participant at most so many, the earliest first."""
        with self.redis.pipeline(transaction=False) as pipeline:
            for one, limit in zip(participants, most, strict=True):
                if limit:
                    pipeline.zrangebyscore(self._referee_board(one), *_COUNTING_SCORES, start=0, num=limit)
            return [referee.decode() for referees in pipeline.execute() for referee in referees]

    def _referee_board(self, participant: str) -> str:
        return self._key(participant, referee_board(self.program, participant))

    def _key(self, participant: str, key: str) -> str:
        partition = partition_of(participant_key(self.program, participant), self.partitions)
        return state_key(ScreenFold.service, ScreenFold.name, partition, key)
