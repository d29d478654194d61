"""A running conversion-tracker as the commands for reviews and bans ask it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click
import httpx

from referral_tools.commands.program_service import problem

_TIMEOUT_S = 10.0
Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tracker:
    """Where conversion-tracker is, and the key to ask it with."""

    url: str
    key: str

    def ask(self, method: str, path: str, **more: Any) -> Item:
        """The answer, as JSON. Ends the command where the service refuses or is away."""
        address = f"{self.url.rstrip('/')}/v1/{path}"
        headers = {"Authorization": f"Bearer {self.key}"}
        try:
            answer = httpx.request(method, address, headers=headers, timeout=_TIMEOUT_S, **more)
        except httpx.HTTPError as error:
            raise click.ClickException(
                f"{address} does not answer ({error}): does the system run, and is --url right?"
            ) from error
        if answer.is_error:
            found = problem(answer)
            places = "".join(f"\n  {one['pointer']}: {one['detail']}" for one in found.get("errors", ()))
            raise click.ClickException(f"{answer.status_code} {found.get('code', '')}: {found['detail']}{places}")
        return dict(answer.json())

    def items(self, path: str, limit: int, **query: str) -> Iterator[Item]:
        """Up to `limit` items of a list, page by page."""
        cursor: str | None = None
        while limit > 0:
            wanted = {**query, "limit": str(min(limit, 100)), **({"cursor": cursor} if cursor else {})}
            page = self.ask("GET", path, params=wanted)
            yield from page["items"]
            limit, cursor = limit - len(page["items"]), page["next_cursor"]
            if not cursor:
                return


def aimed(scope: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Options that say where conversion-tracker is and which key to use."""
    where = click.option(
        "--url",
        envvar="REFERRAL_TRACKER_URL",
        default="http://127.0.0.1:8002",
        show_default=True,
        help="conversion-tracker's address",
    )
    key = click.option(
        "--key", envvar="REFERRAL_KEY", required=True, help=f"an API key with the scope {scope} (or REFERRAL_KEY)"
    )
    return lambda command: where(key(command))


def decided(command: Callable[..., None]) -> Callable[..., None]:
    """Options that say who decides, and why."""
    by = click.option("--by", required=True, help="who decides: a name or an address that others know")
    note = click.option("--note", default="", help="why, for whoever looks at it later")
    return by(note(command))


def table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Rows under heads, in columns as wide as what is in them."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (heads, *rows))
    return "\n".join(line.rstrip() for line in lines)
