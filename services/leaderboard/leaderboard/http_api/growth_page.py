"""The growth page: within the console's sign-in, or by a link that expires; the links; and the page's stream."""

from datetime import timedelta

from flask import Blueprint, g, make_response, redirect, render_template, request
from flask_babel import get_locale
from msgspec.structs import replace
from redis.exceptions import RedisError
from werkzeug.wrappers import Response

from leaderboard.http_api.dependencies import GROWTH_STALE_S, GrowthPageName, dependencies
from leaderboard.http_api.growth_access import (
    LINK_DAYS,
    MAX_LINKS,
    LinkVisit,
    growth_grant,
    link_token,
    operator_name,
    read_link,
    valid_links,
)
from leaderboard.http_api.live import stream_response
from leaderboard.insight_store import TooManyEntries
from leaderboard.pages import error_pages
from leaderboard.pages.growth_view import PERIODS, GrowthView, growth_view, requested_days
from referral.console.guard import Visit, console_view, private
from referral.events.entities import DashboardLink
from referral.events.ids import random_id
from referral.events.program import Program
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.problems import Problem
from referral.log.errors import LogUnavailable
from referral.pages.console_shell import back_to, current_program, render_console
from referral.pages.languages import localize, use_languages_of

_AGAIN_MS = round((GROWTH_STALE_S + 3) * 1000)
"""So long after a change the page looks once more: then it gets no view whose computation began before the change."""

blueprint = Blueprint("growth", __name__, template_folder="../pages/templates")


@blueprint.get("/console/growth")
@console_view("read")
def growth_of_current_program(visit: Visit) -> Response:
    """The growth page of the program that the console shows."""
    program = current_program(visit)
    if program is None:
        raise Problem(404, "unknown_program", "There is no program yet. Apply one, then its growth is here.")
    return back_to(f"/p/{program}/growth")


@blueprint.get("/p/<program>/growth")
def growth(program: str) -> Response:
    """How a program grows, and by which people."""
    token = request.args.get("link")
    return growth_for_operator(program) if token is None else _growth_by_link(program, token)


@console_view("read")
def growth_for_operator(visit: Visit, program: str) -> Response:
    """The page within the console."""
    other = request.args.get("program", program)
    if other != program:
        return redirect(f"/p/{visit.require_program(other)}/growth", 303)
    found = require_program(visit.require_program(program))
    use_languages_of(found.name)
    values = _page_values(found, operator_name(visit), all_names=True)
    values |= {"stream": _stream(program, None), "link": None}
    return make_response(render_console("growth_console.html", visit, "growth", toast=None, **values))


def _growth_by_link(program: str, token: str) -> Response:
    """The page for a visitor with the link: read-only, with the names that people show to everyone."""
    visit = read_link(program, token)
    if visit is None:
        return private(error_pages.link_is_over())
    found = require_program(program)
    use_languages_of(found.name)
    values = _page_values(found, visit.reader, all_names=False)
    values |= {"stream": _stream(program, visit), "link": visit.link}
    return private(make_response(render_template("growth_public.html", **values)))


@blueprint.get("/p/<program>/growth/live")
def growth_live(program: str) -> Response:
    """The stream of the growth page."""
    grant = growth_grant(program, request.args.get("link"))
    if grant is None:
        raise Problem(401, "no_access", "The session or link of this page is over. Load the page again.")
    return stream_response(grant)


@blueprint.get("/p/<program>/growth/links")
@console_view("share_dashboards")
def growth_links(visit: Visit, program: str) -> Response:
    """The links with which others read the page."""
    found = require_program(visit.require_program(program))
    use_languages_of(found.name)
    base = f"{context().settings.public_url.rstrip('/')}/p/{program}/growth"
    links = [(link, f"{base}?link={link_token(link)}") for link in valid_links(program)]
    values = {"links": links, "days": LINK_DAYS, "page": f"/p/{program}/growth", "made": request.args.get("ids", "")}
    return make_response(render_console("growth_links.html", visit, "growth", toast=None, **values))


@blueprint.post("/p/<program>/growth/links")
@console_view("share_dashboards")
def make_growth_link(visit: Visit, program: str) -> Response:
    """Makes a link that expires."""
    visit.require_program(program)
    days = request.form.get("days", "")
    if days not in map(str, LINK_DAYS):
        raise Problem(422, "invalid", f"`days` must be one of {', '.join(map(str, LINK_DAYS))}.")
    if len(valid_links(program)) >= MAX_LINKS:
        raise Problem(409, "too_many_links", f"{MAX_LINKS} links are valid. End one that no one needs.")
    now = to_datetime(context().clock.now_ms())
    link = DashboardLink(
        recorded_at=now,
        id=random_id("dsh"),
        program=program,
        expires_at=now + timedelta(days=int(days)),
        made_by=visit.operator.id,
    )
    visit.record("dashboard_link.created", program=program, target=link.id)
    _write(link)
    return back_to(f"/p/{program}/growth/links", ids=[link.id])


@blueprint.post("/p/<program>/growth/links/<link>/end")
@console_view("share_dashboards")
def end_growth_link(visit: Visit, program: str, link: str) -> Response:
    """Ends a link before its time: it opens nothing any more, and streams that it opened end."""
    visit.require_program(program)
    found = context().catalog.dashboard_link(link)
    if found is None or found.program != program:
        raise Problem(404, "unknown_link", f"Unknown link {link[:64]!r}. See the list of links.")
    visit.record("dashboard_link.revoked", program=program, target=link)
    _write(replace(found, recorded_at=to_datetime(context().clock.now_ms()), revoked=True))
    return back_to(f"/p/{program}/growth/links")


def _write(link: DashboardLink) -> None:
    """Writes a link, and waits until this process knows it, so that the page that follows shows it."""
    list(dependencies().catalog_writer.write([link]))
    context().follower.read_to_end()


def require_program(program: str) -> Program:
    """Returns the newest version of a program. Raises Problem 404 for an unknown one."""
    newest = context().catalog.program(program)
    if newest is None:
        raise Problem(404, "unknown_program", f"Unknown program {program[:64]!r}.")
    g.program = program
    return newest.program


def _page_values(program: Program, reader: str, *, all_names: bool) -> dict[str, object]:
    """What the templates show. Raises Problem 503 without Redis, 429 or 503 if `reader` or all have too many pages computed."""
    try:
        view = _view(program, reader, all_names=all_names)
    except TooManyEntries as error:
        raise Problem(
            422, "too_many_people", "So many people took part that only fewer days can be shown: choose 7 days."
        ) from error
    except (RedisError, LogUnavailable) as error:
        raise Problem(503, "unavailable", "The figures cannot be read now.", headers={"Retry-After": "5"}) from error
    name = localize(program.name) or program.id
    page = f"/p/{program.id}/growth"
    shown = {"view": view, "name": name, "periods": PERIODS, "again_ms": _AGAIN_MS}
    return shown | {"page": page, "network": f"{page}/network"}


def _view(program: Program, reader: str, *, all_names: bool) -> GrowthView:
    """What the page shows, computed for this reader, or for another one now or a moment ago."""
    days, reads = requested_days(), dependencies().costly_reads
    name = GrowthPageName(program.id, days, all_names, str(get_locale()))
    views = dependencies().growth_views
    return reads.share(views, name, lambda: growth_view(program, days, all_names=all_names), reader)


def _stream(program: str, visit: LinkVisit | None) -> str | None:
    """The address of the page's stream; None without a server of streams: then the page looks now and then."""
    if not context().settings.live_port:
        return None
    return f"/p/{program}/growth/live" + (f"?link={visit.token}" if visit else "")
