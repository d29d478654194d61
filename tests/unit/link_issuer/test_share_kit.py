"""Share kits: composed as each channel allows, and held against its rules."""

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
from link_issuer.programs.check import check
from link_issuer.programs.yaml_form import read
from referral.events.entities import Link, Participant
from referral.events.facts import Channel
from tests.support.builders.link_issuer import LINK_OWNER, NOW, SHARE_PROGRAM, SHARE_VERSION

CHANNELS: tuple[Channel, ...] = get_args(Channel)
ADDRESS = "https://go.example.com/AMY88"
PLAIN = KitTexts("三步救回来", "Tag a friend", "Say my code AMY88", "Say my code AMY88 or mention @amy")
WITH_MENTION = replace(LINK_OWNER, mention="@amy")


def _kit(channel: Channel, words: KitTexts = PLAIN, owner: Participant = LINK_OWNER):  # type: ignore[no-untyped-def] # noqa: ANN202
    return compose(POLICIES[channel], owner, owner, words, ADDRESS)


def test_every_channel_has_a_policy_with_named_rules_that_are_written_down() -> None:
    """One module a channel; no two rules share a name; docs/channel-policies.md tells of each."""
    assert tuple(sorted(POLICIES)) == tuple(sorted(CHANNELS))
    names = [rule.name for policy in POLICIES.values() for rule in policy.rules]
    assert len(set(names)) == len(names)
    assert all(
        name.startswith(channel) for channel, policy in POLICIES.items() for name in (r.name for r in policy.rules)
    )
    page = (Path(__file__).parents[3] / "docs" / "channel-policies.md").read_text("utf-8")
    assert [name for name in names if f"`{name}`" not in page] == []


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("owner", [LINK_OWNER, WITH_MENTION])
def test_a_kit_of_plain_words_keeps_its_channels_policy(channel: Channel, owner: Participant) -> None:
    """And refers somehow: by link or by a code that is said."""
    kit = _kit(channel, owner=owner)
    assert policy_violations(kit) == []
    assert kit.link or kit.code in kit.caption


@pytest.mark.parametrize("channel", ["xiaohongshu", "douyin"])
def test_where_nothing_may_lead_away_a_kit_is_a_spoken_code_and_a_mention(channel: Channel) -> None:
    """No link, no QR code, no scene, in no field and not in the words."""
    kit = _kit(channel, owner=WITH_MENTION)
    assert (kit.link, kit.qr, kit.scene) == (None, None, None)
    assert "http" not in kit.caption
    assert kit.caption.endswith("Say my code AMY88 or mention @amy")


def test_a_wechat_kit_brings_link_qr_and_the_scene_that_names_the_code() -> None:
    """The scene of a parametric QR code comes back in `subscribe` and `SCAN`; it is the code, within the platform's length."""
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
def test_words_that_break_a_policy_are_refused_by_the_rules_name(channel: Channel, words: str, rule: str) -> None:
    """The kit is not given out, and whoever wrote the words learns which rule and by what."""
    [breach] = policy_violations(_kit(channel, KitTexts(words, "", PLAIN.code_instruction, PLAIN.mention_instruction)))
    assert breach.rule == rule
    assert breach.found


@pytest.mark.parametrize(
    "words",
    [
        "换季皮肤起皮？三步救回来",
        "艾特一个皮肤干的朋友",
        "报我的邀请码，你立减 20%，我拿护肤秘籍",
        "转给那个总是来不及洗脸的人",
        "先收藏，换季和闺蜜一起用",
        "Say my code: you save 20 %, I get the guide",
        "2026.11.24 第 3.5 周",
        "Dr.Jart+ vs. La Mer, 5.5折",
    ],
)
def test_what_people_ordinarily_write_breaks_nothing(words: str) -> None:
    """The example program's own words, numbers and abbreviations among them."""
    for channel in CHANNELS:
        assert (
            policy_violations(_kit(channel, KitTexts(words, words, PLAIN.code_instruction, PLAIN.mention_instruction)))
            == []
        )


