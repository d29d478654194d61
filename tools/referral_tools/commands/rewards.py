"""`referral rewards reconcile`: whether log, Redis and API agree about money."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click
import msgspec
from redis.exceptions import RedisError

from referral.config import ConfigError, Settings
from referral.log.errors import LogUnavailable
from referral_tools.commands.pools import CHECK_HEADS
from referral_tools.help_group import HelpGroup
from referral_tools.reconciliation import LedgerBehind, MoneyFigures, ProgramResult, Reconciliation, reconcile
from referral_tools.reconciliation.result import REMEDY, BudgetResult, PoolResult, UnitResult
from referral_tools.run_file import running_addresses
from referral_tools.service_client import ServiceClient, service_options
from referral_tools.text_columns import table

_NO_KEY = "unused: no code is opened, and nothing is signed"
_MAX_SHOWN = 20
_MAX_LISTED = 1_000
_UNIT_HEADS = ("UNIT", "", *(name.upper().replace("_", " ") for name in MoneyFigures._fields))
_BUDGET_HEADS = ("BUDGET", "CURRENCY", "TOTAL", "SPENT", "HELD", "STOPPED", "STOPPED AMOUNT")


@click.group(cls=HelpGroup)
def rewards() -> None:
    """Check the accounts of rewards, balances, budgets and pools."""


@rewards.command("reconcile")
@click.argument("program", metavar="[PROGRAM]", required=False)
@click.option("--all", "all_programs", is_flag=True, help="all programs that have rewards")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True)
@service_options("read")
def reconcile_command(program: str | None, all_programs: bool, form: str, url: str, key: str) -> None:
    """Recompute rewards, balances, budgets and pools of PROGRAM (prg_…) from the log, and compare them with Redis and the API.

    Needs REFERRAL_KAFKA and REFERRAL_REDIS, with the operator's Redis user. Amounts are minor units, such as fen. The system may
    run meanwhile. Memory is needed for each reward, some 500 MB for a million.

    Ends with status 1 if something differs, with what and the remedy.
    """
    if bool(program) == all_programs:
        raise click.UsageError("name a program (prg_…), or give --all")
    with _readable_errors(), _LogProgress() as progress:
        found = reconcile(_settings(), ServiceClient(url, key), program, progress.show)
    click.echo(_as_json(found) if form == "json" else _as_text(found))
    for line in _problems(found):
        click.echo(line, err=True)
    if not found.is_equal:
        raise click.exceptions.Exit(1)


class _LogProgress:
    """How much of the log was read: a line on standard error for each tenth of a long one."""

    _SHOWN_FROM = 100_000

    def __init__(self) -> None:
        self._tenth = 0

    def __enter__(self) -> "_LogProgress":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._tenth:
            click.echo("comparing with Redis and the API", err=True)

    def show(self, done: int, total: int) -> None:
        """Shows a line if a tenth more was read."""
        tenth = 10 * done // total if total else 0
        if total >= self._SHOWN_FROM and tenth > self._tenth:
            click.echo(f"log: {done:,} of {total:,} records read", err=True)
            self._tenth = tenth


@contextmanager
def _readable_errors() -> Iterator[None]:
    try:
        yield
    except (ConfigError, LogUnavailable, LedgerBehind, msgspec.MsgspecError) as error:
        raise click.ClickException(str(error)) from error
    except RedisError as error:
        raise click.ClickException(
            f"Redis cannot be read ({error}): set REFERRAL_REDIS, with the user `operator` where users are set up"
        ) from error


def _settings() -> Settings:
    return Settings.from_env({"REFERRAL_SIGNING_KEY": _NO_KEY} | running_addresses(os.environ) | os.environ)


def _as_json(found: Reconciliation) -> str:
    programs = [
        {
            **msgspec.to_builtins(one),
            "units": [_unit_object(unit) for unit in one.units],
            "differences": msgspec.to_builtins(one.differences[:_MAX_LISTED]),
            "difference_count": len(one.differences),
            "undecided": one.undecided[:_MAX_LISTED],
            "equal": one.is_equal,
        }
        for one in found.programs
    ]
    remedy = {} if found.is_equal else {"remedy": REMEDY}
    answer = {"equal": found.is_equal, "rewards": found.rewards, "programs": programs, **remedy}
    return msgspec.json.format(msgspec.json.encode(answer), indent=2).decode()


def _unit_object(unit: UnitResult) -> dict[str, object]:
    return {"unit": unit.unit, "log": unit.log._asdict(), "system": unit.system._asdict()}


def _as_text(found: Reconciliation) -> str:
    if not found.programs:
        return "no rewards on the log"
    return "\n\n".join(_program_text(one) for one in found.programs)


def _program_text(one: ProgramResult) -> str:
    verdict = "log, Redis and API agree" if one.is_equal else "DIFFERENCES" if one.differences else "UNDECIDED"
    parts = [
        f"{one.program}: {verdict}",
        _section(_UNIT_HEADS, [row for unit in one.units for row in _unit_rows(unit)]),
    ]
    parts += [_section(_BUDGET_HEADS, [_budget_row(budget) for budget in one.budgets])]
    parts += [_section(CHECK_HEADS[:-1], [_pool_row(pool) for pool in one.pools])]
    return "\n".join(part for part in parts if part)


def _section(heads: Sequence[str], rows: list[tuple[str, ...]]) -> str:
    return table(heads, rows) if rows else ""


def _unit_rows(unit: UnitResult) -> list[tuple[str, ...]]:
    rows = [(unit.unit, "log", *(f"{number:,}" for number in unit.log))]
    if unit.system != unit.log:
        rows.append(("", "system", *(f"{number:,}" for number in unit.system)))
    return rows


def _budget_row(one: BudgetResult) -> tuple[str, ...]:
    numbers = (one.total, one.spent, one.held, one.stopped, one.stopped_amount)
    return one.budget, one.currency, *(f"{number:,}" for number in numbers)


def _pool_row(one: PoolResult) -> tuple[str, ...]:
    return one.pool, *(f"{number:,}" for number in (one.uploaded, one.free, one.reserved, one.given, one.void))


def _problems(found: Reconciliation) -> Iterator[str]:
    for program in found.programs:
        for one in program.differences[:_MAX_SHOWN]:
            yield f"{program.program}: {one.what}: {one.detail}"
        if len(program.differences) > _MAX_SHOWN:
            yield f"{program.program}: and {len(program.differences) - _MAX_SHOWN:,} more; --format json lists {_MAX_LISTED:,}"
        if program.undecided:
            names = ", ".join(program.undecided[:_MAX_SHOWN])
            yield f"{program.program}: changed whenever they were compared: {names}. Run the command again."
    if any(program.differences for program in found.programs):
        yield REMEDY
