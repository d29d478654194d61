"""Share kits: composed as each channel allows, and checked against its rules."""

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from link_issuer.domain.availability import unavailable_reason
from link_issuer.domain.policies import text_detectors
from link_issuer.domain.policies.catalogue import POLICIES
from link_issuer.domain.policies.policy import KitContents, find_violations
from link_issuer.domain.share_kit import (
    KitTexts,
    best_code_holder,
    compose,
    content_item,
    policy_violations,
    select_call_to_action,
    with_caption_template,
)
from link_issuer.programs.yaml_form import read_yaml
from referral.events.entities import Link
from referral.events.facts import Channel
from referral.program_file.check import check_program_file
from tests.support.builders.link_issuer import LINK_OWNER, NOW, SHARE_PROGRAM, SHARE_VERSION

CHANNELS: tuple[Channel, ...] = get_args(Channel)
ADDRESS = "https://go.example.com/AMY88"
PLAIN = KitTexts("三步救回来", "Tag a friend", "Say my code AMY88", "Say my code AMY88 or mention @amy")


def _kit(channel: Channel, words: KitTexts = PLAIN, mention: str | None = None):  # type: ignore[no-untyped-def] # noqa: ANN202
    return compose(POLICIES[channel], mention, LINK_OWNER, words, ADDRESS)


def test_every_channel_has_a_policy_with_documented_rules() -> None:
    """Rule names are unique and begin with the channel; docs/channel-policies.md lists each."""
    assert tuple(sorted(POLICIES)) == tuple(sorted(CHANNELS))
    names = [rule.name for policy in POLICIES.values() for rule in policy.rules]
    assert len(set(names)) == len(names)
    assert all(
        name.startswith(channel) for channel, policy in POLICIES.items() for name in (r.name for r in policy.rules)
    )
    page = (Path(__file__).parents[3] / "docs" / "channel-policies.md").read_text("utf-8")
    assert [name for name in names if f"`{name}`" not in page] == []


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("mention", [None, "@amy"])
def test_a_kit_of_plain_texts_follows_its_channels_policy(channel: Channel, mention: str | None) -> None:
    """And refers friends, by a link or a code."""
    kit = _kit(channel, mention=mention)
    assert policy_violations(kit) == []
    assert kit.link or kit.code in kit.caption


@pytest.mark.parametrize("channel", ["xiaohongshu", "douyin"])
def test_a_kit_for_a_channel_without_links_has_a_code_and_a_mention(channel: Channel) -> None:
    """No link, QR code or scene, neither in a field nor in the caption."""
    kit = _kit(channel, mention="@amy")
    assert (kit.link, kit.qr, kit.scene) == (None, None, None)
    assert "http" not in kit.caption
    assert kit.caption.endswith("Say my code AMY88 or mention @amy")


def test_a_wechat_kit_has_link_qr_code_and_scene() -> None:
    """The scene is the code, within the platform's length limit: WeChat sends it back in `subscribe` and `SCAN`."""
    kit = _kit("wechat")
    assert (kit.link, kit.qr, kit.scene) == (ADDRESS, ADDRESS, "AMY88")
    assert len(kit.scene) <= 64


@pytest.mark.parametrize(
    ("channel", "words", "rule"),
    [
        ("xiaohongshu", "攻略在 https://example.com/x", "xiaohongshu_no_links"),
        ("xiaohongshu", "去 glow-shop.cn 看", "xiaohongshu_no_links"),
        ("xiaohongshu", "ｗｗｗ．ｇｌｏｗ．ｃｏｍ", "xiaohongshu_no_links"),
        ("xiaohongshu", "加V领资料", "xiaohongshu_no_contact_details"),
        ("xiaohongshu", "微信：amy_glow", "xiaohongshu_no_contact_details"),
        ("xiaohongshu", "电话 138-1234-5678".replace("-", ""), "xiaohongshu_no_contact_details"),
        ("xiaohongshu", "amy@example.com", "xiaohongshu_no_contact_details"),
        ("xiaohongshu", "长" * 1001, "xiaohongshu_caption_length"),
        ("wechat", "转发朋友圈领取护肤秘籍", "wechat_no_prize_for_sharing"),
        ("wechat", "集赞 30 个送礼", "wechat_no_prize_for_sharing"),
        ("wechat", "Share this post to win a serum", "wechat_no_prize_for_sharing"),
        ("weibo", "转发抽奖，送三份", "weibo_raffle_by_its_own_tool"),
        ("weibo", "长" * 2001, "weibo_caption_length"),
        ("douyin", "看 www.example.com", "douyin_no_links"),
        ("douyin", "QQ：12345678", "douyin_no_contact_details"),
        ("web", "see example.com", "web_no_untracked_link"),
    ],
)
def test_texts_that_violate_a_policy_are_rejected_with_the_rules_name(channel: Channel, words: str, rule: str) -> None:
    """And with what in the text violates it."""
    [violation] = policy_violations(
        _kit(channel, KitTexts(words, "", PLAIN.code_instruction, PLAIN.mention_instruction))
    )
    assert violation.rule == rule
    assert violation.found


