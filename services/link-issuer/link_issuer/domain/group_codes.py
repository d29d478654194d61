"""Which QR code of a group chat a visitor is shown: the first that is neither over nor full. Pure."""

from collections.abc import Callable
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

from referral.events.program import Program
from referral.events.wechat_rules import GroupCode, WechatGroup

_PREFIX = "prg_"


class GroupAddress(NamedTuple):
    """The parts of the id of a group's page: `glow.fans` is the group `fans` of the program `prg_glow`."""

    program: str
    group: str


def parse_group_id(id: str) -> GroupAddress | None:
    """Returns the parts of an id; None if it has not this form."""
    program, dot, group = id.partition(".")
    return GroupAddress(_PREFIX + program, group) if program and dot and group else None


def find_group(program: Program, group: str) -> WechatGroup | None:
    """Returns the group of a program with this id."""
    return next((one for one in program.wechat.groups if one.id == group), None)


def counter_name(program: str, group: str, code: GroupCode) -> str:
    """Returns the name under which the visitors of a QR code are counted: another one for another QR code."""
    digest = blake2b("\x1f".join((program, group, code.url)).encode(), digest_size=12).hexdigest()
    return f"group-{digest}"


def open_code(group: WechatGroup, now: datetime, take: Callable[[GroupCode], bool]) -> GroupCode | None:
    """Returns the first QR code that is not over and that `take` accepts; None if all are over or full."""
    valid = (code for code in group.codes if code.until is None or now < code.until)
    return next((code for code in valid if take(code)), None)
