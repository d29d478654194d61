"""The class of a visitor who opens a link: a person, or an automated client. All clicks are recorded; counters show people's.

Prefetch headers: https://wicg.github.io/nav-speculation/prefetch.html#sec-purpose-header. In-app browsers (MicroMessenger,
Weibo, Xiaohongshu) count as people.
"""

import re
from functools import lru_cache

from link_issuer.domain.automated_agents import AUTOMATED_AGENTS, AgentKind
from referral.events.facts import Visitor


def _any_of(kind: AgentKind) -> re.Pattern[str]:
    return re.compile(
        "|".join(f"(?:{agent.pattern})" for agent in AUTOMATED_AGENTS if agent.kind == kind), re.IGNORECASE
    )


_PREVIEWS, _CRAWLERS = _any_of("preview"), _any_of("crawler")


def classify_visitor(method: str, purpose: str | None, user_agent: str) -> Visitor:
    """The class of a request. `purpose` is the value of the header Sec-Purpose or Purpose, None if neither was sent."""
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
