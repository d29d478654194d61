"""`referral import FILE`: comments, messages or followers from a file become events, as at the console's desk."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from referral_tools.service_client import Item, ServiceClient, path, service_options
from referral_tools.text_columns import table

_PART = 200  # rows that are sent at once
_MAX_SHOWN = 30
_HEADS = ("LINE", "NAME", "WHAT", "STATUS", "WHY")
_CHANNELS = ("xiaohongshu", "wechat", "weibo", "douyin", "web")


@click.command("import")
@click.argument("program", metavar="PROGRAM")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--channel", type=click.Choice(_CHANNELS), default=_CHANNELS[0], show_default=True)
@click.option(
    "--source", type=click.Choice(("comments", "messages", "followers")), default="comments", show_default=True
)
@click.option(
    "--happened",
    type=click.Choice(("written", "now")),
    default="written",
    show_default=True,
    help="`written`: at the time beside each line, if there is one",
)
@click.option("--dry-run", is_flag=True, help="show what each line becomes, and record nothing")
@click.option("--undo", is_flag=True, help="withdraw what the file has added, except for posts")
@service_options("events:write")
def import_(  # noqa: PLR0913, PLR0917 - the options of the command
    program: str, file: Path, channel: str, source: str, happened: str, dry_run: bool, undo: bool, url: str, key: str
) -> None:
    """Record the comments, messages or followers in FILE (text, CSV or XLSX) as events of PROGRAM (prg_…).

    The same file again adds nothing. Lines that are to be decided are listed and not recorded: decide about them at the desk of the
    console. Ends with status 1 if there are any.
    """
    client = ServiceClient(url, key)
    where = {"channel": channel, "source": source, "happened": happened}
    rows = client.document("POST", path("programs", program, "desk", "check"), params=where, content=file.read_bytes())[
        "rows"
    ]
    if undo:
        _withdraw(
            client, program, channel, [row for row in rows if row["status"] == "here" and "known_line" not in row]
        )
        return
    new, counts = [row for row in rows if row["status"] == "new"], Counter(row["status"] for row in rows)
    added = len(new) if dry_run else _record(client, program, channel, new)
    _show([row for row in rows if row["status"] == "decide" or (dry_run and row["status"] == "new")])
    here = counts["here"] + len(new) - added
    verb = "would add" if dry_run else "added"
    click.echo(f"{verb} {added}, to decide {counts['decide']}, already here {here}, nothing {counts['nothing']}")
    if counts["decide"]:
        raise click.exceptions.Exit(1)


def _record(client: ServiceClient, program: str, channel: str, rows: list[Item]) -> int:
    added = 0
    for part in _parts(rows, "recording"):
        body = {"channel": channel, "rows": part}
        added += client.document("POST", path("programs", program, "desk", "facts"), json=body)["added"]
    return added


def _withdraw(client: ServiceClient, program: str, channel: str, rows: list[Item]) -> None:
    number = 0
    for part in _parts(rows, "withdrawing"):
        body = {"channel": channel, "rows": part}
        number += client.document("POST", path("programs", program, "desk", "withdrawals"), json=body)["withdrawn"]
    click.echo(f"withdrew {number}")


def _parts(rows: list[Item], label: str) -> Iterator[list[Item]]:
    """The rows in parts, with a progress bar on standard error."""
    with click.progressbar(length=len(rows), label=label, show_pos=True, file=click.get_text_stream("stderr")) as bar:
        for start in range(0, len(rows), _PART):
            yield rows[start : start + _PART]
            bar.update(len(rows[start : start + _PART]))


def _show(rows: list[Item]) -> None:
    lines = [
        (str(row["line"]), row.get("name", ""), _what(row), row["status"], row.get("reason") or "") for row in rows
    ]
    if lines:
        click.echo(table(_HEADS, lines[:_MAX_SHOWN]))
    if len(lines) > _MAX_SHOWN:
        click.echo(f"… and {len(lines) - _MAX_SHOWN} more")


def _what(row: Item) -> str:
    evidence = row.get("code") or row.get("mention") or row.get("post") or ", ".join(row.get("choices", ()))
    return f"{row['kind']} {evidence}".strip()
