"""The click token in the URL that a link redirects to: which visits get one."""

from typing import cast
from urllib.parse import parse_qs, urlsplit

import pytest

from link_issuer.click_limit import ClickLimit
from link_issuer.domain.link_spec import LinkSpec, new_link
from link_issuer.http_api.redirect.redirect_resolver import LinkVisit, RedirectResolver
from referral.catalog.view import Catalog
from referral.clock import ManualClock
from referral.events.timestamps import to_ms
from referral.log.publisher import Publisher
from tests.support.builders.conversion_tracker import TOKENS
from tests.support.builders.link_issuer import LINK_OWNER, NOW, SHARE_VERSION

PERSON = LinkVisit(
    "GET", "", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0"
)
MACHINES = {
    "head": LinkVisit("HEAD", "", PERSON.user_agent),
    "prefetch": LinkVisit("GET", "prefetch", PERSON.user_agent),
    "preview": LinkVisit("GET", "", "facebookexternalhit/1.1"),
    "crawler": LinkVisit("GET", "", "Mozilla/5.0 (compatible; Baiduspider/2.0)"),
}
SIGNER = TOKENS


class _NoLog:
    """A publisher that drops every line."""

    def offer(self, *_: object) -> None:
        """Does nothing."""


def _token(visit: LinkVisit, max_uses: int | None) -> str:
    link = new_link(LinkSpec(max_uses=max_uses), LINK_OWNER, "AMYX", NOW)
    resolver = RedirectResolver(ManualClock(to_ms(NOW)), SIGNER, cast("Publisher", _NoLog()), ClickLimit(100))
    url = resolver.resolve(Catalog([SHARE_VERSION, LINK_OWNER, link]), "AMYX", visit, lambda *_: True)
    assert isinstance(url, str), url
    return parse_qs(urlsplit(url).query, keep_blank_values=True)["rt"][0]


@pytest.mark.parametrize("visit", MACHINES.values(), ids=MACHINES)
def test_a_machine_gets_no_token_of_a_link_with_a_usage_limit(visit: LinkVisit) -> None:
    """It uses up nothing, so its token would be one more than the limit allows. Other links give every visit a token."""
    assert _token(visit, max_uses=1) == ""
    assert SIGNER.read_click(_token(visit, max_uses=None)).code == "AMYX"


def test_a_person_gets_a_token_of_every_link() -> None:
    """It identifies the click of a follow."""
    for max_uses in (1, None):
        assert SIGNER.read_click(_token(PERSON, max_uses)).code == "AMYX"
