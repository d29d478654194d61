"""The page of the network, within the console or by a link to the growth page; its picture and its film."""

from datetime import date

from flask import Blueprint, make_response, render_template, request
from redis.exceptions import RedisError
from werkzeug.wrappers import Response

from leaderboard.campaign_reader import CampaignTree
from leaderboard.domain.periods import day_name
from leaderboard.http_api.dependencies import dependencies
from leaderboard.http_api.growth_access import growth_reader, operator_name, read_link
from leaderboard.http_api.growth_page import require_program
from leaderboard.pages import error_pages
from leaderboard.pages.network_picture import FILM_DAYS, film, picture
from leaderboard.pages.network_view import network_view
from referral.console.guard import Visit, console_view, private
from referral.http.context import context
from referral.http.problems import Problem
from referral.http.responses import encode_response
from referral.pages.console_shell import render_console
from referral.pages.languages import localize, use_languages_of

_PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"  # its own styles only
blueprint = Blueprint("network_page", __name__, template_folder="../pages/templates")


@blueprint.get("/p/<program>/growth/network")
def network_page(program: str) -> Response:
    """The network: the campaign as a tree and as a film, with tables beside."""
    token = request.args.get("link")
    return network_for_operator(program) if token is None else _network_by_link(program, token)


@console_view("read")
def network_for_operator(visit: Visit, program: str) -> Response:
    """The page within the console."""
    visit.require_program(program)
    values = _values(program, operator_name(visit), all_names=True)
    return make_response(render_console("network_console.html", visit, "growth", toast=None, **values))


def _network_by_link(program: str, token: str) -> Response:
    visit = read_link(program, token)
    if visit is None:
        return private(error_pages.link_is_over())
    return private(
        make_response(
            render_template("network_public.html", link=visit.link, **_values(program, visit.reader, all_names=False))
        )
    )


@blueprint.get("/p/<program>/growth/network.svg")
def network_picture(program: str) -> Response:
    """The tree as a picture without names."""
    response = private(make_response(str(picture(_tree(program, _require_reader(program)).nodes))))
    response.mimetype = "image/svg+xml"
    response.headers["Content-Security-Policy"] = _PICTURE_POLICY
    return response


@blueprint.get("/p/<program>/growth/network.json")
def network_film(program: str) -> Response:
    """The tree with the day of each follow, without names."""
    nodes = _tree(program, _require_reader(program)).nodes
    zone = dependencies().time_zones.zone_of(program, context().catalog)
    days = {node.second: date.fromisoformat(day_name(node.second, zone)) for node in nodes}
    today = date.fromisoformat(day_name(context().clock.now_ms() // 1000, zone))
    return private(encode_response(film(nodes, today, days)))


def _require_reader(program: str) -> str:
    """Returns the name of who reads.

    Raises Problem 401 without a link or session that may read the program, 404 for an unknown program.
    """
    reader = growth_reader(program, request.args.get("link"))
    if reader is None:
        raise Problem(401, "no_access", "The session or link of this page is over. Load the page again.")
    require_program(program)
    return reader


def _values(program: str, reader: str, *, all_names: bool) -> dict[str, object]:
    found = require_program(program)
    use_languages_of(found.name)
    view = network_view(found, _tree(program, reader), all_names=all_names)
    page = f"/p/{program}/growth"
    return {"view": view, "name": localize(found.name) or program, "page": page, "days": FILM_DAYS}


def _tree(program: str, reader: str) -> CampaignTree:
    """The campaign as of some seconds ago at most. Raises Problem 503 without Redis, 429 or 503 if too much is read at once."""
    trees, campaigns = dependencies().campaign_trees, dependencies().campaigns
    try:
        return dependencies().costly_reads.share(trees, program, lambda: campaigns.read(program), reader)
    except RedisError as error:
        raise Problem(503, "unavailable", "The network cannot be read now.", headers={"Retry-After": "5"}) from error
