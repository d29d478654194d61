"""One person's story as a page of the console: who they are, their links and codes, and the parts of the other services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import request
from flask_babel import lazy_gettext
from markupsafe import Markup

from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.people.export_response import StoredRecords
from link_issuer.person_parts import StoryPart
from referral.console.guard import Visit
from referral.events.entities import Link
from referral.events.timestamps import to_ms
from referral.http.context import context
from referral.pages.console_shell import Toast, render_console
from referral.pages.languages import gettext

MAX_LINKS = 100
_PARTS: Mapping[StoryPart, object] = {"referrals": lazy_gettext("Referrals"), "rewards": lazy_gettext("Rewards")}
_FIELDS: Mapping[str, object] = {
    "display_name": lazy_gettext("Name shown to friends"),
    "mention": lazy_gettext("Handle for mentions"),
    "handle": lazy_gettext("Name at the platform"),
    "language": lazy_gettext("Language"),
    "public": lazy_gettext("Shown on public pages"),
}


@dataclass(frozen=True, slots=True)
class Story:
    """A person of a program: what is stored about them, and the HTML of each part; None for one that did not answer."""

    person: str
    program: str
    stored: StoredRecords
    parts: Mapping[StoryPart, str | None]

    @property
    def name(self) -> str:
        """What the person is called: by their own name, at the platform, by the platform's id."""
        profile, person = self.stored.profile, self.stored.person
        named = (profile and profile.display_name) or (person and person.handle) or self.stored.external_id
        return named or self.person


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link with its address, and whether it still leads somewhere."""

    link: Link
    url: str
    open: bool


def story_page(visit: Visit, story: Story, mistaken: Sequence[str] = ()) -> str:
    """The page as HTML. `mistaken` are the fields of the form that were wrong."""
    participant = story.stored.participant
    return render_console(
        "console/story.html",
        visit,
        "people",
        story=story,
        code_url=dependencies().link_url(participant.code) if participant else None,
        links=[_link_row(link) for link in story.stored.links[:MAX_LINKS]],
        more_links=max(0, len(story.stored.links) - MAX_LINKS),
        parts=[Markup(html) for html in story.parts.values() if html],  # noqa: S704 # nosec B704 - the services escape their parts
        failed=[_PARTS[part] for part, html in story.parts.items() if html is None],
        fields=_FIELDS,
        mistaken=mistaken,
        toast=_toast(),
    )


def _link_row(link: Link) -> LinkRow:
    now_ms = context().clock.now_ms()
    ended = link.disabled or (link.expires_at is not None and to_ms(link.expires_at) <= now_ms)
    return LinkRow(link, dependencies().link_url(link.code), not ended)


def _toast() -> Toast | None:
    if request.method == "GET" and request.args.get("done") == "correct" and not request.args.get("part"):
        return Toast(gettext("Corrected. Pages and boards show it at once."), "/console/people")
    return None
