"""The machines that fetch links and say so in their User-Agent: one row each, with where that is known from.

Weibo, Xiaohongshu and Douyin publish no name of what draws their previews; what they send with a word such as spider in it
falls under the last row, and their apps' own browsers are people's.
"""

from typing import Literal, NamedTuple

Kind = Literal["preview", "crawler"]

_LIST = "https://github.com/monperrus/crawler-user-agents"


class Agent(NamedTuple):
    """Whose machine it is, a pattern of its User-Agent (any case), what it does with a link, and where that is written."""

    owner: str
    pattern: str
    kind: Kind
    source: str


AGENTS = (
    # What unfurls a link in a chat or post.
    Agent("WeChat", r"wechatshareextension", "preview", "the share sheet of WeChat for iOS, as its bundle is called"),
    Agent("Facebook", r"facebookexternalhit|facebot", "preview", "https://developers.facebook.com/docs/sharing/webmasters"),
    Agent("Meta", r"meta-externalfetcher", "preview", "https://developers.facebook.com/docs/sharing/webmasters/web-crawlers"),
    Agent("X", r"twitterbot", "preview", "https://developer.x.com/en/docs/x-for-websites/cards/guides/getting-started"),
    Agent("WhatsApp", r"whatsapp/", "preview", _LIST),
    Agent("Telegram", r"telegrambot", "preview", _LIST),
    Agent("Slack", r"slackbot|slack-imgproxy", "preview", "https://api.slack.com/robots"),
    Agent("Discord", r"discordbot", "preview", _LIST),
    Agent("LinkedIn", r"linkedinbot", "preview", _LIST),
    Agent("Skype and Teams", r"skypeuripreview", "preview", _LIST),
    Agent("Pinterest", r"pinterest(bot|/0)", "preview", "https://help.pinterest.com/en/business/article/pinterestbot"),
    Agent("Apple", r"applebot", "preview", "https://support.apple.com/en-us/119829"),
    Agent("LINE", r"line-poker", "preview", _LIST),
    Agent("KakaoTalk", r"kakaotalk-scrap", "preview", _LIST),
    Agent("Snapchat", r"snap url preview", "preview", _LIST),
    Agent("VK", r"vkshare", "preview", _LIST),
    Agent("Reddit", r"redditbot", "preview", _LIST),
    Agent("Mastodon", r"mastodon/", "preview", "https://docs.joinmastodon.org"),
    Agent("Bluesky", r"bluesky cardyb", "preview", _LIST),
    Agent("DingTalk", r"dingtalkbot", "preview", _LIST),
    Agent("Iframely, Embedly", r"iframely|embedly", "preview", _LIST),
    # What walks the web. Google's renders pages as a browser does, and says so at the end.
    Agent("Google", r"googlebot|google-inspectiontool|adsbot-google|mediapartners-google|googleother", "crawler",
          "https://developers.google.com/search/docs/crawling-indexing/google-common-crawlers"),
    Agent("Baidu", r"baiduspider|baidu-transcoder", "crawler", "https://www.baidu.com/search/robots_english.html"),
    Agent("Bing", r"bingbot|bingpreview|adidxbot", "crawler",
          "https://www.bing.com/webmasters/help/which-crawlers-does-bing-use-8c184ec0"),
    Agent("ByteDance (Douyin, Toutiao)", r"bytespider|toutiaospider", "crawler", _LIST),
    Agent("Sogou", r"sogou (web|inst|orion|news|pic|video) ?spider", "crawler", "https://www.sogou.com/docs/help/webmasters.htm"),
    Agent("360", r"360spider|haosouspider", "crawler", _LIST),
    Agent("Shenma", r"yisouspider", "crawler", _LIST),
    Agent("Huawei", r"petalbot", "crawler", "https://webmaster.petalsearch.com/site/petalbot"),
    Agent("Yandex", r"yandex(bot|images|accessibilitybot|mobilebot)", "crawler", "https://yandex.com/support/webmaster"),
    Agent("Yahoo", r"slurp", "crawler", _LIST),
    Agent("Internet archives", r"archiver|archive\.org_bot", "crawler", _LIST),
    Agent("Tests and watchers", r"headlesschrome|lighthouse|monitor|uptime", "crawler", _LIST),
    # A phone of the maker CUBOT is somebody's.
    Agent("Whoever calls itself one", r"(?<!cu)bot\b|spider|crawl", "crawler", "https://www.robotstxt.org/db.html"),
)  # fmt: skip
