"""`referral explain PERSON --program P`: why somebody is credited to whom, and what came of it, down to the log."""

from urllib.parse import quote

import click
import httpx
import msgspec

from referral_tools.commands.program_service import problem
from referral_tools.explain.answer import Explanation
from referral_tools.explain.text import text

_TIMEOUT_S = 15.0
_REMEDIES = {401: "give a key with the scope read", 403: "give a key with the scope read that may see this program"}


class Away(click.ClickException):
    """The service does not answer, or cannot just now: ask again."""

    exit_code = 3


@click.command()
@click.argument("person")
@click.option("--program", required=True, help="the program's id, such as prg_glow")
@click.option(
    "--url",
    envvar="REFERRAL_TRACKER",
    default="http://127.0.0.1:8002",
    show_default=True,
    help="conversion-tracker's address (or REFERRAL_TRACKER)",
)
@click.option("--key", envvar="REFERRAL_KEY", required=True, help="an API key with the scope read (or REFERRAL_KEY)")
@click.option("--json", "as_json", is_flag=True, help="the answer as the service gives it")
def explain(person: str, program: str, url: str, key: str, *, as_json: bool) -> None:
    """Explain who brought PERSON (the platform's own id, such as xhs:u42), and what it led to.

    Ends with 0, with 1 where the service knows no such person or refuses, with 2 for a wrong command line, and with 3 where the
    service or the log is away.
    """
    content = _asked(url, program, person, key)
    if as_json:
        click.echo(msgspec.json.format(content, indent=2).decode())
        return
    try:
        click.echo(text(msgspec.json.decode(content, type=Explanation)))
    except msgspec.DecodeError as error:
        raise click.ClickException(f"{url} answers what this command does not know ({error}): update it") from error


def _asked(url: str, program: str, person: str, key: str) -> bytes:
    """The answer's body. Ends the command where there is none."""
    address = f"{url.rstrip('/')}/v1/programs/{quote(program, safe='')}/people/{quote(person, safe=':')}/explanation"
    try:
        answer = httpx.get(address, headers={"Authorization": f"Bearer {key}"}, timeout=_TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Away(f"{address} does not answer ({error}): does the system run, and is --url right?") from error
    if answer.is_success:
        return answer.content
    found = problem(answer)
    remedy = f" ({_REMEDIES[answer.status_code]})" if answer.status_code in _REMEDIES else ""
    kind = Away if answer.status_code in (429, 502, 503, 504) else click.ClickException
    raise kind(f"{answer.status_code} {found.get('code', '')}: {found['detail']}{remedy}")
