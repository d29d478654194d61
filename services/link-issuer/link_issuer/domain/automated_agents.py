"""Automated clients that fetch links, recognized by their User-Agent: one row each, with its source.

Weibo, Xiaohongshu and Douyin do not publish the User-Agent of their preview fetchers; those that contain a word such as
"spider" match the last row. The in-app browsers of these apps are used by people. Crawlers of the public list (`crawler_list.py`)
need no row; a row here is for previews, and for what that list does not have or matches too broadly.
"""

from typing import Literal, NamedTuple

AgentKind = Literal["preview", "crawler"]

_LIST = "https://github.com/monperrus/crawler-user-agents"


class AutomatedAgent(NamedTuple):
    """Its operator, a pattern of its User-Agent in lower case, what it fetches links for, and the source."""

    owner: str
    pattern: str
    kind: AgentKind
    source: str


AUTOMATED_AGENTS = (
    # Fetchers of link previews for chats and posts.
    AutomatedAgent("WeChat", r"wechatshareextension", "preview", "the bundle name of the share sheet of WeChat for iOS"),
    AutomatedAgent("Facebook", r"facebookexternalhit|facebot", "preview", "https://developers.facebook.com/docs/sharing/webmasters"),
    AutomatedAgent("Meta", r"meta-externalfetcher", "preview", "https://developers.facebook.com/docs/sharing/webmasters/web-crawlers"),
    AutomatedAgent("X", r"twitterbot", "preview", "https://developer.x.com/en/docs/x-for-websites/cards/guides/getting-started"),
    AutomatedAgent("WhatsApp", r"whatsapp/", "preview", _LIST),
    AutomatedAgent("Telegram", r"telegrambot", "preview", _LIST),
    AutomatedAgent("Slack", r"slackbot|slack-imgproxy", "preview", "https://api.slack.com/robots"),
    AutomatedAgent("Discord", r"discordbot", "preview", _LIST),
    AutomatedAgent("LinkedIn", r"linkedinbot", "preview", _LIST),
    AutomatedAgent("Skype and Teams", r"skypeuripreview", "preview", _LIST),
    AutomatedAgent("Pinterest", r"pinterest(bot|/0)", "preview", "https://help.pinterest.com/en/business/article/pinterestbot"),
    AutomatedAgent("Apple", r"applebot", "preview", "https://support.apple.com/en-us/119829"),
    AutomatedAgent("LINE", r"line-poker", "preview", _LIST),
    AutomatedAgent("KakaoTalk", r"kakaotalk-scrap", "preview", _LIST),
    AutomatedAgent("Snapchat", r"snap url preview", "preview", _LIST),
    AutomatedAgent("VK", r"vkshare", "preview", _LIST),
    AutomatedAgent("Reddit", r"redditbot", "preview", _LIST),
    AutomatedAgent("Mastodon", r"mastodon/", "preview", "https://docs.joinmastodon.org"),
    AutomatedAgent("Bluesky", r"bluesky cardyb", "preview", _LIST),
    AutomatedAgent("DingTalk", r"dingtalkbot", "preview", _LIST),
    AutomatedAgent("Iframely, Embedly", r"iframely|embedly", "preview", _LIST),
    # Crawlers. Google's renders pages like a browser and names itself at the end of its User-Agent.
    AutomatedAgent("Google", r"googlebot|google-inspectiontool|adsbot-google|mediapartners-google|googleother", "crawler",
          "https://developers.google.com/search/docs/crawling-indexing/google-common-crawlers"),
    AutomatedAgent("Baidu", r"baiduspider|baidu-transcoder", "crawler", "https://www.baidu.com/search/robots_english.html"),
    AutomatedAgent("Bing", r"bingbot|bingpreview|adidxbot", "crawler",
          "https://www.bing.com/webmasters/help/which-crawlers-does-bing-use-8c184ec0"),
    AutomatedAgent("ByteDance (Douyin, Toutiao)", r"bytespider|toutiaospider", "crawler", _LIST),
    AutomatedAgent("Sogou", r"sogou (web|inst|orion|news|pic|video) ?spider", "crawler", "https://www.sogou.com/docs/help/webmasters.htm"),
    AutomatedAgent("360", r"360spider|haosouspider", "crawler", _LIST),
    AutomatedAgent("Shenma", r"yisouspider", "crawler", _LIST),
    AutomatedAgent("Huawei", r"petalbot", "crawler", "https://webmaster.petalsearch.com/site/petalbot"),
    AutomatedAgent("Yandex", r"yandex(bot|images|accessibilitybot|mobilebot)", "crawler", "https://yandex.com/support/webmaster"),
    AutomatedAgent("Yahoo", r"slurp", "crawler", _LIST),
    AutomatedAgent("Daum", r"compatible; daum/", "crawler", _LIST),
    AutomatedAgent("Internet archives", r"archiver|archive\.org_bot", "crawler", _LIST),
    AutomatedAgent("Tests and monitors", r"headlesschrome|lighthouse|monitor|uptime", "crawler", _LIST),
    # Not the phones of the manufacturer CUBOT.
    AutomatedAgent("Any other bot, spider or crawler", r"(?<!cu)bot\b|spider|crawl", "crawler", "https://www.robotstxt.org/db.html"),
)  # fmt: skip
