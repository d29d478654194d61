"""The class of a visitor who opens a link."""

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from werkzeug.test import EnvironBuilder

from link_issuer.domain.automated_agents import AUTOMATED_AGENTS
from link_issuer.domain.visitor_class import classify_visitor
from link_issuer.http_api.redirect.fast_path import read_visit

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
    assert classify_visitor("GET", "", agent) == expected


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Sec-Purpose", "prefetch;prerender"),
        ("Purpose", "Prefetch"),
        ("Purpose", "preview"),
        ("X-Purpose", "preview"),
        ("X-Purpose", ": preview"),
        ("X-Moz", "prefetch"),
        ("X-Moz", "prerender"),
    ],
)
def test_a_request_ahead_of_a_visit_is_not_a_visit(header: str, value: str) -> None:
    """A browser marks a prefetch or preview, by one of four headers; the person may never open the link."""
    environ = EnvironBuilder("/AMY88", headers={header: value, "User-Agent": IPHONE}).get_environ()
    visit = read_visit(environ)
    assert classify_visitor(visit.method, visit.purpose, visit.user_agent) == "prefetch"


def test_a_request_with_another_purpose_is_a_visit() -> None:
    """An unknown value of a purpose header does not make a person a machine."""
    assert classify_visitor("GET", "navigate", IPHONE) == "person"


def test_every_user_agent_of_the_public_crawler_list_is_a_machine() -> None:
    """All examples of the package crawler-user-agents, more than two thousand."""
    agents = [agent for row in CRAWLER_USER_AGENTS_DATA for agent in row["instances"]]
    assert len(agents) > 2000
    assert [agent for agent in agents if classify_visitor("GET", "", agent) == "person"] == []


@pytest.mark.parametrize(
    "suffix",
    [
        "MQQBrowser/6.2 TBS/046291",
        "baiduboxapp/13.60.0.10 (Baidu; P1 14)",
        "AlipayClient/10.5.96",
        "AliApp(TB/10.38.10)",
        "UCBrowser/16.6.6.1314",
        "SogouMobileBrowser/6.0",
        "DingTalk/7.6",
        "Kuaishou/12.3",
        "HuaweiBrowser/15.0",
        "MiuiBrowser/18.0",
        "Line/14.10.0",
        "KAKAOTALK 10.8.5",
        "Daum/6.0",
        "NAVER(inapp; search; 1000; 12.8.5)",
        "[FBAN/FBIOS;FBAV/470.0.0.29.107]",
        "Instagram 340.0.0.18.111 (iPhone15,2; iOS 18_0)",
        "[Pinterest/iOS]",
        "LinkedInApp/9.29",
        "YaBrowser/24.6",
        "WindowsWechat(0x63090a13) XWEB/9129",
    ],
)
def test_a_browser_inside_an_app_is_a_person(suffix: str) -> None:
    """Although some of these apps also operate crawlers that have similar names."""
    assert classify_visitor("GET", "", f"{IPHONE} {suffix}") == "person"


def test_head_is_not_a_visit() -> None:
    """Whatever the other headers are."""
    assert classify_visitor("HEAD", "prefetch", IPHONE) == "head"


def test_every_automated_agent_has_a_source() -> None:
    """And an operator, which occurs once."""
    assert all(agent.source and agent.owner for agent in AUTOMATED_AGENTS)
    assert len({agent.owner for agent in AUTOMATED_AGENTS}) == len(AUTOMATED_AGENTS)
