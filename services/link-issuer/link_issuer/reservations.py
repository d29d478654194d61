"""Claims: who has just taken a code or a version, in Redis, until the catalog shows it.

Those who ask at once hear the first one's moment, so that they all write the same record. Who asks later tries again after
a failure, and counts from then: nothing was promised before, so others judged meanwhile as if it were not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from redis import Redis

# As long as the first may still be writing (REFERRAL_ACK_TIMEOUT_MS), and less than the notice of new rules by far.
AT_ONCE_MS = 2_000

_TAKE = """
local held = redis.call('GET', KEYS[1])
if held then
  local owner, since = string.match(held, '^(%S+) (%d+) ')
  if owner ~= ARGV[1] or tonumber(ARGV[2]) - tonumber(since) <= tonumber(ARGV[4]) then return held end
end
local mine = ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[3]
redis.call('SET', KEYS[1], mine, 'EX', ARGV[5])
return mine
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose something is (a word without blanks), since when (ms since the epoch), and what they write, where that matters."""

    owner: str
    since_ms: int
    content: bytes = b""


class Claims:
    """The claims of all processes. What is held may be lost at any time, and expires."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis
        self._take = redis.register_script(_TAKE)

    def take(self, wanted: Sequence[tuple[str, Claim]], keep_s: int) -> list[Claim]:
        """What now stands at each place: the claim, or what somebody else or the same owner has claimed there before.

        In the order asked; one round trip.
        """
        pipeline = self._redis.pipeline(transaction=False)
        for place, claim in wanted:
            arguments: list[bytes | str | int] = [claim.owner, claim.since_ms, claim.content, AT_ONCE_MS, keep_s]
            self._take([place], arguments, client=pipeline)
        return [_read(held) for held in pipeline.execute()]


def _read(held: bytes) -> Claim:
    owner, since_ms, content = held.split(b" ", 2)
    return Claim(owner.decode(), int(since_ms), content)
