"""Who opens a link: a person, or a machine that fetches it. Every hit is kept with its class; counts show people.

Prefetch headers: https://wicg.github.io/nav-speculation/prefetch.html#sec-purpose-header. Preview agents are those that
unfurl a link in a chat; an in-app browser (MicroMessenger, Weibo) is a person's.
"""

import re
from functools import lru_cache

from referral.events.facts import Visitor

_PREVIEWS = re.compile(
    r"facebookexternalhit|facebot|twitterbot|whatsapp/|telegrambot|slackbot|slack-imgproxy|discordbot|linkedinbot"
    r"|skypeuripreview|pinterest(bot|/0)|applebot|iframely|embedly|line-poker|kakaotalk-scrap|vkshare|redditbot|mastodon/"
    r"|bluesky cardyb",
    re.IGNORECASE,
)
_CRAWLERS = re.compile(
    r"(?<!cu)bot\b|spider|crawl|slurp|archiver|headlesschrome|lighthouse|monitor|uptime", re.IGNORECASE
)


def visitor(method: str, purpose: str | None, user_agent: str) -> Visitor:
    """The class of a hit. `purpose` is what Sec-Purpose or Purpose says, None where neither was sent."""
    if method == "HEAD":
        return "head"
    if purpose is not None and "prefetch" in purpose.lower():
        return "prefetch"
    return _by_agent(user_agent)


@lru_cache(maxsize=4096)
def _by_agent(user_agent: str) -> Visitor:
    if _PREVIEWS.search(user_agent):
        return "preview"
    return "crawler" if _CRAWLERS.search(user_agent) else "person"
