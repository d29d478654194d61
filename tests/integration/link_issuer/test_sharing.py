"""Share kits, the share page and its poster, and QR codes of a requested size, over HTTP."""

import io
import re
from typing import Any

import pytest
from PIL import Image
from redis.exceptions import ConnectionError as RedisConnectionError

from referral.bans import BANS_FOLD, BANS_SERVICE, ban_board
from referral.decided_experiments import DECISIONS_FOLD, DECISIONS_SERVICE, decision_board
from referral.events.keys import experiment_key, person_key
from referral.fold.state_keys import state_key
from referral.topics import partition_of
from tests.support.font_caches import without_fontconfig
from tests.support.requirements import require_chinese_font
from tests.support.systems.link_issuer import PROGRAM, RULES, LinkIssuer

pytestmark = pytest.mark.integration

RICH: dict[str, Any] = RULES | {
    "name": {"zh-CN": "焕肤计划", "en": "Glow Together"},
    "channels": ["xiaohongshu", "wechat", "weibo"],
    "rewards": [
        {"id": "g", "to": "referrer", "on": "conversion.cleared", "kind": "guide", "pool": "a.pdf", "worth": "¥99"},
        {"id": "d", "to": "referee", "on": "conversion.cleared", "kind": "discount_code", "percent": 20},
        {"id": "m", "to": "referrer", "on": "milestone", "referrals": 3, "kind": "early_access"},
    ],
    "content": [
        {
            "id": "hacks",
            "format": "helpful",
            "mechanics": ["practical_value"],
            "hook": {"en": "Flaky skin?", "zh-CN": "换季皮肤起皮？"},
            "ctas": [{"id": "tag", "placement": "caption", "text": {"en": "Tag a friend", "zh-CN": "艾特一个朋友"}}],
        },
        {
            "id": "bad",
            "format": "helpful",
            "mechanics": ["practical_value"],
            "hook": {"en": "See https://example.com/x", "zh-CN": "加V领资料，转发朋友圈领取"},
        },
    ],
}


@pytest.fixture
def rich(issuer: LinkIssuer) -> LinkIssuer:
    """Link-issuer with a program that has texts and rewards."""
    assert issuer.apply(RICH).status_code == 201
    return issuer


def _kit(system: LinkIssuer, participant: str, query: str) -> Any:
    return system.request("GET", f"/v1/participants/{participant}/share-kit?{query}", key="reader")


def test_a_kit_has_what_its_channel_allows(rich: LinkIssuer) -> None:
    """Xiaohongshu: code and mention; WeChat: link, QR code and scene; in the requested language."""
    amy = rich.enrol_amy(mention="@amy")
    red = _kit(rich, amy["id"], "channel=xiaohongshu&locale=zh-CN").get_json()
    assert (red["link"], red["qr_svg"], red["scene"], red["mention"]) == (None, None, None, "@amy")
    assert red["caption"] == f"换季皮肤起皮？\n艾特一个朋友\n关注后评论“{amy['code']}”，或 @amy"
    chat = _kit(rich, amy["id"], "channel=wechat&content=hacks&locale=en").get_json()
    assert chat["caption"] == f"Flaky skin?\nTag a friend\n{amy['link']}"
    assert chat["scene"] == amy["code"]
    assert chat["rules"] == ["wechat_no_prize_for_sharing"]
    assert rich.open(chat["qr_png"].split("8000")[1]).status_code == 200
    assert rich.open(chat["poster"].split("8000")[1]).mimetype == "image/png"


def test_a_kit_that_violates_a_policy_is_rejected_with_the_rules_name(rich: LinkIssuer) -> None:
    """422 with each rule, and the text that violates it."""
    amy = rich.enrol_amy()
    for query, rules in (
        ("channel=xiaohongshu&content=bad&locale=zh-CN", ["xiaohongshu_no_contact_details"]),
        ("channel=xiaohongshu&content=bad&locale=en", ["xiaohongshu_no_links"]),
        ("channel=wechat&content=bad&locale=zh-CN", ["wechat_no_prize_for_sharing"]),
    ):
        answer = _kit(rich, amy["id"], query)
        assert (answer.status_code, answer.get_json()["code"]) == (422, "channel_policy")
        assert [one["rule"] for one in answer.get_json()["errors"]] == rules


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("", "query:channel"),
        ("channel=fax", "query:channel"),
        ("channel=douyin", "query:channel"),
        ("channel=wechat&content=none", "query:content"),
        ("channel=wechat&locale=fr", "query:locale"),
    ],
)
def test_an_invalid_request_for_a_kit_is_rejected_with_a_pointer(rich: LinkIssuer, query: str, pointer: str) -> None:
    """422 with the valid options."""
    answer = _kit(rich, rich.enrol_amy()["id"], query)
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.get_json()["errors"]] == [pointer]


def test_a_kit_uses_the_most_specific_link(rich: LinkIssuer) -> None:
    """A link for this channel and content is preferred to the participant's own code."""
    amy = rich.enrol_amy()
    link = rich.link(amy["id"], channel="wechat", content="hacks").get_json()
    assert _kit(rich, amy["id"], "channel=wechat&content=hacks").get_json()["code"] == link["code"]
    assert _kit(rich, amy["id"], "channel=weibo").get_json()["code"] == amy["code"]


