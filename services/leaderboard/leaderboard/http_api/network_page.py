"""The page of the network, within the console or by a link to the growth page; its picture and its film."""

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from flask import Blueprint, make_response, render_template, request
from redis.exceptions import RedisError
from werkzeug.wrappers import Response

from leaderboard.domain.periods import day_name
from leaderboard.http_api.dependencies import dependencies
from leaderboard.http_api.growth_access import may_read_growth, read_link
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
Found = TypeVar("Found")
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
    return make_response(
        render_console("network_console.html", visit, "growth", toast=None, **_values(program, all_names=True))
    )


def _network_by_link(program: str, token: str) -> Response:
    visit = read_link(program, token)
    if visit is None:
        return private(error_pages.link_is_over())
    return private(
        make_response(render_template("network_public.html", link=visit.link, **_values(program, all_names=False)))
    )


@blueprint.get("/p/<program>/growth/network.svg")
def network_picture(program: str) -> Response:
    """The tree as a picture without names."""
    _require_reader(program)
    response = private(make_response(_reading(lambda: str(picture(dependencies().campaigns.read(program).nodes)))))
    response.mimetype = "image/svg+xml"
    response.headers["Content-Security-Policy"] = _PICTURE_POLICY
    return response


@blueprint.get("/p/<program>/growth/network.json")
def network_film(program: str) -> Response:
    """The tree with the day of each follow, without names."""
    _require_reader(program)
    zone = dependencies().time_zones.zone_of(program, context().catalog)
    nodes = _reading(lambda: dependencies().campaigns.read(program).nodes)
    days = {node.second: date.fromisoformat(day_name(node.second, zone)) for node in nodes}
    today = date.fromisoformat(day_name(context().clock.now_ms() // 1000, zone))
    return private(encode_response(film(nodes, today, days)))


def _require_reader(program: str) -> None:
    """Raises Problem 401 without a link or session that may read the program, 404 for an unknown program."""
    if not may_read_growth(program, request.args.get("link")):
        raise Problem(401, "no_access", "The session or link of this page is over. Load the page again.")
    require_program(program)


def _values(program: str, *, all_names: bool) -> dict[str, object]:
    found = require_program(program)
    use_languages_of(found.name)
    view = _reading(lambda: network_view(found, all_names=all_names))
    page = f"/p/{program}/growth"
    return {"view": view, "name": localize(found.name) or program, "page": page, "days": FILM_DAYS}


def _reading(read: Callable[[], Found]) -> Found:
    """What is read. Raises Problem 503 without Redis."""
    try:
        return read()
    except RedisError as error:
        raise Problem(503, "unavailable", "The network cannot be read now.", headers={"Retry-After": "5"}) from error
