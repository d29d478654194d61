"""Drafts of program files in the studio, and the texts that were applied, in Redis: with their comments, which no version has.

Both may be lost at any time: a version is written as YAML again, without comments. Nothing else reads them.
"""

from datetime import datetime

import msgspec
from msgspec import Struct

from referral.program_file.check import MAX_PROGRAM_BYTES
from referral.redis_client import RedisClient

MAX_DRAFTS = 20
"""How many programs an operator may have a draft of."""
DRAFT_DAYS = 14
_DRAFT_S = DRAFT_DAYS * 24 * 3600
_SAVE = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
"""


class Draft(Struct, frozen=True):
    """A program file that an operator works on, since which version (0 for a new program), and when it was saved.

    `reason` is what they have written about it so far.
    """

    text: str
    base: int
    saved_at: datetime
    reason: str = ""


class TooManyDrafts(Exception):
    """The operator has drafts of MAX_DRAFTS other programs."""


class DraftTooLarge(ValueError):
    """The text has more bytes than a program file may have."""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Draft).decode


class ProgramDrafts:
    """The drafts of all operators, and the applied text of each program. Thread-safe. Raises RedisError."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._save = redis.register_script(_SAVE)

    def draft(self, operator: str, program: str) -> Draft | None:
        """What the operator has of a program; None without a draft."""
        stored = self._redis.hget(_drafts(operator), program)
        return _decode(stored) if isinstance(stored, bytes) else None

    def save(self, operator: str, program: str, draft: Draft) -> None:
        """Stores a draft for DRAFT_DAYS days. Raises DraftTooLarge, or TooManyDrafts."""
        if len(draft.text.encode()) > MAX_PROGRAM_BYTES:
            raise DraftTooLarge
        if not self._save([_drafts(operator)], [program, _encode(draft), MAX_DRAFTS, _DRAFT_S]):
            raise TooManyDrafts

    def discard(self, operator: str, program: str) -> None:
        """Deletes a draft."""
        self._redis.hdel(_drafts(operator), program)

    def programs(self, operator: str) -> list[str]:
        """The programs of which the operator has a draft, by id."""
        names = self._redis.hkeys(_drafts(operator))
        return sorted(name.decode() if isinstance(name, bytes) else name for name in names)

    def applied_text(self, program: str) -> str | None:
        """The text that was applied last; None if it is not known."""
        stored = self._redis.get(_applied(program))
        return stored.decode() if isinstance(stored, bytes) else None

    def store_applied(self, program: str, text: str) -> None:
        """Stores the text that was applied."""
        self._redis.set(_applied(program), text)


def _drafts(operator: str) -> str:
    return f"li:studio:drafts:{operator}"


def _applied(program: str) -> str:
    return f"li:studio:applied:{program}"
