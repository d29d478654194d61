"""What a program's rewards are handed out from, compared with what there is: files of guides and uploaded codes.

A program is valid without them, because they can be added later; until then its rewards are held. So these are warnings.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from referral.events.program import Program
from referral.events.reward_rules import GENERATED, Reward
from referral.events.rewards import handover_of
from referral.json_pointer import json_pointer

SupplyProblemCode = Literal["guide_missing", "pool_without_codes", "pool_without_rule"]
_MAX_NAMED = 5


@dataclass(frozen=True, slots=True)
class SupplyProblem:
    """A stable name, a JSON pointer into the program file, and what is missing and how to add it."""

    code: SupplyProblemCode
    pointer: str
    detail: str


def supply_problems(
    program: Program, pools: Collection[str] | None = None, files: Collection[str] | None = None
) -> list[SupplyProblem]:
    """The problems of a program, in the order of its rules.

    `pools` has the names of the program's pools that were ever given codes, `files` those of its guides; None: not known.
    """
    problems: list[SupplyProblem] = []
    for index, rule in enumerate(program.rewards):
        pointer = json_pointer("rewards", index, "pool")
        if files is not None:
            problems += _file_problems(program, rule, pointer, files)
        if pools is not None:
            problems += _code_problems(program, rule, pointer, pools)
    return problems + list(_unused_pools(program, pools or ()))


def _file_problems(program: Program, rule: Reward, pointer: str, files: Collection[str]) -> Iterator[SupplyProblem]:
    if handover_of(rule.kind) != "file":
        return
    if rule.pool is None:
        yield SupplyProblem("guide_missing", pointer, "names no file: its rewards are held until it does")
    elif rule.pool not in files:
        detail = f"there is no file {rule.pool} in the folder {program.id} of REFERRAL_GUIDES"
        yield SupplyProblem(
            "guide_missing",
            pointer,
            f"{detail}: add it{_suggestion(rule.pool, files)}. Until then these rewards are held.",
        )


def _code_problems(program: Program, rule: Reward, pointer: str, pools: Collection[str]) -> Iterator[SupplyProblem]:
    if handover_of(rule.kind) != "code" or rule.pool in (None, GENERATED) or rule.pool in pools:
        return
    upload = f"PUT /v1/programs/{program.id}/pools/{rule.pool}/codes"
    others = _suggestion(rule.pool or "", pools)
    detail = f"pool {rule.pool} has no codes: upload them ({upload}){others}. Until then these rewards are held."
    yield SupplyProblem("pool_without_codes", pointer, detail)


def _unused_pools(program: Program, pools: Collection[str]) -> Iterator[SupplyProblem]:
    """Pools with codes that no rule names: their codes are never issued."""
    named = sorted(
        {rule.pool for rule in program.rewards if rule.pool and handover_of(rule.kind) == "code"} - {GENERATED}
    )
    for pool in sorted(name for name in pools if name not in named):
        rules = f"rules name {', '.join(named[:_MAX_NAMED])}" if named else "no rule names a pool of codes"
        detail = f"the codes of pool {pool} are never issued: {rules}. Name it in a rule, or upload to another pool."
        yield SupplyProblem("pool_without_rule", "/rewards", detail)


def _suggestion(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, sorted(known), n=1)
    return f", or write {close[0]} if that is meant" if close else ""