@pytest.mark.parametrize(
    "words",
    [
        "换季皮肤起皮？三步救回来",
        "艾特一个皮肤干的朋友",
        "报我的邀请码：你首单 8 折，我拿护肤秘籍",
        "转给那个总是来不及洗脸的人",
        "先收藏，换季和闺蜜一起用",
        "Use my code: 20% off for you, a guide for me",
        "2026.11.24 第 3.5 周",
        "Dr.Jart+ vs. La Mer, 5.5折",
    ],
)
def test_ordinary_texts_violate_nothing(words: str) -> None:
    """Among them the example program's texts, numbers and abbreviations."""
    for channel in CHANNELS:
        assert (
            policy_violations(_kit(channel, KitTexts(words, words, PLAIN.code_instruction, PLAIN.mention_instruction)))
            == []
        )


def test_weibos_own_raffle_tool_is_allowed() -> None:
    """If the post mentions its account."""
    assert (
        policy_violations(
            _kit("weibo", KitTexts("转发抽奖 @微博抽奖平台", "", PLAIN.code_instruction, PLAIN.mention_instruction))
        )
        == []
    )


@pytest.mark.parametrize(
    ("template", "call_to_action", "caption"),
    [
        (
            "{hook}。{cta}。关注时报我的邀请码 {code}",
            "报我的邀请码，你立减 20%",
            "三步救回来。关注时报我的邀请码 AMY88",
        ),
        ("{hook}. {cta}. My code is {code}", "Use my code AMY88", "三步救回来. My code is AMY88"),
        ("{hook}\n{cta}\n{code}", "Use my code", "三步救回来\nAMY88"),
        ("{code}: {hook}. {cta}", "Use my code", "AMY88: 三步救回来."),
        ("{hook}. {cta}. My code is {code}", "Tag a friend", "三步救回来. Tag a friend. My code is AMY88"),
        ("{hook}. {cta}", "Use my code AMY88", "三步救回来. Use my code AMY88"),
    ],
)
def test_a_caption_names_the_code_once(template: str, call_to_action: str, caption: str) -> None:
    """A call to action about the code is left out of a template that names the code; any other is kept."""
    kit = _kit("douyin", dataclasses.replace(PLAIN, call_to_action=call_to_action))
    assert with_caption_template(kit, template, "Amy", ADDRESS).caption == caption


@pytest.mark.parametrize(
    ("call_to_action", "caption"),
    [
        ("Use my code AMY88", "三步救回来\nUse my code AMY88"),
        ("Use my code", "三步救回来\nSay my code AMY88"),
        ("Tag a friend", "三步救回来\nTag a friend\nSay my code AMY88"),
    ],
)
def test_a_caption_without_a_template_names_the_code_once(call_to_action: str, caption: str) -> None:
    """Either in the call to action or in the instruction."""
    assert _kit("douyin", dataclasses.replace(PLAIN, call_to_action=call_to_action)).caption == caption


@given(st.sets(st.sampled_from(["link", "qr", "scene", "code", "mention"])), st.sampled_from(CHANNELS))
def test_policies_reject_forbidden_parts_of_any_kit(parts: set[str], channel: Channel) -> None:
    """By a rule of the channel, independently of how kits are composed."""
    kit = KitContents(text="text", parts=frozenset(parts))  # type: ignore[arg-type] # drawn from the same words
    leads_away = parts & {"link", "qr", "scene"}
    if channel in ("xiaohongshu", "douyin"):
        assert bool(find_violations(POLICIES[channel], kit)) is bool(leads_away)
    if channel == "weibo":
        assert bool(find_violations(POLICIES[channel], kit)) is ("qr" in parts)


