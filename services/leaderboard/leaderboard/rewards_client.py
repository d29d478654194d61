"""Rewards and budgets of a program, read from reward-dispatcher's API. Without it the answer says that they are not available."""

from dataclasses import dataclass
from urllib.parse import quote

import httpx
import msgspec

_TIMEOUT_S = 1.5


class RewardSummary(msgspec.Struct, frozen=True):
    """How many rewards there are of each rule, by status."""

    by_rule: dict[str, dict[str, int]]


class BudgetAmounts(msgspec.Struct, frozen=True):
    """A budget; amounts are in minor units of the currency."""

    id: str
    currency: str
    total: int
    spent: int
    held: int
    free: int


class Budgets(msgspec.Struct, frozen=True):
    """The budgets of a program."""

    items: list[BudgetAmounts]


@dataclass(frozen=True, slots=True)
class RewardFigures:
    """Rewards and budgets, or (`unavailable`) why they are not known."""

    by_rule: dict[str, dict[str, int]]
    budgets: list[BudgetAmounts]
    unavailable: str | None = None


class RewardsClient:
    """Client of the reward-dispatcher at `address`. Thread-safe. Tests pass a `transport`."""

    def __init__(self, address: str, transport: httpx.BaseTransport | None = None) -> None:
        self._address = address.rstrip("/")
        self._client = httpx.Client(timeout=_TIMEOUT_S, transport=transport, trust_env=False)

    def read(self, program: str, authorization: str) -> RewardFigures:
        """Returns the rewards and budgets of a program, read with the caller's own API key, within 3 seconds."""
        path = f"{self._address}/v1/programs/{quote(program, safe='')}"
        headers = {"Authorization": authorization}
        try:
            summary = self._client.get(f"{path}/rewards/summary", headers=headers).raise_for_status()
            budgets = self._client.get(f"{path}/budgets", headers=headers).raise_for_status()
            return RewardFigures(
                msgspec.json.decode(summary.content, type=RewardSummary).by_rule,
                msgspec.json.decode(budgets.content, type=Budgets).items,
            )
        except httpx.HTTPStatusError as error:
            return RewardFigures({}, [], f"reward-dispatcher responded {error.response.status_code}.")
        except (httpx.HTTPError, httpx.InvalidURL):
            return RewardFigures({}, [], "reward-dispatcher did not respond.")
        except msgspec.DecodeError:
            return RewardFigures({}, [], "reward-dispatcher sent an unexpected response.")

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()
