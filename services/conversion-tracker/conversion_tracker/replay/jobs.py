"""Replays as jobs in Redis: requested, running with their progress, and finished with their result; stored for a day.

A running job holds a lease that a thread of its process renews; so a replay whose process has died is recognised as lost, and
blocks neither its program nor others. Leases and jobs change together, in scripts by Redis' own clock.
"""

from typing import Literal

import msgspec
from redis import Redis

from conversion_tracker.replay.result import ReplayResult
from referral.events import ids
from referral.events.line import Timestamp

MAX_CONCURRENT = 2
RETENTION_S = 24 * 3600
LEASE_MS = 15_000
_LEASES = "ct:{replays}:leases"

_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
"""
_TAKE = (
    _NOW
    + """
local held = redis.call('ZRANGE', KEYS[1], 0, -1)
for _, member in ipairs(held) do
  if string.sub(member, 1, #ARGV[1]) == ARGV[1] then return string.sub(member, #ARGV[1] + 1) end
end
if #held >= tonumber(ARGV[3]) then return 'full' end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1] .. ARGV[4])
redis.call('SET', KEYS[2], ARGV[5], 'EX', ARGV[6])
return ''
"""
)
_KEEP = (
    _NOW
    + """
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
if ARGV[3] == '1' then redis.call('ZREM', KEYS[1], ARGV[1]) else redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1]) end
redis.call('SET', KEYS[2], ARGV[4], 'EX', ARGV[5])
return 1
"""
)
_LOOK = _NOW + "return {redis.call('GET', KEYS[2]) or '', redis.call('ZSCORE', KEYS[1], ARGV[1]) or ''}"

ReplayStatus = Literal["running", "done", "failed", "cancelled", "lost"]


class ReplayProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a job is. `records_read` of `records_total` in this phase; `events` are the program's, `seconds` since it began;

    `cpu_seconds` is the processor time of its process, which a busy machine does not lengthen.
    """

    phase: str = "starting"
    records_read: int = 0
    records_total: int = 0
    events: int = 0
    seconds: float = 0.0
    events_per_second: float = 0.0
    cpu_seconds: float = 0.0


class ReplayJob(msgspec.Struct, frozen=True, kw_only=True):
    """One replay."""

    id: str
    program: str
    status: ReplayStatus
    asked_at: Timestamp
    progress: ReplayProgress = ReplayProgress()
    detail: str | None = None
    result: ReplayResult | None = None

    @property
    def lease(self) -> str:
        """What it is called among the leases."""
        return f"{self.program}|{self.id}"


class ReplayBusy(Exception):
    """There is a replay under way already: `id` of this program's, or none, where the places are taken by others."""

    def __init__(self, id: str | None) -> None:
        super().__init__(id)
        self.id = id


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ReplayJob).decode


class ReplayJobs:
    """The jobs of all processes of the service; for any number of threads. Raises redis's errors where Redis is away."""

    def __init__(self, redis: "Redis") -> None:
        self._take = redis.register_script(_TAKE)
        self._keep = redis.register_script(_KEEP)
        self._look = redis.register_script(_LOOK)

    def begin(self, job: ReplayJob) -> None:
        """Takes a place for a job. Raises Busy."""
        arguments: list[str | bytes | float] = [
            f"{job.program}|",
            LEASE_MS,
            MAX_CONCURRENT,
            job.id,
            _encode(job),
            RETENTION_S,
        ]
        held: bytes = self._take([_LEASES, _job_key(job.id)], arguments)
        if held:
            raise ReplayBusy(None if held == b"full" else held.decode())

    def update(self, job: ReplayJob) -> bool:
        """Writes how far a job is, or how it ended, which gives its place back. False where it has lost its lease."""
        over = int(job.status != "running")
        return bool(self._keep([_LEASES, _job_key(job.id)], [job.lease, LEASE_MS, over, _encode(job), RETENTION_S]))

    def job(self, program: str, id: str) -> ReplayJob | None:
        """A job of a program; None where there is none, or none any more."""
        raw, lease = self._look([_LEASES, _job_key(id)], [f"{program}|{id}"])
        job = _decode(raw) if raw else None
        if job is None or job.program != program:
            return None
        if job.status == "running" and not lease:
            return msgspec.structs.replace(job, status="lost", detail="its process is gone: ask for the replay again")
        return job


def new_replay_id() -> str:
    """A new job's id."""
    return ids.random_id("rpl")


def _job_key(id: str) -> str:
    return f"ct:{{replays}}:job:{id}"
