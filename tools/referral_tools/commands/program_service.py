"""A running link-issuer as the program commands ask it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import httpx
import msgspec

from referral.events.program import Program

_TIMEOUT_S = 10.0


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a program, as it is answered."""

    program: Program
    version: int
    effective_from: datetime
    recorded_at: datetime


class _Versions(msgspec.Struct):
    items: list[Applied]


@dataclass(frozen=True, slots=True)
class Service:
    """Where link-issuer is, and the key to ask it with."""

    url: str
    key: str

    def put(self, program: str, file: Path, *, dry_run: bool) -> httpx.Response:
        """The answer to applying a file."""
        parameters = {"dry_run": "true"} if dry_run else {}
        content = {"Content-Type": "application/yaml"}
        return self._ask("PUT", program, content=file.read_bytes(), headers=content, params=parameters)

    def versions(self, program: str) -> list[Applied]:
        """All versions of a program, the newest first. Ends the command where the service refuses."""
        answer = self._ask("GET", f"{program}/versions")
        if answer.is_error:
            found = problem(answer)
            raise click.ClickException(f"{answer.status_code} {found.get('code', '')}: {found['detail']}")
        try:
            return msgspec.json.decode(answer.content, type=_Versions).items
        except msgspec.DecodeError as error:
            raise click.ClickException(
                f"{self.url} answers what this command does not know ({error}): update it"
            ) from error

    def reclass(self, program: str, body: dict[str, str]) -> httpx.Response:
        """The answer to reclassing clicks."""
        return self._ask("POST", f"{program}/clicks/reclass", json=body)

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        address = f"{self.url.rstrip('/')}/v1/programs/{path}"
        headers = {"Authorization": f"Bearer {self.key}", **more.pop("headers", {})}
        try:
            return httpx.request(method, address, headers=headers, timeout=_TIMEOUT_S, **more)
        except httpx.HTTPError as error:
            raise click.ClickException(
                f"{address} does not answer ({error}): does the system run, and is --url right?"
            ) from error


def aimed(scope: str, *, required: bool) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Options that say where link-issuer is and which key to use."""
    where = click.option(
        "--url",
        envvar="REFERRAL_PUBLIC_URL",
        default="http://127.0.0.1:8001",
        show_default=True,
        help="link-issuer's address",
    )
    key = click.option(
        "--key",
        envvar="REFERRAL_KEY",
        required=required,
        help=f"an API key with the scope {scope} (or REFERRAL_KEY)",
    )
    return lambda command: where(key(command))


def problem(answer: httpx.Response) -> dict[str, Any]:
    """The problem that the service answered; where it is none, what was answered as its detail."""
    is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
    found: dict[str, Any] = answer.json() if is_problem else {"detail": answer.text[:500]}
    return found