def test_weibos_own_raffle_is_let_through() -> None:
    """Its account is named in the post."""
    assert (
        policy_violations(
            _kit("weibo", KitTexts("转发抽奖 @微博抽奖平台", "", PLAIN.code_instruction, PLAIN.mention_instruction))
        )
        == []
    )


@given(st.sets(st.sampled_from(["link", "qr", "scene", "code", "mention"])), st.sampled_from(CHANNELS))
def test_the_gate_holds_whoever_composed_the_kit(parts: set[str], channel: Channel) -> None:
    """What a policy does not carry leads away: the channels that forbid it say so by a rule, not by luck of composition."""
    kit = KitContents(text="words", parts=frozenset(parts))  # type: ignore[arg-type] # drawn from the same words
    leads_away = parts & {"link", "qr", "scene"}
    if channel in ("xiaohongshu", "douyin"):
        assert bool(find_violations(POLICIES[channel], kit)) is bool(leads_away)
    if channel == "weibo":
        assert bool(find_violations(POLICIES[channel], kit)) is ("qr" in parts)


@given(st.text(max_size=200))
def test_a_bare_kit_breaks_nothing_whatever_the_words_were(words: str) -> None:
    """What is shown in place of refused words."""
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
def test_full_width_letters_hide_nothing(words: str) -> None:
    """As platforms read them."""
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in words)
    found = [
        test(wide)
        for test in (text_detectors.find_link, text_detectors.find_contact, text_detectors.find_prize_for_sharing)
    ]
    assert any(found)


def test_a_kit_takes_the_code_that_says_most() -> None:
    """A link for this channel and content, else for this channel, else the person's own; never one that is bounded, off, or a
    partner's.
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
        return unavailable_reason(link, SHARE_VERSION, at) is None

    assert best_code_holder(LINK_OWNER, [*others, base, exact], "wechat", "hacks", is_available).code == "B"
    assert best_code_holder(LINK_OWNER, [*others, base], "wechat", "hacks", is_available).code == "A"
    assert best_code_holder(LINK_OWNER, others, "wechat", "hacks", is_available) is LINK_OWNER


def test_the_words_are_of_the_item_asked_for() -> None:
    """Else of the program's first; the call to action is the link's own where it names one."""
    first = SHARE_PROGRAM.content[0]
    assert content_item(SHARE_PROGRAM, None) is first
    assert content_item(replace(SHARE_PROGRAM, content=()), None) is None
    with pytest.raises(LookupError):
        content_item(SHARE_PROGRAM, "nothing")
    call = select_call_to_action(first, LINK_OWNER)
    assert call is not None
    assert call.id == "tag"
    assert select_call_to_action(None, LINK_OWNER) is None


def test_the_programs_own_words_for_a_channel_are_the_caption_with_its_blanks_filled_in() -> None:
    """What the growth team wrote is what people post; the gate looks at it all the same."""
    kit = with_caption_template(_kit("wechat"), "{hook}，{cta}：{link}（{name} 的邀请码 {code}）", "Amy", ADDRESS)
    assert kit.caption == f"三步救回来，Tag a friend：{ADDRESS}（Amy 的邀请码 AMY88）"
    assert policy_violations(kit) == []
    leading_away = with_caption_template(_kit("xiaohongshu"), "{hook} {link}", "Amy", ADDRESS)
    assert [breach.rule for breach in policy_violations(leading_away)] == ["xiaohongshu_no_links"]


def test_a_blank_that_stays_empty_leaves_the_composed_words() -> None:
    """Nobody posts a sentence with a hole in it."""
    assert with_caption_template(_kit("weibo"), "Mention {mention}", "Amy", ADDRESS) == _kit("weibo")


def test_the_example_programs_words_keep_every_channels_policy() -> None:
    """What the project shows as a good program can be shared as it stands."""
    program = check(
        read((Path(__file__).parents[3] / "examples/programs/glow.yaml").read_text("utf-8")).content
    ).program
    assert program is not None
    texts = [(channel, text) for channel, by_language in program.kits.items() for text in by_language.values()]
    assert len(texts) == 6
    for channel, text in texts:
        kit = with_caption_template(_kit(channel), text, "Amy", ADDRESS)
        assert kit != _kit(channel)
        assert policy_violations(kit) == []