def test_the_share_page_shows_who_invites_and_what_both_get(rich: LinkIssuer) -> None:
    """In the reader's language, with the tags of a link preview, without inline scripts; names and no ids."""
    amy = rich.enrol_amy()
    page = rich.open(f"/s/{amy['code'].lower()}?lang=en")
    assert page.status_code == 200
    for text in (
        "Flaky skin?",
        "Amy invites you",
        "You get",
        "20% off",
        "Amy gets too",
        "A guide",
        "¥99 value",
        "after 3 friends follow",
    ):
        assert text in page.text
    assert f'href="{amy["link"]}"' in page.text
    assert amy["id"] not in page.text
    assert "xhs:amy" not in page.text
    assert page.text.count('content="Amy has 20% off for you"') == 2
    [image] = re.findall(r'og:image" content="([^"]+)"', page.text)
    assert image.startswith("http")
    assert rich.open(image.split("8000")[1].replace("&amp;", "&")).mimetype == "image/png"
    chinese = rich.open(f"/s/{amy['code']}", Accept_Language="zh-CN")
    assert all(
        text in chinese.text for text in ("换季皮肤起皮？", "Amy 邀请你", "8 折", "满 3 位朋友关注后", "价值 99 元")
    )
    assert "<script>" not in page.text
    assert len(page.data) < 20_000


def test_a_page_for_a_channel_without_links_shows_none(rich: LinkIssuer) -> None:
    """Neither link nor QR code; the code and its instruction. Texts that violate the policy are left out."""
    amy = rich.enrol_amy()
    page = rich.open(f"/s/{amy['code']}?lang=en&channel=xiaohongshu")
    assert "qr.svg" not in page.text
    assert f'href="{amy["link"]}"' not in page.text
    assert f"Follow, then comment {amy['code']}" in page.text
    bare = rich.open(f"/s/{amy['code']}?lang=en&channel=xiaohongshu&content=bad")
    assert bare.status_code == 200
    assert "https://example.com/x" not in bare.text
    assert rich.open(f"/s/{amy['code']}?channel=fax&content=none").status_code == 200


def test_names_cannot_inject_html(rich: LinkIssuer) -> None:
    """A name is escaped everywhere on the page."""
    name = '"><script>alert(1)</script>'
    code = rich.enrol({"external_id": "xhs:evil", "display_name": name}).get_json()["code"]
    page = rich.open(f"/s/{code}?lang=en")
    assert "<script>alert" not in page.text
    assert rich.open(f"/s/{code}/poster.png?lang=en").status_code == 200


def test_a_page_is_revalidated_by_its_etag(rich: LinkIssuer) -> None:
    """304 while nothing has changed, for the page and the poster."""
    code = rich.enrol_amy()["code"]
    for path in (f"/s/{code}?lang=en", f"/s/{code}/poster.png?lang=en"):
        first = rich.open(path)
        assert first.headers["Cache-Control"] == "public, max-age=60"
        assert rich.open(path, If_None_Match=first.headers["ETag"]).status_code == 304


def test_posters_differ_by_language_and_channel(rich: LinkIssuer) -> None:
    """Each is 1080 by 1440."""
    require_chinese_font()
    code = rich.enrol_amy()["code"]
    pictures = {
        rich.open(f"/s/{code}/poster.png?lang={lang}&channel={channel}").data
        for lang in ("en", "zh-CN")
        for channel in ("wechat", "xiaohongshu")
    }
    assert len(pictures) == 4
    assert {Image.open(io.BytesIO(one)).size for one in pictures} == {(1080, 1440)}


def test_without_a_chinese_font_only_the_poster_is_missing(rich: LinkIssuer) -> None:
    """The poster's error names what to install; the page is shown without it."""
    code = rich.enrol_amy()["code"]
    with without_fontconfig():
        answer = rich.open(f"/s/{code}/poster.png?lang=zh-CN", Accept="image/*,*/*;q=0.8")
        page = rich.open(f"/s/{code}?lang=zh-CN")
    assert (answer.status_code, answer.get_json()["code"]) == (503, "no_font")
    assert "fonts-noto-cjk" in answer.get_json()["detail"]
    assert page.status_code == 200
    assert "poster." not in page.text
    assert "og:image" not in page.text


def test_dead_ends_of_the_share_page_are_friendly(rich: LinkIssuer) -> None:
    """The same texts and status as those of the redirect."""
    for path in ("/s/N0SUCH", "/s/N0SUCH/poster.png"):
        answer = rich.open(path, Accept_Language="en")
        assert answer.status_code == 404
        assert "That code doesn&#39;t exist" in answer.text


