"""Who may read a growth page: an operator who is signed in, or a visitor with a link that is valid."""

from collections.abc import Callable
from dataclasses import dataclass

from leaderboard.live.admission import Grant
from referral.console.guard import Visit, now_s, read_visit
from referral.console.roles import may, may_see
from referral.console.sessions import refusal_of
from referral.events.entities import DashboardLink
from referral.events.timestamps import to_ms
from referral.http.context import Context, context
from referral.tokens import InvalidTokenError, TokenSigner

LINK_DAYS = (7, 30, 90)
MAX_LINKS = 50
"""Links of a program that are valid at the same time."""
_SESSION_LIFETIME_S = 5 * 60.0


@dataclass(frozen=True, slots=True)
class LinkVisit:
    """A request with a valid link, and the token that its further requests carry."""

    link: DashboardLink
    token: str

    @property
    def reader(self) -> str:
        """The name under which what its visitors read at once is limited."""
        return f"link {self.link.id}"


def link_token(link: DashboardLink) -> str:
    """Returns the token of a link: the same each time, so that it can be shown again."""
    return TokenSigner(context().key_ring).sign_dashboard(link.id, to_ms(link.expires_at))


def read_link(program: str, token: str) -> LinkVisit | None:
    """Returns the visit of a link to this program's page; None if it is forged, expired, revoked, or another program's."""
    try:
        id = TokenSigner(context().key_ring).read_dashboard(token, context().clock.now_ms())
    except InvalidTokenError:
        return None
    link = context().catalog.dashboard_link(id)
    if link is None or link.program != program or not _is_valid(link, context().clock.now_ms()):
        return None
    return LinkVisit(link, token)


def valid_links(program: str) -> list[DashboardLink]:
    """Returns a program's links that can be used now, the newest first."""
    now_ms = context().clock.now_ms()
    return [link for link in context().catalog.dashboard_links(program) if _is_valid(link, now_ms)]


def operator_name(visit: Visit) -> str:
    """The name under which what an operator reads at once is limited."""
    return f"operator {visit.operator.id}"


def growth_reader(program: str, token: str | None) -> str | None:
    """Returns the name of who reads a program's growth, by the link or session of this request; None without either."""
    if token is not None:
        link = read_link(program, token)
        return None if link is None else link.reader
    visit = _operator_visit(program)
    return None if visit is None else operator_name(visit)


def _operator_visit(program: str) -> Visit | None:
    """The visit of an operator who may read this program."""
    visit = read_visit()
    return visit if visit is not None and visit.may("read") and program in visit.programs() else None


def growth_grant(program: str, token: str | None) -> Grant | None:
    """Returns what the stream of a growth page may send to this request, by its link or session; None without either."""
    if token is not None:
        visit = read_link(program, token)
        return None if visit is None else Grant(program, visit.reader, True, _link_check(visit.link.id))
    operator_visit = _operator_visit(program)
    if operator_visit is None:
        return None
    check = _session_check(operator_visit, program)
    return Grant(program, operator_name(operator_visit), True, check, _SESSION_LIFETIME_S)


def _is_valid(link: DashboardLink, now_ms: int) -> bool:
    return not link.revoked and now_ms < to_ms(link.expires_at)


def _link_check(id: str) -> Callable[[], bool]:
    """Whether a link is still valid. Needs no request."""
    shared: Context = context()

    def is_valid() -> bool:
        link = shared.catalog.dashboard_link(id)
        return link is not None and _is_valid(link, shared.clock.now_ms())

    return is_valid


def _session_check(visit: Visit, program: str) -> Callable[[], bool]:
    """Whether a session has neither expired nor lost its permission. A sign-out elsewhere is noticed when the stream is renewed."""
    catalog, session = context().catalog.snapshot(), visit.session

    def is_valid() -> bool:
        operator = catalog.operator(session.operator)
        if operator is None or refusal_of(session, operator, now_s()) is not None:
            return False
        return may(operator, "read") and may_see(operator, program)

    return is_valid
