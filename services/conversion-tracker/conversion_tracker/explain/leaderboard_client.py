"""The referrer's place on the board, as leaderboard's public API tells it. It never keeps an explanation from being given."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import httpx
import msgspec

_TIMEOUT_S = 1.0
PERIOD = "all"


class Rank(msgspec.Struct, frozen=True):
    """A place among all of a board, of all time; `rank` is None for who has no referral that counts."""

    rank: int | None
    score: int
    total: int
    reached_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RankResult:
    """A rank, or why it is not known."""

    rank: Rank | None
    unknown_reason: str | None = None


class LeaderboardClient:
    """Leaderboard at an address, for any number of threads. `transport` is a test's own."""

    def __init__(self, address: str, transport: httpx.BaseTransport | None = None) -> None:
        self._address = address.rstrip("/")
        self._client = httpx.Client(timeout=_TIMEOUT_S, transport=transport, trust_env=False)

    def get_rank(self, program: str, participant: str, authorization: str) -> RankResult:
        """A participant's rank by referrals, asked with the caller's own key, within a second."""
        path = f"/v1/programs/{quote(program, safe='')}/boards/referrals/people/{quote(participant, safe='')}"
        try:
            answer = self._client.get(
                self._address + path,
                params={"period": PERIOD, "around": 0},
                headers={"Authorization": authorization},
            )
            answer.raise_for_status()
            return RankResult(msgspec.json.decode(answer.content, type=Rank))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return RankResult(None, f"{self._address} did not say ({error or type(error).__name__}).")
        except msgspec.DecodeError as error:
            return RankResult(None, f"{self._address} says what this service does not know ({error}).")

    def close(self) -> None:
        """Leaves."""
        self._client.close()
