"""`referral explain PERSON --program P`: why a referrer is credited, and the consequences, down to the log."""

import click
import msgspec

from referral_tools.explain.explanation import Explanation
from referral_tools.explain.explanation_text import text
from referral_tools.service_client import ServiceClient, ServiceUnavailable, decode_response, path, service_options

_AWAY = 3


@click.command()
@click.argument("person")
@click.option("--program", required=True, help="the program's id, such as prg_glow")
@service_options("read")
@click.option("--json", "as_json", is_flag=True, help="print the response of the service")
def explain(person: str, program: str, url: str, key: str, *, as_json: bool) -> None:
    """Explain who referred PERSON (the platform's own id, such as xhs:u42), and the consequences.

    Exits with 1 for an unknown program or person or an invalid key, with 2 for an invalid command line, and with 3 if the service
    or Kafka is unavailable.
    """
    try:
        answer = ServiceClient(url, key).request_ok("GET", path("programs", program, "people", person, "explanation"))
    except ServiceUnavailable as away:
        away.exit_code = _AWAY
        raise
    if as_json:
        click.echo(msgspec.json.format(answer.content, indent=2).decode())
    else:
        click.echo(text(decode_response(answer, Explanation)))
