"""The class of a visitor who opens a link: a person, or an automated client. All clicks are recorded; counters show people's.

A User-Agent is compared with the table of this project and with the list of the package crawler-user-agents. In-app browsers
(MicroMessenger, Weibo, Xiaohongshu) count as people. Requests ahead of a visit are marked by a header: Sec-Purpose
(https://wicg.github.io/nav-speculation/prefetch.html#sec-purpose-header), Purpose (Chrome before it), X-Purpose (Safari) or X-Moz
(Firefox), with the value prefetch, prerender or preview.
"""

import re
from functools import lru_cache

from link_issuer.domain.automated_agents import AUTOMATED_AGENTS, AgentKind
from link_issuer.domain.crawler_list import is_listed_crawler
from referral.events.facts import Visitor


def _any_of(kind: AgentKind) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{agent.pattern})" for agent in AUTOMATED_AGENTS if agent.kind == kind))


_PREVIEWS, _CRAWLERS = _any_of("preview"), _any_of("crawler")
_AHEAD_OF_VISIT = re.compile("prefetch|prerender|preview", re.IGNORECASE)
_MAX_AGENT = 512  # characters that are compared; browsers send about 200


def classify_visitor(method: str, purpose: str, user_agent: str) -> Visitor:
    """The class of a request. `purpose` is the value of its purpose header, empty if it has none."""
    if method == "HEAD":
        return "head"
    if purpose and _AHEAD_OF_VISIT.search(purpose):
        return "prefetch"
    return _by_agent(user_agent[:_MAX_AGENT])


@lru_cache(maxsize=8192)
def _by_agent(user_agent: str) -> Visitor:
    lower = user_agent.lower()  # comparing without regard to case would take three times as long
    if _PREVIEWS.search(lower):
        return "preview"
    return "crawler" if _CRAWLERS.search(lower) or is_listed_crawler(user_agent) else "person"
