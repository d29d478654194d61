"""Replays as jobs in Redis: requested, running with their progress, and finished with their result; stored for a day.

A running job holds a lease that a thread of its process renews. So a replay whose process has died is recognized as lost, and
blocks neither its program nor other replays. Leases and jobs change together, in scripts that use the clock of Redis.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from conversion_tracker.replay.result import ReplayResult
from referral.events import ids
from referral.http.responses import Timestamp
from referral.redis_client import RedisClient

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
Phase = Literal["starting", "attributing", "screening", "comparing", "done"]


class ReplayProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a replay is."""

    phase: Annotated[Phase, Meta(description="`attributing`, which reads the events, takes most of the time")] = (
        "starting"
    )
    records_read: Annotated[int, Meta(description="records of the log read in this phase")] = 0
    records_total: Annotated[int, Meta(description="records of the log in this phase")] = 0
    events: Annotated[int, Meta(description="events of the program that were run under both rules")] = 0
    seconds: Annotated[float, Meta(description="since the replay started")] = 0.0
    events_per_second: Annotated[float, Meta(description="while attributing")] = 0.0
    cpu_seconds: Annotated[
        float, Meta(description="processor time, which does not depend on the load of the machine")
    ] = 0.0


class ReplayJob(msgspec.Struct, frozen=True, kw_only=True):
    """A replay."""

    id: Annotated[str, Meta(examples=["rpl_0t04dnkrn229c38f"])]
    program: str
    status: Annotated[ReplayStatus, Meta(description="`lost`: its process has died, for example with the service")]
    asked_at: Timestamp
    since: Annotated[
        Timestamp | None, Meta(description="what happened from then on is compared; null: everything recorded")
    ] = None
    progress: ReplayProgress = ReplayProgress()
    detail: Annotated[str | None, Meta(description="why there is no result")] = None
    result: ReplayResult | None = None

    @property
    def lease(self) -> str:
        """The name of its lease."""
        return f"{self.program}|{self.id}"


class ReplayBusy(Exception):
    """No further replay may start: `id` is the running one of this program; None if too many of other programs are running."""

    def __init__(self, id: str | None) -> None:
        super().__init__(id)
        self.id = id


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ReplayJob).decode


class ReplayJobs:
    """The jobs of all processes of the service. Thread-safe. Raises RedisError if Redis is unavailable."""

    def __init__(self, redis: RedisClient) -> None:
        self._take = redis.register_script(_TAKE)
        self._keep = redis.register_script(_KEEP)
        self._look = redis.register_script(_LOOK)

    def begin(self, job: ReplayJob) -> None:
        """Stores a new job with a lease. Raises ReplayBusy."""
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
        """Stores the progress of a job, or its end, which releases its lease. Returns False if it has lost its lease."""
        ended = int(job.status != "running")
        return bool(self._keep([_LEASES, _job_key(job.id)], [job.lease, LEASE_MS, ended, _encode(job), RETENTION_S]))

    def job(self, program: str, id: str) -> ReplayJob | None:
        """Returns a job of a program; None if it is unknown or has expired."""
        raw, lease = self._look([_LEASES, _job_key(id)], [f"{program}|{id}"])
        job = _decode(raw) if raw else None
        if job is None or job.program != program:
            return None
        if job.status == "running" and not lease:
            return msgspec.structs.replace(job, status="lost", detail="its process has died: start the replay again")
        return job


def new_replay_id() -> str:
    """Returns the id of a new job."""
    return ids.random_id("rpl")


def _job_key(id: str) -> str:
    return f"ct:{{replays}}:job:{id}"
