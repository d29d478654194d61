"""A running conversion-tracker as the replay command asks it."""

from dataclasses import dataclass
from typing import Any

import click
import httpx
import msgspec

from link_issuer.domain.mistakes import Mistake
from referral.events.program import Program
from referral_tools.commands.program_service import problem

_TIMEOUT_S = 10.0


class Refused(Exception):
    """The service took the rules for wrong, and says where."""

    def __init__(self, detail: str, mistakes: list[Mistake]) -> None:
        super().__init__(detail)
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True)
class Tracker:
    """Where conversion-tracker is, and the key to ask it with. Each method ends the command where it does not answer."""

    url: str
    key: str

    def ask(self, rules: Program) -> str:
        """Asks for a replay; gives its address. Raises Refused."""
        content = {"Content-Type": "application/json"}
        answer = self._ask(
            "POST", f"/v1/programs/{rules.id}/replays", content=msgspec.json.encode(rules), headers=content
        )
        if answer.status_code == 422:
            found = problem(answer)
            places = [Mistake(one["pointer"], one["detail"]) for one in found.get("errors", ())]
            raise Refused(found["detail"], places)
        return str(_taken(answer).headers["Location"])

    def look(self, address: str) -> dict[str, Any]:
        """The replay as it is now."""
        found: dict[str, Any] = _taken(self._ask("GET", address)).json()
        return found

    def cancel(self, address: str) -> None:
        """Ends the replay."""
        _taken(self._ask("DELETE", address))

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        address = f"{self.url.rstrip('/')}{path}"
        headers = {"Authorization": f"Bearer {self.key}", **more.pop("headers", {})}
        try:
            return httpx.request(method, address, headers=headers, timeout=_TIMEOUT_S, **more)
        except httpx.HTTPError as error:
            raise click.ClickException(
                f"{address} does not answer ({error}): does the system run, and is --url conversion-tracker's?"
            ) from error


def _taken(answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        found = problem(answer)
        raise click.ClickException(f"{answer.status_code} {found.get('code', '')}: {found['detail']}")
    return answer
