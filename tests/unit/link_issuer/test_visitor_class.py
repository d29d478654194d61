"""The class of a visitor who opens a link."""

import pytest

from link_issuer.domain.automated_agents import AUTOMATED_AGENTS
from link_issuer.domain.visitor_class import classify_visitor

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (IPHONE, "person"),
        (f"{IPHONE} MicroMessenger/8.0.50 Language/zh_CN", "person"),
        (f"{IPHONE} Weibo (iPhone15,2__weibo__14.1.0)", "person"),
        ("Mozilla/5.0 (Linux; Android 14; CUBOT X70) AppleWebKit/537.36 Mobile", "person"),
        ("", "person"),
        ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "preview"),
        ("WhatsApp/2.23.20.0", "preview"),
        ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "preview"),
        ("TelegramBot (like TwitterBot)", "preview"),
        ("Twitterbot/1.0", "preview"),
        ("WeChatShareExtensionNew/8.0.50.34 CFNetwork/1410.1 Darwin/22.6.0", "preview"),
        ("Mozilla/5.0 (compatible; DingTalkBot-LinkService/1.0)", "preview"),
        (f"{IPHONE} discover/8.60 xhsdiscover XiaoHongShu/8.60", "person"),
        (f"{IPHONE} aweme_31.5.0 BytedanceWebview/d8a21c6", "person"),
        ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "crawler"),
        ("Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)", "crawler"),
        ("Mozilla/5.0 (compatible; 360Spider)", "crawler"),
        ("Mozilla/5.0 (compatible; YisouSpider/5.0)", "crawler"),
        (
            "Mozilla/5.0 (Linux; Android 7.0;) AppleWebKit/537.36 (compatible; PetalBot;+https://aspiegel.com/petalbot)",
            "crawler",
        ),
        ("Mozilla/5.0 (compatible; YandexBot/3.0)", "crawler"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "crawler"),
        ("Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)", "crawler"),
        ("Mozilla/5.0 (compatible; Bytespider; spider-feedback@bytedance.com)", "crawler"),
    ],
)
def test_an_unknown_user_agent_is_a_person(agent: str, expected: str) -> None:
    """In-app browsers are people; preview fetchers and crawlers are recognized."""
    assert classify_visitor("GET", None, agent) == expected


@pytest.mark.parametrize("purpose", ["prefetch", "prefetch;prerender", "Prefetch"])
def test_a_prefetch_is_not_a_visit(purpose: str) -> None:
    """A browser marks a prefetch; the person may never open the link."""
    assert classify_visitor("GET", purpose, IPHONE) == "prefetch"
    assert classify_visitor("GET", "preview", IPHONE) == "person"


def test_head_is_not_a_visit() -> None:
    """Whatever the other headers are."""
    assert classify_visitor("HEAD", "prefetch", IPHONE) == "head"


def test_every_automated_agent_has_a_source() -> None:
    """And an operator, which occurs once."""
    assert all(agent.source and agent.owner for agent in AUTOMATED_AGENTS)
    assert len({agent.owner for agent in AUTOMATED_AGENTS}) == len(AUTOMATED_AGENTS)