def test_a_qr_code_has_the_requested_size_and_margin(glow: LinkIssuer) -> None:
    """Exactly that many pixels, the margin in empty modules; 422 if the size is too small."""
    code = glow.enrol_amy()["code"]
    plain, tight = (
        Image.open(io.BytesIO(glow.open(f"/v1/links/{code}/qr.png?size=500&margin={margin}").data)).convert("L")
        for margin in (4, 0)
    )
    assert plain.size == tight.size == (500, 500)
    first = [
        min(x for x in range(500) for y in range(500) if picture.getpixel((x, y)) < 128) for picture in (plain, tight)
    ]
    assert first[0] > first[1]
    svg = glow.open(f"/v1/links/{code}/qr.svg?size=300&margin=2").text
    assert 'width="300" height="300"' in svg
    assert "viewBox" in svg
    for query in ("size=64&margin=20", "size=10", "margin=99"):
        assert glow.open(f"/v1/links/{code}/qr.png?{query}").status_code == 422


def _ban(system: LinkIssuer, person: str) -> None:
    """Writes a ban where the attribute fold writes it."""
    settings = system.settings
    partition = partition_of(person_key(PROGRAM, person), settings.partitions)
    board = state_key(BANS_SERVICE, BANS_FOLD, partition, ban_board(PROGRAM))
    system.context.redis.zadd(board, {person: 1_700_000_000_000})


@pytest.mark.parametrize("query", ["lang=en", "lang=en&channel=xiaohongshu", "lang=zh-CN&channel=wechat"])
def test_the_invitation_of_a_banned_person_leads_to_the_program_and_promises_nothing(
    rich: LinkIssuer, query: str
) -> None:
    """Whatever the channel: no gift, no code, nothing to pass on; the link works. After the ban is lifted all is as before."""
    amy = rich.enrol_amy()
    page = f"/s/{amy['code']}?{query}"
    before = rich.open(page).get_data(as_text=True)
    assert any(gift in before for gift in ("20% off", "8 折"))
    _ban(rich, amy["id"])
    banned = rich.open(page).get_data(as_text=True)
    assert f'href="{amy["link"]}"' in banned
    for text in (
        "20%",
        "8 折",
        "¥99",
        "gift",
        "Amy gets",
        "福利",
        "谢礼",
        'id="the-code"',
        "data-share",
        "Flaky skin?",
    ):
        assert text not in banned, text
    assert rich.open(f"/s/{amy['code']}/poster.png?{query}").status_code == 200
    assert rich.open(f"/{amy['code']}").status_code == 302
    rich.context.redis.flushall()
    assert rich.open(page).get_data(as_text=True) == before


def test_a_kit_of_a_banned_person_has_the_link_alone(rich: LinkIssuer) -> None:
    """No caption of the program, which may promise something."""
    amy = rich.enrol_amy()
    _ban(rich, amy["id"])
    kit = _kit(rich, amy["id"], "channel=wechat&content=hacks&locale=en").get_json()
    assert kit["caption"] == amy["link"]


def test_an_invitation_is_shown_while_redis_is_unavailable(rich: LinkIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether its owner is banned is not known then."""
    amy = rich.enrol_amy()

    def fail(*args: object) -> None:
        raise RedisConnectionError

    monkeypatch.setattr(rich.context.redis, "zscore", fail)
    assert "20% off" in rich.open(f"/s/{amy['code']}?lang=en").get_data(as_text=True)


COMPARED: dict[str, Any] = RICH | {
    "content": [
        {
            "id": "hacks",
            "format": "helpful",
            "mechanics": ["practical_value"],
            "ctas": [
                {"id": "tag", "placement": "caption", "text": {"en": "Tag a friend", "zh-CN": "艾特一个朋友"}},
                {"id": "save", "placement": "caption", "text": {"en": "Save this", "zh-CN": "收藏起来"}},
            ],
            "experiment": {"id": "exp_cta", "variants": ["tag", "save"], "metric": "shares_per_impression"},
        }
    ],
}


@pytest.mark.parametrize("variant", ["tag", "save"])
def test_new_links_and_kits_get_the_variant_that_an_experiment_was_decided_for(
    issuer: LinkIssuer, variant: str
) -> None:
    """Where the fold experiments writes it; a link that was made before keeps the variant of its participant."""
    assert issuer.apply(COMPARED).status_code == 201
    amy = issuer.enrol_amy()
    before = issuer.link(amy["id"], content="hacks").get_json()
    partition = partition_of(experiment_key(PROGRAM, "exp_cta"), issuer.settings.partitions)
    board = state_key(DECISIONS_SERVICE, DECISIONS_FOLD, partition, decision_board(PROGRAM, "exp_cta"))
    issuer.context.redis.zadd(board, {variant: 1_700_000_000_000})
    after = issuer.link(amy["id"], content="hacks").get_json()
    assert after["cta"] == variant
    assert (after["code"] == before["code"]) == (before["cta"] == variant)
    assert issuer.request("GET", f"/v1/links/{before['code']}", key="reader").get_json()["cta"] == before["cta"]
    bo = issuer.enrol({"external_id": "xhs:bo"}).get_json()
    assert _kit(issuer, bo["id"], "channel=wechat&locale=en").get_json()["cta"] == variant
