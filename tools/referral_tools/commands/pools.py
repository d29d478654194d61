"""`referral pools upload|list|check`: pools of codes."""

import gzip
import time
from collections import Counter
from pathlib import Path

import click
import httpx
import msgspec

from referral_tools.code_files import PART, Entry, UploadProgress, entries, parts
from referral_tools.help_group import HelpGroup
from referral_tools.pool_check import CheckedPool, check_pools
from referral_tools.pool_log import open_pool_log
from referral_tools.service_client import Item, ServiceClient, decode_response, path, refusal, service_options
from referral_tools.text_columns import table

_LIST_HEADS = ("POOL", "UPLOADED", "LEFT", "ISSUED", "VOID", "WAITING", "LOW BELOW", "")
CHECK_HEADS = ("POOL", "UPLOADED", "FREE", "RESERVED", "GIVEN", "VOID", "")
_ATTEMPTS, _LONGEST_PAUSE_S = 8, 10.0
_MAX_SHOWN = 20
_PROGRAM = click.argument("program", metavar="PROGRAM")


@click.group(cls=HelpGroup)
def pools() -> None:
    """Upload codes to pools, list what is left, and check the accounts of pools."""


@pools.command()
@_PROGRAM
@click.argument("pool", metavar="POOL")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--column", help="of a CSV file: the name of the column with the codes, or its number from 1")
@service_options("rewards:write")
def upload(program: str, pool: str, file: Path, column: str | None, url: str, key: str) -> None:
    """Upload the codes of FILE to POOL of PROGRAM (prg_…), in their order.

    FILE is text with one code in each line, or .csv or .json ({"codes": ["…"]}). A code that is in the pool already is skipped.
    After an interruption, the same command goes on where it stopped. Ends with status 1 if lines were refused, 2 if the file has
    no codes.
    """
    sender = _Sender(ServiceClient(url, key), program, pool)
    progress = UploadProgress(file, url, program, pool, column or "")
    total, done = sum(1 for _ in entries(file, column)), progress.read()
    if done:
        click.echo(f"{file} was added up to line {done * PART:,}: going on from there", err=True)
    with click.progressbar(length=total, label=f"{pool}", show_pos=True) as bar:
        for number, part in enumerate(parts(entries(file, column))):
            if number >= done:
                sender.send(part, f"{progress.digest}-{number}")
                progress.write(number + 1)
            bar.update(len(part))
    progress.remove()
    if not done and not sender.counts.total():
        detail = f"{file} has no codes. Write one in each line, or name the column of a CSV file with --column."
        raise click.BadParameter(detail, param_hint="FILE")
    click.echo(sender.result())
    if sender.counts["refused"]:
        raise click.exceptions.Exit(1)


@pools.command("list")
@_PROGRAM
@service_options("read")
def listing(program: str, url: str, key: str) -> None:
    """List the pools of PROGRAM (prg_…): how many codes are left, and how many rewards wait for one."""
    found = ServiceClient(url, key).document("GET", path("programs", program, "pools"))["items"]
    names = ("uploaded", "left", "issued", "void", "waiting", "low_water")
    rows = [(one["pool"], *(f"{one[name]:,}" for name in names), "LOW" if one["low"] else "") for one in found]
    click.echo(table(_LIST_HEADS, rows) if rows else f"no pools in {program}")


@pools.command()
@_PROGRAM
@click.argument("pool", metavar="[POOL]", required=False)
@service_options("read")
def check(program: str, pool: str | None, url: str, key: str) -> None:
    """Check that uploaded = free + reserved + given + void for POOL, or all pools, of PROGRAM (prg_…).

    All but the free codes are counted from the log (needs REFERRAL_KAFKA), the free ones are what the running system would give.
    Ends with status 1 if they do not add up, or if the log gives a code twice.
    """
    with open_pool_log(program) as log:
        found = check_pools(log, ServiceClient(url, key), program, pool)
    rows = [pool_row(one) for one in found.pools]
    click.echo(table(CHECK_HEADS, rows) if rows else f"no uploaded codes in {pool or program}")
    for problem in found.problems[:_MAX_SHOWN]:
        click.echo(problem, err=True)
    if found.problems:
        raise click.exceptions.Exit(1)


def pool_row(pool: CheckedPool) -> tuple[str, ...]:
    """The cells of a checked pool, below `CHECK_HEADS`."""
    one = pool.account
    numbers = (one.uploaded, pool.free, one.reserved, one.given, one.void)
    return one.pool, *(f"{number:,}" for number in numbers), f"OFF BY {pool.missing:+,}" if pool.missing else ""


class _Sender:
    """Sends the parts of a file one after the other, again while the service is away."""

    def __init__(self, client: ServiceClient, program: str, pool: str) -> None:
        self.counts: Counter[str] = Counter()
        self._client = client
        self._path = path("programs", program, "pools", pool, "codes")
        self._lines: list[str] = []
        self._warning = ""

    def send(self, part: list[Entry], idempotency_key: str) -> None:
        """Returns once the part is durable. Ends the command if it is refused, or not accepted after several attempts."""
        answer = self._request(gzip.compress(msgspec.json.encode([one.text for one in part]), 1), idempotency_key)
        if answer.status_code == 422 and answer.json().get("code") == "no_codes":
            errors = answer.json().get("errors", ())
            self.counts["refused"] += len(errors)
            self._lines += [_renumbered(one["detail"], part) for one in errors]
            return
        if answer.is_error:
            raise refusal(answer)
        found: Item = decode_response(answer, Item)
        self.counts.update({name: found[name] for name in ("accepted", "duplicates", "refused")})
        self._lines += [_renumbered(one["detail"], part) for one in found["lines"] if one["reason"] != "duplicate"]
        self._warning = found.get("warning", "")

    def result(self) -> str:
        """What was added, and the first lines that were refused."""
        counts = [f"{self.counts[name]:,} {name}" for name in ("accepted", "duplicates", "refused")]
        return "\n".join([", ".join(counts), *self._lines[:_MAX_SHOWN], *([self._warning] if self._warning else [])])

    def _request(self, body: bytes, idempotency_key: str) -> httpx.Response:
        headers = {
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            "Idempotency-Key": idempotency_key,
        }
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(min(_LONGEST_PAUSE_S, 0.5 * 2**attempt))
            try:
                answer = self._client.request("PUT", self._path, content=body, headers=headers)
            except click.ClickException:
                if attempt == _ATTEMPTS - 1:
                    raise
                continue
            if answer.status_code not in (409, 429, 502, 503, 504):
                break
        return answer


def _renumbered(detail: str, part: list[Entry]) -> str:
    """The verdict of a line with its number in the file."""
    _, _, rest = detail.partition(" ")
    number, _, why = rest.partition(" ")
    return f"line {part[int(number) - 1].number} {why}"
