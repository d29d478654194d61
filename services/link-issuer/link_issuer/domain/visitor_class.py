"""Who opens a link: a person, or a machine that fetches it. Every hit is kept with its class; counts show people.

Prefetch headers: https://wicg.github.io/nav-speculation/prefetch.html#sec-purpose-header. An in-app browser
(MicroMessenger, Weibo, Xiaohongshu) is a person's.
"""

import re
from functools import lru_cache

from link_issuer.domain.automated_agents import AGENTS, Kind
from referral.events.facts import Visitor


def _any_of(kind: Kind) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{agent.pattern})" for agent in AGENTS if agent.kind == kind), re.IGNORECASE)


_PREVIEWS, _CRAWLERS = _any_of("preview"), _any_of("crawler")


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
