"""Reservations of an enrolment in Redis: of the person, their mention and their code, in one step for each person.

They hold person ids, pseudonyms and fingerprints, nothing that identifies anybody. Concurrent enrolments of the same person with
the same details get the first one's time, so that all write the same records; with other details they wait for the first one's.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, get_args

from msgspec import Struct

from link_issuer.reservations import CONCURRENT_MS, RESERVED, code_key
from referral.redis_client import RedisClient

_EXPIRES_S = 30  # of a person and a mention: much longer than any request takes
_CODE_EXPIRES_S = 600
_PEOPLE_PER_CALL = 250  # about a millisecond of Redis

Outcome = Literal["first", "same", "other", "mention", "code", "same_code"]
"""Reserved by this request; by another, with the same details; with other details; its mention is another's.

`code` and `same_code` are `first` and `same`, except that the code is another's: the next one is to be tried.
"""
_OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

_ENROL = """
local now, concurrent, expires, code_expires = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4]
local function owner_of(value) return value and string.match(value, '^(%S+)') end
local outcomes, earlier = {}, {}
for index = 0, #KEYS / 3 - 1 do
  local person, mention, code = KEYS[3 * index + 1], KEYS[3 * index + 2], KEYS[3 * index + 3]
  local id, details = ARGV[5 + 2 * index], ARGV[6 + 2 * index]
  local held, outcome, since = redis.call('GET', person), 1, now
  if held then
    local of, at = string.match(held, '^(%S+) (%d+)')
    if of ~= details then
      outcome = 3
    elseif now - tonumber(at) <= concurrent then
      outcome, since = 2, tonumber(at)
    end
  end
  if outcome ~= 3 and mention ~= person then
    local owner = redis.call('GET', mention)
    if owner and owner ~= id then outcome = 4 else redis.call('SET', mention, id, 'EX', expires) end
  end
  if outcome < 3 then
    redis.call('SET', person, details .. ' ' .. string.format('%d', since), 'EX', expires)
    local owner = owner_of(redis.call('GET', code))
    if owner and owner ~= id then
      outcome = outcome + 4
    else
      redis.call('SET', code, id .. ' ' .. string.format('%d', since) .. ' ', 'EX', code_expires)
    end
  end
  outcomes[index + 1] = outcome
  if since ~= now then
    earlier[#earlier + 1] = index
    earlier[#earlier + 1] = since
  end
end
return {table.concat(outcomes), earlier}
"""

_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"


class EnrolmentRequest(Struct, frozen=True, gc=False):
    """Whom to reserve: the person id, the fingerprint of the details, the mention's pseudonym, and the code to try."""

    person: str
    details: str
    mention: str | None
    code: str


class ReservedEnrolment(Struct, frozen=True, gc=False):
    """What became of a request, and since when (ms) the person is reserved."""

    outcome: Outcome
    since_ms: int


class EnrolmentReservations:
    """The reservations of all processes. They expire, and may be lost at any time."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._enrol = redis.register_script(_ENROL)
        self._release = redis.register_script(_RELEASE)

    def reserve(self, requests: Sequence[EnrolmentRequest], now_ms: int) -> list[ReservedEnrolment]:
        """What became of each request. One round trip for every 250 people. Raises RedisError."""
        starts = range(0, len(requests), _PEOPLE_PER_CALL)
        chunks = (requests[start : start + _PEOPLE_PER_CALL] for start in starts)
        return [reserved for chunk in chunks for reserved in self._reserve(chunk, now_ms)]

    def _reserve(self, requests: Sequence[EnrolmentRequest], now_ms: int) -> Iterator[ReservedEnrolment]:
        keys: list[str] = []
        arguments: list[str | int] = [now_ms, CONCURRENT_MS, _EXPIRES_S, _CODE_EXPIRES_S]
        for request in requests:
            person = person_key(request.person)
            keys += person, mention_key(request.mention) if request.mention else person, code_key(request.code)
            arguments += request.person, request.details
        outcomes, earlier = self._enrol(keys, arguments)
        since = dict(zip(earlier[::2], earlier[1::2], strict=True))
        for index, digit in enumerate(outcomes.decode()):
            yield ReservedEnrolment(_OUTCOMES[int(digit) - 1], since.get(index, now_ms))

    def reserve_mention(self, mention: str, person: str) -> bool:
        """Whether a mention is reserved for a person now. Raises RedisError."""
        key = mention_key(mention)
        held = self._redis.set(key, person, nx=True, ex=_EXPIRES_S, get=True)
        return held is None or held == person.encode()

    def mention_owner(self, mention: str) -> str | None:
        """The person for whom a mention is reserved. Raises RedisError."""
        held = self._redis.get(mention_key(mention))
        return held.decode() if isinstance(held, bytes) else None

    def release_mention(self, mention: str, person: str) -> None:
        """Gives up a mention that a participant no longer has. Raises RedisError."""
        self._release([mention_key(mention)], [person])


def person_key(person: str) -> str:
    """The key that reserves a person."""
    return f"{RESERVED}person:{person}"


def mention_key(mention: str) -> str:
    """The key that reserves a mention."""
    return f"{RESERVED}mention:{mention}"
