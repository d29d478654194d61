"""Replies to WeChat callbacks: which one is chosen, what it says, its XML, and its encrypted form."""

from base64 import b64decode
from xml.etree.ElementTree import fromstring

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from conversion_tracker.ingest.adapters.wechat.callback import Callback, callback_id, occasion_of, opening_of, signature
from conversion_tracker.ingest.adapters.wechat.cipher import decrypt, encrypt
from conversion_tracker.ingest.adapters.wechat.passive_reply import card_reply, encrypted_reply, text_reply
from referral.events.program import Program
from referral.events.wechat_rules import KeywordReply, WechatAccount, WechatNews, WechatReply
from referral.wechat.account_replies import NewsCard, Promoter, choose_reply, find_reply, reply_card, reply_text
from tests.support.builders.conversion_tracker import program_version
from tests.support.builders.reward_dispatcher import BONUS3
from tests.support.builders.wechat import AES_KEY, APPID

CALLBACK = Callback("oBo", 1_796_000_000, "event", "subscribe", account="gh_glow")
FOLLOW = WechatReply(text={"en": "Your code: {code}", "zh-CN": "邀请码 {code}，{friends} 位，还差 {missing} 位"})
POSTER = KeywordReply(words=("海报", "Poster"), poster=True)
PROMOTER = Promoter("BO42", "https://r.example/BO42")
_printable = st.text(st.characters(min_codepoint=0x20, exclude_categories=("Cs", "Cc", "Cn", "Co")), min_size=1)


def _program(account: WechatAccount) -> Program:
    return replace(program_version().program, wechat=account, rewards=(BONUS3,))


PROGRAM = _program(WechatAccount(follow=FOLLOW, keywords=(POSTER,)))


def test_a_keyword_is_found_in_any_case() -> None:
    """A message is compared as a whole; a scan has the reply of a follow if it has none of its own."""
    chosen = choose_reply(PROGRAM, "keyword", " poster ")
    assert chosen is not None
    assert (chosen.reply, chosen.keyword) == (POSTER, 0)
    assert choose_reply(PROGRAM, "keyword", "a poster") is None
    scan = choose_reply(PROGRAM, "scan")
    assert scan is not None
    assert scan.reply is FOLLOW
    assert choose_reply(_program(WechatAccount()), "follow") is None
    assert find_reply(PROGRAM, "keyword", 7) is None


def test_a_text_is_in_the_persons_language_and_waits_for_what_it_names() -> None:
    """Chinese without a language; None while the friends are not known; 0 missing after the last milestone."""
    assert reply_text(FOLLOW, PROGRAM, PROMOTER, 1) == "邀请码 BO42，1 位，还差 2 位"
    assert reply_text(FOLLOW, PROGRAM, PROMOTER, 9) == "邀请码 BO42，9 位，还差 0 位"
    assert reply_text(FOLLOW, PROGRAM, PROMOTER, None) is None
    assert reply_text(FOLLOW, PROGRAM, None, 1) is None
    assert reply_text(FOLLOW, PROGRAM, replace(PROMOTER, language="en"), None) == "Your code: BO42"


def test_a_card_leads_to_the_persons_own_link_unless_it_names_a_page() -> None:
    """And to nothing if they have none yet."""
    news = WechatNews(title={"zh-CN": "礼物"})
    assert reply_card(news, None) is None
    assert reply_card(news, PROMOTER) == NewsCard("礼物", "", "", PROMOTER.link)


@given(_printable)
def test_any_text_arrives_as_it_is(text: str) -> None:
    """Whatever markup or end of a CDATA section is in it."""
    root = fromstring(text_reply(CALLBACK, f"{text}]]>{text}", 1))  # nosec B314
    assert root.findtext("Content") == f"{text}]]>{text}"
    assert (root.findtext("ToUserName"), root.findtext("FromUserName")) == ("oBo", "gh_glow")


def test_a_card_has_the_form_of_wechats_documentation() -> None:
    """One article."""
    root = fromstring(card_reply(CALLBACK, NewsCard("A & B", "c", "https://p", "https://u"), 1))  # nosec B314
    assert (root.findtext("MsgType"), root.findtext("ArticleCount")) == ("news", "1")
    assert [one.text for one in root.find("Articles/item") or ()] == ["A & B", "c", "https://p", "https://u"]


@given(st.binary(max_size=200))
def test_an_encrypted_reply_is_read_as_wechat_reads_it(message: bytes) -> None:
    """Whole blocks of 32 bytes, another random beginning each time, and a signature over what is sent."""
    first, second = encrypt(message, APPID, AES_KEY), encrypt(message, APPID, AES_KEY)
    assert first != second
    opened = decrypt(first, AES_KEY)
    assert (opened.message, opened.appid) == (message, APPID)
    key = b64decode(AES_KEY + "=")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = decryptor.update(b64decode(first)) + decryptor.finalize()
    assert (len(plain) % 32, int.from_bytes(plain[16:20], "big")) == (0, len(message))
    root = fromstring(encrypted_reply(first, "token", 7, "n1"))  # nosec B314
    assert root.findtext("MsgSignature") == signature("token", "7", "n1", first)


@pytest.mark.parametrize(
    ("callback", "by", "occasion"),
    [
        (CALLBACK, "followed", ("follow", "")),
        (replace(CALLBACK, event="SCAN", key="AMY"), "scanned", ("scan", "")),
        (replace(CALLBACK, event="CLICK", key="海报"), "clicked", ("keyword", "海报")),
        (replace(CALLBACK, message_type="text", event="", text="进度"), "wrote", ("keyword", "进度")),
        (replace(CALLBACK, message_type="image", event=""), "wrote", None),
        (replace(CALLBACK, event="VIEW"), None, None),
        (replace(CALLBACK, event="unsubscribe"), None, None),
    ],
)
def test_what_a_callback_opens_and_what_is_replied(
    callback: Callback, by: str | None, occasion: tuple[str, str] | None
) -> None:
    """By WeChat's rules for customer messages."""
    assert (opening_of(callback), occasion_of(callback)) == (by, occasion)


def test_repeated_callbacks_have_one_id_and_others_have_not() -> None:
    """Messages of one second differ by `MsgId`, clicks by their key."""
    text = replace(CALLBACK, message_type="text", event="", message="1", text="a")
    others = [text, replace(text, message="2"), CALLBACK, replace(CALLBACK, event="CLICK", key="a")]
    assert len({callback_id(one, "psn_1") for one in [*others, *others]}) == len(others)
