"""A client of a running service for the commands: address, API key, and error messages."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import click
import httpx
import msgspec

from referral.validation.mistakes import Mistake
from referral_tools.run_file import read_run_file

# As long as the slowest response may take: a search of the log for clicks reads for 20 s. A missing server shows at once.
_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
_AWAY = (429, 502, 503, 504)
_DEFAULT_ADDRESS = "http://127.0.0.1:8000"  # the front door of `make run` and of docker compose
Item = dict[str, Any]
Command = Callable[..., None]


class ServiceUnavailable(click.ClickException):
    """The service does not respond or is temporarily unavailable: try again."""


@dataclass(frozen=True, slots=True)
class ServiceClient:
    """A service's address, and the API key for requests."""

    url: str
    key: str

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The response, whatever its status. Raises ServiceUnavailable without one."""
        address = f"{self.url.rstrip('/')}{path}"
        headers = {"Authorization": f"Bearer {self.key}", **more.pop("headers", {})}
        try:
            return httpx.request(method, address, headers=headers, timeout=_TIMEOUT, **more)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = str(error) or type(error).__name__
            raise ServiceUnavailable(
                f"{address} does not respond ({why}): is the service running and --url correct?"
            ) from error
        except UnicodeEncodeError as error:
            raise click.ClickException(
                "the key contains invalid characters: copy the whole key, and only the key"
            ) from error

    def request_ok(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The response to a successful request. Ends the command if the service refuses, is unavailable, or is another program."""
        answer = self.request(method, path, **more)
        if answer.is_error:
            raise refusal(answer)
        if not answer.is_success:
            raise click.ClickException(
                f"{answer.url} answered with status {answer.status_code}, which no referral service sends: is --url correct?"
            )
        return answer

    def document(self, method: str, path: str, **more: Any) -> Item:
        """The response as JSON. Ends the command as above."""
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
    """The decoded content of a response. Ends the command if it has another form."""
    try:
        return msgspec.json.decode(answer.content, type=into)
    except msgspec.DecodeError as error:
        says = f"{answer.url} sent an unknown response ({error}). Is --url correct? If it is, update this command."
        raise click.ClickException(says) from error


def refusal(answer: httpx.Response) -> click.ClickException:
    """The error that ends a refused command: the problem, and each place that it names."""
    found = problem(answer)
    places = "".join(f"\n  {one.pointer}: {one.detail}" for one in mistakes(answer))
    says = f"{answer.status_code} {found.get('code', '')}: {found.get('detail', '')}{places}"
    return (ServiceUnavailable if answer.status_code in _AWAY else click.ClickException)(says)


def mistakes(answer: httpx.Response) -> list[Mistake]:
    """The mistakes that a refusal lists."""
    return [Mistake(one["pointer"], one["detail"]) for one in problem(answer).get("errors", ())]


def problem(answer: httpx.Response) -> Item:
    """The problem in the response; for other responses, one with the body as its detail."""
    is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
    found: Item = answer.json() if is_problem else {"detail": answer.text[:500]}
    return found


def service_options(scope: str, *, required: bool = True) -> Callable[[Command], Command]:
    """Options for the system's address and an API key. Without them, those of the running system (var/run.json) are used."""
    where = click.option(
        "--url",
        envvar="REFERRAL_URL",
        default=_running_address,
        show_default=f"that of var/run.json, otherwise {_DEFAULT_ADDRESS}",
        show_envvar=True,
        help="the address of the front door, or of the service itself",
    )
    key = click.option(
        "--key",
        envvar="REFERRAL_KEY",
        default=_running_key,
        required=required,
        show_envvar=True,
        show_default="that of var/run.json",
        help=f"an API key with the scope {scope}",
    )
    return lambda command: where(key(command))


def _running_address() -> str:
    running = read_run_file()
    return running.front if running else _DEFAULT_ADDRESS


def _running_key() -> str | None:
    running = read_run_file()
    return running.api_key if running else None
