"""The shell of the console: what surrounds the view of any service. Navigation, program, search, language and the operator."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlencode

from flask import redirect, render_template, request
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from referral.console.guard import Visit
from referral.console.roles import Permission
from referral.events.entities import Role
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.pages.languages import localize

Section = Literal["home", "growth", "review", "people", "rewards", "challenges", "desk", "store", "studio", "settings"]
DENSITIES = ("cosy", "compact")


@dataclass(frozen=True, slots=True)
class RailItem:
    """An entry of the navigation, and the permission without which it is not shown."""

    section: Section
    path: str
    name: object
    permission: Permission = "read"


# Every section that exists, in the order in which it is shown. The front door routes each path to the service that has its views.
RAIL: tuple[RailItem, ...] = (
    RailItem("home", "/console", lazy_gettext("Home")),
    RailItem("growth", "/console/growth", lazy_gettext("Growth")),
    RailItem("review", "/console/review", lazy_gettext("Review")),
    RailItem("people", "/console/people", lazy_gettext("People")),
    RailItem("rewards", "/console/rewards", lazy_gettext("Rewards")),
    RailItem("challenges", "/console/challenges", lazy_gettext("Challenges")),
    RailItem("desk", "/console/desk", lazy_gettext("Desk"), "record_events"),
    RailItem("store", "/desk/redeem", lazy_gettext("Store"), "redeem"),
    RailItem("studio", "/console/studio", lazy_gettext("Studio")),
    RailItem("settings", "/console/settings", lazy_gettext("Settings"), "manage_keys"),
)


@dataclass(frozen=True, slots=True)
class ProgramChoice:
    """A program that the operator may see, and its name in their language."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Toast:
    """What the last form did, and the form at `path` that takes it back; its fields are texts or lists of texts."""

    text: str
    path: str
    undo: Mapping[str, str | Sequence[str]] | None = None

    def fields(self) -> Iterator[tuple[str, str]]:
        """The hidden fields of the form."""
        for name, value in (self.undo or {}).items():
            for one in [value] if isinstance(value, str) else value:
                yield name, one


_ROLES: Mapping[Role, object] = {
    "staff": lazy_gettext("Staff"),
    "viewer": lazy_gettext("Viewer"),
    "support": lazy_gettext("Support"),
    "growth": lazy_gettext("Growth"),
    "admin": lazy_gettext("Admin"),
}


def render_console(template: str, visit: Visit, section: Section, **values: object) -> str:
    """A view within the shell, as HTML. `values` are those of the template."""
    return render_fragment(
        template,
        visit,
        section=section,
        rail=[item for item in RAIL if visit.may(item.permission)],
        programs=_choices(visit),
        **values,
    )


def render_fragment(template: str, visit: Visit, **values: object) -> str:
    """A service's part of a view that another service renders, as HTML without the shell."""
    return render_template(
        template,
        visit=visit,
        program=current_program(visit),
        csrf=visit.session.csrf_token,
        console_url=console_url,
        role_name=_ROLES.__getitem__,
        now=to_datetime(context().clock.now_ms()),
        **values,
    )


def current_program(visit: Visit) -> str | None:
    """The program of `?program=` or of the path, otherwise the first one that the operator may see; None if there is none.

    Raises Problem 404 for a program that they may not see.
    """
    wanted = _program_of_request()
    if wanted:
        return visit.require_program(wanted)
    return next(iter(visit.programs()), None)


def console_url(path: str, **query: object) -> str:
    """A path of the console, with this page's program and language unless the query has others."""
    shown = {"program": _program_of_request(), "lang": request.args.get("lang", "")}
    inherited = {name: value for name, value in shown.items() if value}
    together = inherited | {name: str(value) for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(together)}" if together else path


def back_to(path: str, *, ids: Sequence[str] = (), **query: object) -> Response:
    """The redirect from a form to the page that shows its result; `ids` are what it acted on."""
    return redirect(console_url(path, ids=" ".join(ids) or None, **query), 303)


def _program_of_request() -> str:
    """The program that this page is about; empty for none."""
    return request.args.get("program", "") or str((request.view_args or {}).get("program", ""))


def _choices(visit: Visit) -> list[ProgramChoice]:
    catalog, found = context().catalog, []
    for id in visit.programs():
        newest = catalog.program(id)
        found.append(ProgramChoice(id, localize(newest.program.name) if newest else id))
    return found
