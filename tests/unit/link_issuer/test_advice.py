"""Advice on programs: each pitfall by its name, and none on a good program."""

from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
from hypothesis import given

from link_issuer.domain import advice
from link_issuer.domain.advice.advice_rule import Advice, AdviceRule
from link_issuer.domain.advice.catalogue import RULES, find_advice
from link_issuer.domain.advice.generic_cta import is_generic
from link_issuer.domain.advice.missing_element import missing_elements
from link_issuer.domain.advice.text_patterns import FORCED_SHARING, OFF_PLATFORM, REPEATED_SHARING
from link_issuer.http_api.programs.program_examples import PROGRAM
from link_issuer.programs.yaml_form import read_yaml
from referral.program_file.check import check_program_file
from tests.support.builders.program_files import MINIMAL_FILE, program_files

GLOW: dict[str, Any] = dict(read_yaml(Path("examples/programs/glow.yaml").read_text("utf-8")).content)  # type: ignore[arg-type]
ITEM = GLOW["content"][0]
NOW = datetime(2026, 12, 2, tzinfo=UTC)
CHALLENGE = GLOW["challenges"][0]
FOUR = ["xiaohongshu", "wechat", "weibo", "douyin"]
KITS = GLOW["kits"]
GENERIC = """
share | Please share! | Share this with your friends 🙏
Don’t forget to like and share | Tag a friend | 👇👇 | 转发一下 | 求转发～ | 一键三连
转发给更多人看到吧！ | 分享给你的朋友 | 帮忙扩散一下 | 喜欢的话记得点赞收藏哦 | 转发到朋友圈 | 艾特好友
"""
SPECIFIC = """
Tag a friend who struggles with dry skin | Share with your sister
Send this to the one who never has time | Save 20% | 艾特一个皮肤干的朋友 | 转给那个总是来不及洗脸的人
先收藏，换季和闺蜜一起用 | 发给熬夜的室友
"""
FORCING = """
Share to win a set | Share this post and get 20%
You must share this to take part | Unlock it by sharing | Free if you repost
转发抽奖 | 分享后解锁全文 | 转发此条即可领取 | 必须转发 | 不转不是朋友 | 发到3个群就能领 | 分享有礼
"""
FREE = """
Use my code: 20% off for you, a guide for me
Send this to the one who never has time | Win a day with the creator
Share what you learned | 报我的邀请码：你首单 8 折，我拿护肤秘籍 | 转给那个总是来不及洗脸的人 | 关注即可领取
分享你的护肤顺序。领取秘籍见首页
"""
SPAMMY = """
Share it every day | Post this to 5 groups | 转发到3个群 | 每天分享 | 转发十遍
forward to all your chats
"""
DAILY = """
每天洗发三次 | Two steps every day | 每天早上的护肤 | 发给一个朋友
Day 3: share the habit you want to lose
"""


def _texts(lines: str) -> list[str]:
    """Texts separated by | or line breaks."""
    return [text for line in lines.strip().splitlines() for text in line.split(" | ")]


def _cta(text: str, **more: object) -> dict[str, Any]:
    return {"id": "c", "placement": "caption", "text": {"en": text}, **more}


def _item(**more: object) -> dict[str, Any]:
    """Glow's first item alone, changed."""
    return {"content": [{k: v for k, v in (ITEM | {"experiment": None} | more).items() if v is not None}]}


def _kits(**texts: object) -> dict[str, Any]:
    """Glow's kits, some of them changed."""
    return {"kits": KITS | texts}


def _both(code: str, pointer: str) -> list[tuple[str, str]]:
    """The same warning for both languages."""
    return [(code, f"{pointer}/en"), (code, f"{pointer}/zh-CN")]


def _advice(content: object) -> list[Advice]:
    """The advice on a file without mistakes."""
    checked = check_program_file(content)
    assert checked.mistakes == []
    assert checked.program is not None
    return find_advice(checked.program, NOW)


def _warnings(change: dict[str, Any]) -> list[tuple[str, str]]:
    """The warnings on Glow with a change, by name and pointer."""
    return [(one.code, one.pointer) for one in _advice({k: v for k, v in (GLOW | change).items() if v is not None})]


