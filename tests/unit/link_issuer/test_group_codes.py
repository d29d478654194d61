"""The page of a group chat: it moves on at a cap or a date, counts each person once, and says so when all codes are full."""

from datetime import UTC, datetime

import pytest

from link_issuer.domain.group_codes import counter_name, open_code, parse_group_id
from referral.events.wechat_rules import GroupCode, WechatGroup

_NOW = datetime(2026, 12, 1, tzinfo=UTC)
_OVER = GroupCode(url="https://weixin.qq.com/g/over", until=_NOW)
_FULL = GroupCode(url="https://weixin.qq.com/g/full")
_OPEN = GroupCode(url="https://weixin.qq.com/g/open", until=datetime(2026, 12, 2, tzinfo=UTC))
_GROUP = WechatGroup(id="fans", name={"en": "Fans"}, codes=(_OVER, _FULL, _OPEN))


def test_the_first_code_that_is_neither_over_nor_full_is_shown() -> None:
    """In the order of the program file; None if there is none."""
    asked: list[str] = []

    def take(code: GroupCode) -> bool:
        asked.append(code.url[-4:])
        return code is not _FULL

    assert open_code(_GROUP, _NOW, take) is _OPEN
    assert asked == ["full", "open"], "a code that is over takes no one's place"
    assert open_code(_GROUP, _NOW, lambda _: False) is None


@pytest.mark.parametrize(("id", "program"), [("glow.fans", "prg_glow"), ("a_b.c-d", "prg_a_b")])
def test_an_id_names_program_and_group(id: str, program: str) -> None:
    """Groups of two programs may have the same id."""
    assert parse_group_id(id) == (program, id.partition(".")[2])


@pytest.mark.parametrize("id", ["", "glow", ".fans", "glow."])
def test_other_ids_are_unknown(id: str) -> None:
    """Without a program or a group."""
    assert parse_group_id(id) is None


def test_each_code_of_each_group_has_a_count_of_its_own() -> None:
    """A code that replaces another begins at zero; a cap that is raised continues."""
    raised = GroupCode(url=_OPEN.url, cap=200)
    names = {counter_name(*of) for of in (("p", "g", _OPEN), ("p", "h", _OPEN), ("q", "g", _OPEN), ("p", "g", _FULL))}
    assert len(names) == 4
    assert counter_name("p", "g", raised) == counter_name("p", "g", _OPEN)
