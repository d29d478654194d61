"""Versions of a program as pages of the studio."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import request
from flask_babel import lazy_gettext

from link_issuer.domain.program_changes import program_changes
from link_issuer.pages.studio_texts import change_texts
from referral.console.guard import Visit
from referral.events.entities import ProgramVersion
from referral.pages.console_shell import console_url, render_console

_REFUSED = {
    "version": lazy_gettext(
        "Nothing was applied: someone else has applied a version meanwhile. Look again, then decide."
    ),
    "mistakes": lazy_gettext("This version can't be applied again: a campaign that was declared must stay."),
}


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version, the name of who applied it (empty if unknown), and how many differences it made; None for the first."""

    version: ProgramVersion
    by: str
    changes: int | None


def versions_page(visit: Visit, rows: Sequence[VersionRow]) -> str:
    """The versions as HTML, the newest first."""
    return _page("console/studio_versions.html", visit, rows=rows, newest=rows[0].version if rows else None)


def version_page(visit: Visit, row: VersionRow, compared: ProgramVersion | None, newest: ProgramVersion) -> str:
    """A version as HTML: what differs from the one it is compared with, and what going back to it would change."""
    return _page(
        "console/studio_version.html",
        visit,
        row=row,
        compared=compared,
        newest=newest,
        changes=change_texts(program_changes(compared.program, row.version.program)) if compared else [],
        would_change=change_texts(program_changes(newest.program, row.version.program)),
        refused=_REFUSED.get(request.args.get("refused", "")),
    )


def _page(template: str, visit: Visit, **values: object) -> str:
    return render_console(
        template,
        visit,
        "studio",
        studio_tab="versions",
        studio_url=_studio_url,
        may_edit=visit.may("edit_programs"),
        toast=None,
        **values,
    )


def _studio_url(path: str = "", **query: object) -> str:
    return console_url(f"/console/studio{path}", **query)