def test_the_examples_need_no_advice() -> None:
    """Neither the example file nor the example of the API."""
    assert _warnings({}) == []
    assert _advice(PROGRAM) == []


PLACES = ("caption", "comment", "last_slide")
THREE_ASKS = [_cta("Tag a dry friend", id=f"c{number}", placement=place) for number, place in enumerate(PLACES)]
TWO_AT_ONCE = [_cta("Tag a dry friend"), _cta("Tag a shy friend", id="d")]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"content": []}, [("no_cta", "/content")]),
        (_item(ctas=[]), [("no_cta", "/content/0/ctas")]),
        (_item(ctas=[_cta("Please share!")]), [("generic_cta", "/content/0/ctas/0/text/en")]),
        (_item(ctas=[_cta("转发一下")]), [("generic_cta", "/content/0/ctas/0/text/en")]),
        (_kits(weibo={"en": "{link}", "zh-CN": "分享：{link}"}), _both("generic_cta", "/kits/weibo")),
        (_item(elements=None), [("missing_element", "/content/0/elements")]),
        ({"kits": {}}, [("hard_to_share", "/kits")] * 3),
        ({"kits": KITS | {"weibo": {"en": KITS["weibo"]["en"]}}}, [("hard_to_share", "/kits/weibo")]),
        ({"rewards": []}, [("no_reward", "/rewards")]),
        ({"rewards": GLOW["rewards"][:1]}, [("one_sided_reward", "/rewards")]),
        ({"rewards": GLOW["rewards"][1:2]}, [("one_sided_reward", "/rewards")]),
        ({"challenges": []}, [("no_ugc", "/challenges")]),
        ({"challenges": [CHALLENGE | {"prizes": {}}]}, [("no_ugc", "/challenges/0/prizes")]),
        (_item(ctas=[_cta("Share this post to unlock the guide")]), [("forced_sharing", "/content/0/ctas/0/text/en")]),
        (_item(hook={"zh-CN": "转发到朋友圈才能领取秘籍"}), [("forced_sharing", "/content/0/hook/zh-CN")]),
        (
            _kits(wechat={"en": "Win a set for sharing my code {code}", "zh-CN": "分享有礼，报 {code}"}),
            _both("forced_sharing", "/kits/wechat"),
        ),
        (
            {"rewards": [GLOW["rewards"][0] | {"worth": "free after you share"}, GLOW["rewards"][1]]},
            [("forced_sharing", "/rewards/0/worth")],
        ),
        (
            {"boards": [{"metric": "referrals", "prizes": {"all": {"1": "转发抽奖"}}}]},
            [("forced_sharing", "/boards/0/prizes/all/1")],
        ),
        (
            {"challenges": [CHALLENGE | {"prizes": {"final": "分享领取"}}]},
            [("forced_sharing", "/challenges/0/prizes/final")],
        ),
        (
            {"wechat": {"follow": {"text": {"zh-CN": "欢迎！关注就送红包"}}}},
            [("induced_following", "/wechat/follow/text/zh-CN")],
        ),
        (
            {"wechat": {"keywords": [{"words": ["a"], "news": {"title": {"en": "Follow us to win a set"}}}]}},
            [("induced_following", "/wechat/keywords/0/news/title/en")],
        ),
        (
            {"wechat": {"scan": {"text": {"zh-CN": "转发到朋友圈才能领取"}}}},
            [("forced_sharing", "/wechat/scan/text/zh-CN")],
        ),
        ({"wechat": {"follow": {"text": {"zh-CN": "欢迎关注，你的邀请码是 {code}"}}}}, []),
        ({"attribution": {"evidence": ["click", "scan"]}}, [("untracked_channel", "/channels/0")]),
        (
            _kits(wechat={"en": "Ask {name} how I did it", "zh-CN": "{hook}"}),
            _both("untracked_channel", "/kits/wechat"),
        ),
        (
            {"attribution": {"evidence": ["code"]}},
            [("untracked_channel", "/kits/wechat/zh-CN"), ("untracked_channel", "/kits/wechat/en")],
        ),
        ({"channels": FOUR, "kits": KITS | {"douyin": KITS["xiaohongshu"]}}, [("too_many_channels", "/channels")]),
        (_item(ctas=THREE_ASKS), [("spammy_frequency", "/content/0/ctas")]),
        (_item(ctas=TWO_AT_ONCE), [("spammy_frequency", "/content/0/ctas/1/placement")]),
        (_item(ctas=TWO_AT_ONCE, experiment={"id": "e", "variants": ["c", "d"]}), []),
        (_item(hook={"zh-CN": "每天转发一次"}), [("spammy_frequency", "/content/0/hook/zh-CN")]),
        (
            {"challenges": [CHALLENGE, CHALLENGE | {"id": "b", "hashtag": "#B", "starts": "2026-11-30"}]},
            [("spammy_frequency", "/challenges/1/starts")],
        ),
        ({"challenges": [CHALLENGE, CHALLENGE | {"id": "b", "starts": "2026-12-01"}]}, []),
        (
            _kits(xiaohongshu={"en": "Glow with me: {code} or {link}", "zh-CN": "加微信报 {code}，一起护肤"}),
            _both("link_on_xiaohongshu", "/kits/xiaohongshu"),
        ),
        (
            {
                "channels": ["xiaohongshu", "wechat", "douyin"],
                "kits": {name: KITS[name] for name in ("xiaohongshu", "wechat")}
                | {"douyin": {"en": "{hook}. {cta}. {code}: {link}", "zh-CN": "{hook}。{cta}。邀请码 {code}：{link}"}},
                "partners": [],
            },
            _both("kit_breaks_policy", "/kits/douyin"),
        ),
        ({"ends_at": "2026-12-01T00:00:00+08:00"}, [("already_ended", "/ends_at")]),
        ({"join": GLOW["join"] | {"proofs": ["message", "email"]}}, [("unusable_proof", "/join/proofs/1")]),
        ({"join": GLOW["join"] | {"channels": ["xiaohongshu", "web"]}}, [("unusable_proof", "/join/channels/1")]),
        (
            {"join": GLOW["join"] | {"channels": ["wechat"], "proofs": ["wechat"]}},
            [("unusable_proof", "/join/proofs")],  # without an AppID
        ),
    ],
)
def test_each_pitfall_is_found_by_name_and_pointer(change: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """One change to a good program results in exactly these warnings: only the rule of a pitfall finds it."""
    assert _warnings(change) == expected


def test_every_rule_is_in_the_table_above() -> None:
    """A rule that is added to the catalogue needs a case of its own."""
    [mark] = [one for one in test_each_pitfall_is_found_by_name_and_pointer.pytestmark if one.name == "parametrize"]  # type: ignore[attr-defined]
    covered = {name for _, expected in mark.args[1] for name, _ in expected}
    assert covered == {rule.name for rule in RULES}
    assert all(rule.pitfall and rule.fix for rule in RULES)


def test_a_minimal_program_gets_all_advice_at_once() -> None:
    """The program is valid all the same."""
    assert [one.code for one in _advice(MINIMAL_FILE)] == ["no_cta", "hard_to_share", "no_reward", "no_ugc"]


def test_every_rule_file_is_in_the_catalogue() -> None:
    """A rule that is written but not listed would never give advice."""
    modules = [import_module(f"{advice.__name__}.{module.name}") for module in iter_modules(advice.__path__)]
    rules = {value.name for module in modules for value in vars(module).values() if isinstance(value, AdviceRule)}
    assert rules == {rule.name for rule in RULES}


@pytest.mark.parametrize("ends_at", ["2020-01-01T00:00:00Z", "2026-12-02T00:00:00Z"])
def test_a_program_that_is_over_is_reported(ends_at: str) -> None:
    """Applied by mistake, all its links would lead nowhere; a later end is no reason for advice."""
    without_challenge = {"challenges": [], "boards": []}
    before = _warnings(without_challenge)
    assert _warnings(without_challenge | {"ends_at": "2027-01-01T00:00:00Z"}) == before
    found = _warnings(without_challenge | {"ends_at": ends_at})
    assert [one for one in found if one not in before] == [("already_ended", "/ends_at")]


@pytest.mark.parametrize(
    ("channel", "text", "rule"),
    [
        ("douyin", "从这里关注：{link}，邀请码 {code}", "douyin_no_links"),
        ("douyin", "邀请码 {code}，看 www.example.com", "douyin_no_links"),
        ("douyin", "邀请码 {code}，加微信 amy_glow", "douyin_no_contact_details"),
        ("wechat", "转发朋友圈领取护肤秘籍 {link}", "wechat_no_prize_for_sharing"),
        ("weibo", "转发抽奖，送三份 {link}", "weibo_raffle_by_its_own_tool"),
    ],
)
def test_a_kit_that_its_channel_does_not_allow_is_reported(channel: str, text: str, rule: str) -> None:
    """With the rule that the share kit would be refused for, on every channel."""
    kits = {channel: {"zh-CN": text}}
    found = _advice(GLOW | {"channels": [channel], "kits": kits, "partners": [], "challenges": []})
    broken = [(one.pointer, rule in one.detail) for one in found if one.code == "kit_breaks_policy"]
    assert broken == [(f"/kits/{channel}/zh-CN", True)]


@given(program_files)
def test_every_valid_program_can_be_advised(content: dict[str, Any]) -> None:
    """Each warning has the name of a rule, a pointer and a detail."""
    names = {rule.name for rule in RULES}
    assert all(one.code in names and one.pointer.startswith("/") and one.detail for one in _advice(content))


@pytest.mark.parametrize("text", _texts(GENERIC))
def test_a_generic_call_to_action_is_recognized(text: str) -> None:
    """In both languages."""
    assert is_generic(text)


@pytest.mark.parametrize("text", _texts(SPECIFIC))
def test_a_specific_call_to_action_is_not_generic(text: str) -> None:
    """It names a friend or a reason."""
    assert not is_generic(text)


@pytest.mark.parametrize("text", _texts(FORCING))
def test_sharing_as_a_condition_is_found(text: str) -> None:
    """In both languages, also with words in between."""
    assert FORCED_SHARING.search(text)


@pytest.mark.parametrize("text", _texts(FREE))
def test_a_gift_without_sharing_as_a_condition_is_allowed(text: str) -> None:
    """Rewards for friends who follow are the purpose of a program."""
    assert not FORCED_SHARING.search(text)


@pytest.mark.parametrize("text", _texts(SPAMMY))
def test_requests_for_repeated_sharing_are_found(text: str) -> None:
    """By frequency, by number and by number of groups."""
    assert REPEATED_SHARING.search(text)


@pytest.mark.parametrize("text", _texts(DAILY))
def test_daily_activities_other_than_sharing_are_allowed(text: str) -> None:
    """Skincare is a daily routine."""
    assert not REPEATED_SHARING.search(text)


@pytest.mark.parametrize(
    ("text", "leads"),
    [("see glow.com", True), ("加vx聊", True), ("扫码", True), ("Say {code}", False), ("boxing", False)],
)
def test_what_leads_off_xiaohongshu_is_found(text: str, leads: bool) -> None:
    """URLs, QR codes and contacts in other apps, also between Chinese characters."""
    assert bool(OFF_PLATFORM.search(text)) == leads


def test_an_item_has_the_elements_it_describes_and_those_of_its_mechanics() -> None:
    """Emotional trigger, practical value, easy share, social currency."""
    program = check_program_file(
        GLOW | _item(elements={"easy_share": "one word"}, mechanics=["practical_value", "share_trigger"])
    ).program
    assert program is not None
    assert missing_elements(program.content[0]) == ["emotional_trigger", "social_currency"]
    [found] = _advice(GLOW | _item(elements={"easy_share": "x"}, mechanics=["practical_value"]))
    assert "has 2 of 4 elements, without emotional_trigger (what people feel" in found.detail
