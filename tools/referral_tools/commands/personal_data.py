"""`referral people export|correct|erase`: what is stored about a person, over the HTTP API."""

import sys
from collections.abc import Iterator
from typing import Any

import click
import msgspec

from referral_tools.erasure_check import describe_export, find_traces
from referral_tools.help_group import HelpGroup
from referral_tools.service_client import Item, ServiceClient, decode_response, path, refusal, service_options

_PROGRAM = click.argument("program", metavar="PROGRAM")
_PERSON = click.argument("external_id", metavar="EXTERNAL_ID")
_MAX_PAGES = 10_000
_CORRECTABLE = ("display_name", "handle", "mention", "contact", "language")


@click.group(cls=HelpGroup)
def people() -> None:
    """Export, correct or erase what is stored about a person.

    EXTERNAL_ID is the platform's id of the person, e.g. xhs:u42; their person id (psn_…) is accepted too.
    """


@people.command()
@_PROGRAM
@_PERSON
@service_options("privacy (and read, for what other services answer)")
def export(program: str, external_id: str, url: str, key: str) -> None:
    """Write everything that is stored about a person to standard output, as one JSON document.

    What other services answer (attribution, rewards, place on the boards) is added where the key may read it.
    """
    client = ServiceClient(url, key)
    archive = _archive(client, program, external_id)
    archive["answers"] = {name: _answer(client, address) for name, address in archive["elsewhere"].items()}
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(archive)) + b"\n")


@people.command()
@_PROGRAM
@_PERSON
@click.option(
    "--set", "values", multiple=True, metavar="FIELD=VALUE", help=f"one of {', '.join(_CORRECTABLE)}; repeatable"
)
@click.option(
    "--remove", "removed", multiple=True, type=click.Choice(_CORRECTABLE[1:]), help="a field to remove; repeatable"
)
@click.option(
    "--consents", help="all that they agree to from now on, with commas; an empty text withdraws every consent"
)
@click.option("--public/--hidden", "public", default=None, help="whether pages that anyone can open show their name")
@service_options("privacy")
def correct(
    program: str,
    external_id: str,
    values: tuple[str, ...],
    removed: tuple[str, ...],
    consents: str | None,
    public: bool | None,
    url: str,
    key: str,
) -> None:
    """Correct what is stored about a person."""
    changes: Item = {**_parse_values(values), **dict.fromkeys(removed)}
    if consents is not None:
        changes["consents"] = [purpose for purpose in consents.split(",") if purpose]
    if public is not None:
        changes["public"] = public
    if not changes:
        raise click.UsageError("name what to correct, e.g. --set display_name=Amy")
    ServiceClient(url, key).request_ok("PATCH", _path(program, external_id), json=changes)
    click.echo(f"{external_id} in {program} is corrected: {', '.join(changes)}")


@people.command()
@_PROGRAM
@_PERSON
@click.option("--yes", is_flag=True, help="erase without asking")
@click.option(
    "--verify/--no-verify",
    default=True,
    show_default=True,
    help="search every topic and answer for the person afterwards",
)
@service_options("privacy")
def erase(program: str, external_id: str, yes: bool, verify: bool, url: str, key: str) -> None:
    """Erase a person, print what was removed and where, and check that nothing is left.

    Cannot be undone. Figures stay as they are; the person's codes lead nowhere from then on. The check reads the topics from Kafka
    (REFERRAL_KAFKA, or that of var/run.json) for the id, names, handle and contact.
    """
    client = ServiceClient(url, key)
    known = _archive_or_none(client, program, external_id)
    if not yes:
        click.confirm(f"Erase {external_id} from {program}? This cannot be undone", abort=True)
    proof = client.document("DELETE", _path(program, external_id))
    for line in _proof_lines(proof):
        click.echo(line)
    if verify:
        _verify(client, program, external_id, proof, known)


def _path(program: str, external_id: str, *more: str) -> str:
    return path("programs", program, "people", external_id, *more)


def _archive(client: ServiceClient, program: str, external_id: str) -> Item:
    """The export, with the lines of all its pages."""
    pages = _pages(client, program, external_id)
    archive = next(pages)
    for page in pages:
        archive["lines"] += page["lines"]
    del archive["next_cursor"]
    return archive


def _pages(client: ServiceClient, program: str, external_id: str) -> Iterator[Item]:
    cursor: str | None = None
    for _ in range(_MAX_PAGES):
        page = client.document(
            "GET", _path(program, external_id, "export"), params={"cursor": cursor} if cursor else {}
        )
        yield page
        cursor = page["next_cursor"]
        if cursor is None:
            return


def _archive_or_none(client: ServiceClient, program: str, external_id: str) -> Item | None:
    """The first page of the export; None if nothing is stored."""
    answer = client.request("GET", _path(program, external_id, "export"))
    if answer.status_code == 404:
        return None
    if answer.is_error:
        raise refusal(answer)
    found: Item = decode_response(answer, Item)
    return found


def _answer(client: ServiceClient, address: str) -> Any:
    answer = client.request("GET", address)
    return decode_response(answer, Item) if answer.is_success else {"status": answer.status_code}


def _parse_values(values: tuple[str, ...]) -> Item:
    found: Item = {}
    for pair in values:
        field, separator, value = pair.partition("=")
        if field not in _CORRECTABLE or not separator:
            raise click.UsageError(f"--set {pair}: write FIELD=VALUE with one of {', '.join(_CORRECTABLE)}")
        found[field] = value
    return found


def _proof_lines(proof: Item) -> Iterator[str]:
    yield f"{proof['id']} of {proof['program']} is erased since {proof['erased_at']} (erasure {proof['epoch']} of this person)"
    for record in proof["records"]:
        yield f"  {record['topic']} partition {record['partition']} offset {record['offset']}: {record['key']}"
    if proof["codes"]:
        yield f"codes that lead nowhere and give no credit: {', '.join(proof['codes'])}"
    yield f"compaction has removed the bytes by {proof['gone_by']}; no answer, page or webhook shows them before that"
    yield f"kept: {proof['kept']}"


def _verify(client: ServiceClient, program: str, external_id: str, proof: Item, known: Item | None) -> None:
    """Ends the command with 1 if an answer or a topic still has something that identifies the person."""
    now = _archive_or_none(client, program, external_id)
    click.echo(describe_export(external_id, proof, now))
    for trace in find_traces(external_id, proof, known):
        click.echo(trace)