@given(st.text(max_size=200))
def test_a_kit_without_program_texts_violates_nothing(words: str) -> None:
    """It is shown in place of a kit that violates a policy."""
    for channel in CHANNELS:
        assert (
            policy_violations(
                _kit(
                    channel, KitTexts(words, words, PLAIN.code_instruction, PLAIN.mention_instruction)
                ).without_program_texts()
            )
            == []
        )


@pytest.mark.parametrize("words", ["https://example.com", "微信号:abc123", "分享得红包"])
def test_full_width_letters_are_detected(words: str) -> None:
    """As they are by the platforms."""
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in words)
    found = [
        test(wide)
        for test in (text_detectors.find_link, text_detectors.find_contact, text_detectors.find_prize_for_sharing)
    ]
    assert any(found)


def test_a_kit_uses_the_most_specific_code() -> None:
    """A link for this channel and content, or for this channel, or the participant's own code; never a link with max_uses, a
    disabled one, or one of a partner.
    """
    base = Link(recorded_at=NOW, id="lnk_1", code="A", program="prg_x", participant=LINK_OWNER.id, channel="wechat")
    exact = replace(base, id="lnk_2", code="B", content="hacks")
    others = [
        replace(base, id="lnk_3", code="C", channel="weibo"),
        replace(exact, id="lnk_4", code="D", max_uses=5),
        replace(exact, id="lnk_5", code="E", disabled=True),
        replace(exact, id="lnk_6", code="F", partner="kol"),
        replace(exact, id="lnk_7", code="G", content="other"),
    ]
    at = datetime.now(UTC)

    def is_available(link: Link) -> bool:
        return unavailable_reason(link, LINK_OWNER, SHARE_VERSION, at) is None

    assert best_code_holder(LINK_OWNER, [*others, base, exact], "wechat", "hacks", is_available).code == "B"
    assert best_code_holder(LINK_OWNER, [*others, base], "wechat", "hacks", is_available).code == "A"
    assert best_code_holder(LINK_OWNER, others, "wechat", "hacks", is_available) is LINK_OWNER


def test_the_texts_are_those_of_the_requested_item() -> None:
    """Otherwise of the program's first; the call to action is the link's if it has one."""
    first = SHARE_PROGRAM.content[0]
    assert content_item(SHARE_PROGRAM, None) is first
    assert content_item(replace(SHARE_PROGRAM, content=()), None) is None
    with pytest.raises(LookupError):
        content_item(SHARE_PROGRAM, "nothing")
    call = select_call_to_action(first, LINK_OWNER)
    assert call is not None
    assert call.id == "tag"
    assert select_call_to_action(None, LINK_OWNER) is None


def test_the_programs_template_for_a_channel_becomes_the_caption() -> None:
    """With its placeholders filled in; the policy is checked all the same."""
    kit = with_caption_template(_kit("wechat"), "{hook}，{cta}：{link}（{name} 的邀请码 {code}）", "Amy", ADDRESS)
    assert kit.caption == f"三步救回来，Tag a friend：{ADDRESS}（Amy 的邀请码 AMY88）"
    assert policy_violations(kit) == []
    with_link = with_caption_template(_kit("xiaohongshu"), "{hook} {link}", "Amy", ADDRESS)
    assert [violation.rule for violation in policy_violations(with_link)] == ["xiaohongshu_no_links"]


def test_a_template_with_an_empty_placeholder_is_not_used() -> None:
    """The composed caption is used instead."""
    assert with_caption_template(_kit("weibo"), "Mention {mention}", "Amy", ADDRESS) == _kit("weibo")


def test_the_example_programs_texts_follow_every_channels_policy() -> None:
    """They can be shared unchanged."""
    program = check_program_file(
        read_yaml((Path(__file__).parents[3] / "examples/programs/glow.yaml").read_text("utf-8")).content
    ).program
    assert program is not None
    texts = [(channel, text) for channel, by_language in program.kits.items() for text in by_language.values()]
    assert len(texts) == 6
    for channel, text in texts:
        kit = with_caption_template(_kit(channel), text, "Amy", ADDRESS)
        assert kit != _kit(channel)
        assert policy_violations(kit) == []
