"""A running service as the commands ask it: where it is, with which key, and how a refusal reads."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

import click
import httpx
import msgspec

from referral.validation.mistakes import Mistake

# As long as the slowest answer may take: a search of the log for clicks reads for 20 s. Whether anybody is there shows at once.
_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
_AWAY = (429, 502, 503, 504)
_SERVICES = {
    "link-issuer": ("REFERRAL_PUBLIC_URL", "http://127.0.0.1:8001"),
    "conversion-tracker": ("REFERRAL_TRACKER_URL", "http://127.0.0.1:8002"),
}
Item = dict[str, Any]
Command = Callable[..., None]


class ServiceUnavailable(click.ClickException):
    """The service does not answer, or cannot just now: ask again."""


@dataclass(frozen=True, slots=True)
class ServiceClient:
    """Where a service is, and the key to ask it with."""

    url: str
    key: str

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer, whatever it says. Raises Away where there is none."""
        address = f"{self.url.rstrip('/')}{path}"
        headers = {"Authorization": f"Bearer {self.key}", **more.pop("headers", {})}
        try:
            return httpx.request(method, address, headers=headers, timeout=_TIMEOUT, **more)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = str(error) or type(error).__name__
            raise ServiceUnavailable(
                f"{address} does not answer ({why}): does the system run, and is --url right?"
            ) from error
        except UnicodeEncodeError as error:
            raise click.ClickException(
                "the key has letters that no key has: is it copied whole, and nothing else?"
            ) from error

    def request_ok(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer to what was taken. Ends the command where the service refuses, is away, or is none of ours."""
        answer = self.request(method, path, **more)
        if answer.is_error:
            raise refusal(answer)
        if not answer.is_success:
            raise click.ClickException(
                f"{answer.url} answers {answer.status_code}, which no service of ours does: is --url right?"
            )
        return answer

    def document(self, method: str, path: str, **more: Any) -> Item:
        """The answer as JSON. Ends the command as above."""
        found: Item = decode_response(self.request_ok(method, path, **more), Item)
        return found

    def items(self, path: str, limit: int, **query: str) -> Iterator[Item]:
        """Up to `limit` items of a list, page by page."""
        cursor: str | None = None
        while limit > 0:
            wanted = {**query, "limit": str(min(limit, 100)), **({"cursor": cursor} if cursor else {})}
            page = self.document("GET", path, params=wanted)
            yield from page["items"]
            limit, cursor = limit - len(page["items"]), page["next_cursor"]
            if not cursor:
                return


def path(*steps: str) -> str:
    """An address within a service, such as /v1/programs/prg_glow/bans, whatever letters its steps have."""
    return "/v1/" + "/".join(quote(step, safe=":") for step in steps)


def decode_response(answer: httpx.Response, into: type[Any]) -> Any:
    """What an answer holds. Ends the command where it is something else."""
    try:
        return msgspec.json.decode(answer.content, type=into)
    except msgspec.DecodeError as error:
        says = (
            f"{answer.url} answers what this command does not know ({error}): is --url right? Else update the command."
        )
        raise click.ClickException(says) from error


def refusal(answer: httpx.Response) -> click.ClickException:
    """What ends a command that was refused: the problem, and each place that it names."""
    found = problem(answer)
    places = "".join(f"\n  {one.pointer}: {one.detail}" for one in mistakes(answer))
    says = f"{answer.status_code} {found.get('code', '')}: {found.get('detail', '')}{places}"
    return (ServiceUnavailable if answer.status_code in _AWAY else click.ClickException)(says)


def mistakes(answer: httpx.Response) -> list[Mistake]:
    """The places that a refusal names."""
    return [Mistake(one["pointer"], one["detail"]) for one in problem(answer).get("errors", ())]


def problem(answer: httpx.Response) -> Item:
    """The problem that the service answered; where it is none, what was answered as its detail."""
    is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
    found: Item = answer.json() if is_problem else {"detail": answer.text[:500]}
    return found


def service_options(
    service: Literal["link-issuer", "conversion-tracker"], scope: str, *, required: bool = True
) -> Callable[[Command], Command]:
    """Options that say where a service is and which key to use."""
    variable, address = _SERVICES[service]
    where = click.option(
        "--url",
        envvar=variable,
        default=address,
        show_default=True,
        show_envvar=True,
        help=f"{service}'s address",
    )
    key = click.option(
        "--key", envvar="REFERRAL_KEY", required=required, show_envvar=True, help=f"an API key with the scope {scope}"
    )
    return lambda command: where(key(command))
