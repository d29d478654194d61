"""`referral mail bounces`: passes e-mails that came back on to the system, from a mail server's pipe or a maildir."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from referral_tools.help_group import HelpGroup
from referral_tools.service_client import ServiceClient, ServiceUnavailable, path, service_options

MAX_BYTES = 256 * 1024
_TRY_LATER = 75  # EX_TEMPFAIL of sysexits.h: the mail server keeps the e-mail, and tries again


@click.group(cls=HelpGroup)
def mail() -> None:
    """Take back e-mails that could not be delivered."""


@mail.command()
@click.option(
    "--recipient", default="", help="the address that the e-mail was delivered to; from its headers if left out"
)
@click.option(
    "--maildir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="read the new e-mails of this maildir in place of standard input; each moves to cur when it is recorded",
)
@service_options("bounces:write")
def bounces(recipient: str, maildir: Path | None, url: str, key: str) -> None:
    """Read delivery reports (RFC 3464) and complaints (RFC 5965): one e-mail from standard input, or those of a maildir.

    Ends with status 75 if the system is unavailable: a mail server that runs this as a pipe then tries again.
    """
    client = ServiceClient(url, key)
    try:
        if maildir is None:
            click.echo(_send(client, sys.stdin.buffer.read(MAX_BYTES + 1), recipient))
            return
        for file in _new_mails(maildir):
            with file.open("rb") as stream:
                click.echo(f"{file.name}: {_send(client, stream.read(MAX_BYTES + 1), recipient)}")
            _move_to_current(file)
    except ServiceUnavailable as error:
        error.exit_code = _TRY_LATER
        raise


def _send(client: ServiceClient, body: bytes, recipient: str) -> str:
    """The outcome and its reason. What is longer than a report about an e-mail of this system is `ignored`."""
    if len(body) > MAX_BYTES:
        return f"ignored (longer than {MAX_BYTES // 1024} KiB)"
    if not body.strip():
        return "ignored (empty)"
    query = {"recipient": recipient} if recipient else {}
    answer = client.request_ok(
        "POST", path("bounces"), params=query, content=body, headers={"Content-Type": "message/rfc822"}
    ).json()
    return f"{answer['outcome']} ({answer['reason']})"


def _new_mails(maildir: Path) -> Iterator[Path]:
    """The e-mails that no one has read, the oldest name first."""
    new = maildir / "new"
    if not new.is_dir():
        raise click.ClickException(f"{maildir} is no maildir: it has no directory `new`")
    yield from sorted(one for one in new.iterdir() if one.is_file() and not one.name.startswith("."))


def _move_to_current(file: Path) -> None:
    """Marks an e-mail as read, as programs for maildirs do (https://cr.yp.to/proto/maildir.html)."""
    current = file.parent.parent / "cur"
    current.mkdir(exist_ok=True)
    file.rename(current / f"{file.name}:2,S")
