"""The referrer's rank, read from leaderboard's public API. Without it the explanation is still complete but for the rank."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

import httpx
import msgspec

from referral.http.responses import Timestamp

_TIMEOUT_S = 1.0
PERIOD = "all"


class Rank(msgspec.Struct, frozen=True):
    """A rank on the all-time board of referrals."""

    rank: Annotated[int | None, msgspec.Meta(description="null for a participant without a referral that counts")]
    score: int
    total: Annotated[int, msgspec.Meta(description="number of participants on the board")]
    reached_at: Timestamp | None = None


@dataclass(frozen=True, slots=True)
class RankResult:
    """A rank, or why it is unknown."""

    rank: Rank | None
    unknown_reason: str | None = None


class LeaderboardClient:
    """Client of the leaderboard at `address`. Thread-safe. Tests pass a `transport`."""

    def __init__(self, address: str, transport: httpx.BaseTransport | None = None) -> None:
        self._address = address.rstrip("/")
        self._client = httpx.Client(timeout=_TIMEOUT_S, transport=transport, trust_env=False)

    def get_rank(self, program: str, participant: str, authorization: str) -> RankResult:
        """A participant's rank by referrals, read with the caller's own API key. Returns within a second."""
        path = f"/v1/programs/{quote(program, safe='')}/boards/referrals/people/{quote(participant, safe='')}"
        try:
            response = self._client.get(
                self._address + path,
                params={"period": PERIOD, "around": 0},
                headers={"Authorization": authorization},
            )
            response.raise_for_status()
            return RankResult(msgspec.json.decode(response.content, type=Rank))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return RankResult(None, f"{self._address} did not respond ({error or type(error).__name__}).")
        except msgspec.DecodeError as error:
            return RankResult(None, f"{self._address} sent an unexpected response ({error}).")

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()
