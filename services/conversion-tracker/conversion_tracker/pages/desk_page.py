"""The desk as pages of the console: the form, the preview, and what was recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from flask_babel import lazy_gettext

from conversion_tracker.desk.desk_request import CHANNELS
from conversion_tracker.desk.desk_response import count_rows
from conversion_tracker.desk.desk_row import DeskReason, DeskRow
from conversion_tracker.desk.last_pastes import MAX_PASTES, LastPaste
from conversion_tracker.desk.line_decision import Happened, Source
from conversion_tracker.desk.pasted_text import PastedLine
from conversion_tracker.desk.recording import Recorded
from conversion_tracker.pages.story_part import actor_name
from referral.console.guard import Visit
from referral.events.facts import Channel
from referral.http.context import context
from referral.http.problems import Problem
from referral.pages.channel_names import channel_name
from referral.pages.console_shell import render_console
from referral.pages.languages import gettext
from referral.people.known_people import KnownPerson, known_people

SOURCE_TEXTS: Mapping[Source, object] = {
    "comments": lazy_gettext("Comments"),
    "messages": lazy_gettext("Messages"),
    "followers": lazy_gettext("List of followers"),
}
HAPPENED_TEXTS: Mapping[Happened, object] = {
    "written": lazy_gettext("As written beside each line, otherwise now"),
    "now": lazy_gettext("Now"),
}
REASON_TEXTS: Mapping[DeskReason, object] = {
    "similar_code": lazy_gettext("Is this the code? Check it, then tick the line."),
    "uncertain_code": lazy_gettext("The text may not mean this code. Tick the line if it does."),
    "several_referrers": lazy_gettext("Several promoters are named. Choose one, then tick the line."),
    "no_name": lazy_gettext("Who wrote this? Write the name, then tick the line."),
    "other_line": lazy_gettext("Another line of this person names someone else. Tick one of the two."),
    "unknown_code": lazy_gettext("No promoter of this program has this code or mention."),
    "follows_already": lazy_gettext("Follows already."),
    "recorded": lazy_gettext("Recorded already."),
    "same_line": lazy_gettext("The same as an earlier line."),
    "no_evidence": lazy_gettext("Nothing: no code, mention or post link."),
    "own_code": lazy_gettext("Nothing: this is their own code."),
    "unknown_mention": lazy_gettext("Nothing: no promoter has this mention."),
    "hashtag_alone": lazy_gettext("Nothing: a hashtag needs the link to the post."),
    "before_enrolment": lazy_gettext("Nothing: the promoter had not joined by then."),
    "before_program": lazy_gettext("Nothing: the program had not begun by then."),
    "proof": lazy_gettext(
        "Their code of the join page. Tick it if the comment is from the account itself: they get their rewards."
    ),
    "wrong_proof": lazy_gettext("Nothing: a code of the join page that is not of this handle."),
    "too_long_ago": lazy_gettext("Nothing: it was too long ago to count."),
}
"""Why a line is to be decided, is here already, or becomes nothing, for an operator."""
_PROBLEMS: Mapping[str, object] = {
    "no_lines": lazy_gettext("There was no line with text. Paste comments, messages or names, or choose a file."),
    "no_rows": lazy_gettext("No line was ticked, so nothing was added."),
    "too_many_lines": lazy_gettext("That is more than 500 lines. Paste fewer, or use the command referral import."),
    "unreadable_text": lazy_gettext("The text is in no known encoding. Save the file as UTF-8."),
    "unreadable_table": lazy_gettext("The table cannot be read. Save it again as CSV."),
    "unreadable_workbook": lazy_gettext("The workbook cannot be read. Save it again as .xlsx or .csv."),
    "workbook_too_large": lazy_gettext("The workbook is too large. Save its first sheet as CSV."),
    "unknown_paste": lazy_gettext("That paste was too long ago to be taken back here."),
    "unsupported_media_type": lazy_gettext("Old workbooks (.xls) cannot be read. Save it as .xlsx or .csv."),
}
_MAX_NAMES = 3  # of a paste in the list
_OTHER = lazy_gettext("That didn't work.")


@dataclass(frozen=True, slots=True)
class DeskChoices:
    """What the form has: where the text is from, when things happened, and the text itself."""

    channel: Channel
    source: Source
    happened: Happened
    text: str = ""


@dataclass(frozen=True, slots=True)
class ShownPaste:
    """A paste of the list: some names of the people it added, how many there are, and who did it."""

    of: LastPaste
    by: str
    withdrawn_by: str
    names: Sequence[str]

    @property
    def number(self) -> int:
        """How many events it has."""
        return len(self.of.paste.events)


def paste_page(
    visit: Visit,
    choices: DeskChoices,
    problem: Problem | None = None,
    pastes: Sequence[LastPaste] | None = (),
) -> str:
    """The form to paste into, with what was wrong with the last paste, and the last pastes; None if they are not known now."""
    mistake = _PROBLEMS.get(problem.code, _OTHER) if problem else None
    shown = None if pastes is None else _shown(pastes)
    return _render(visit, "paste", choices, mistake=mistake, pastes=shown, most=MAX_PASTES)


def check_page(visit: Visit, choices: DeskChoices, rows: Sequence[DeskRow], lines: Mapping[int, PastedLine]) -> str:
    """What each line becomes, to be changed and ticked."""
    shown = [(row, _text_of(lines[row.line]), row_text(row)) for row in rows]
    return _render(visit, "check", choices, rows=shown, counts=count_rows(rows))


def recorded_page(visit: Visit, choices: DeskChoices, recorded: Recorded, paste: str) -> str:
    """What was added, with the form that takes it back, and why other rows were not; `paste` is the id of its line."""
    shown = [(row, row_text(row)) for row in recorded.others]
    return _render(
        visit,
        "recorded",
        choices,
        added=recorded.added,
        paste=paste,
        others=shown,
        rejected=[one.detail for one in recorded.rejected],
    )


def withdrawn_page(visit: Visit, choices: DeskChoices, number: int) -> str:
    """How many events were taken back."""
    return _render(visit, "withdrawn", choices, number=number)


def row_text(row: DeskRow) -> str:
    """What a row becomes, in words; empty for nothing."""
    name = row.name or gettext("Somebody")
    match row.kind:
        case "follow":
            evidence = row.code or row.mention or next(iter(row.choices), "")
            return (
                gettext("%(name)s follows, by %(evidence)s", name=name, evidence=evidence)
                if evidence
                else gettext("%(name)s follows", name=name)
            )
        case "tag":
            return gettext("%(referrer)s tagged %(name)s", referrer=row.referrer, name=name)
        case "post":
            return gettext("%(name)s published a post", name=name)
        case "proof":
            return gettext("%(name)s proves that the handle is theirs", name=name)
        case "none":
            return ""


def _shown(pastes: Sequence[LastPaste]) -> list[ShownPaste]:
    """The pastes with names, read at once for all."""
    first = {one.id: list({event.person: None for event in one.paste.events})[:_MAX_NAMES] for one in pastes}
    known = known_people({id: None for ids in first.values() for id in ids}, context().people.snapshot())
    return [
        ShownPaste(
            one,
            actor_name(one.by),
            actor_name(one.withdrawn_by) if one.withdrawn_by else "",
            [_short_name(person) for id in first[one.id] if (person := known[id])],
        )
        for one in pastes
    ]


def _short_name(person: KnownPerson) -> str:
    return person.display_name or person.external_id.partition(":")[2] or person.external_id


def _text_of(line: PastedLine) -> str:
    return f"{line.name}: {line.text}" if line.name and line.text else line.name or line.text


def _render(visit: Visit, step: str, choices: DeskChoices, **values: object) -> str:
    channels = [(one, channel_name(one) or gettext("Website")) for one in CHANNELS]
    return render_console(
        "console/desk.html",
        visit,
        "desk",
        step=step,
        choices=choices,
        channels=channels,
        sources=SOURCE_TEXTS,
        moments=HAPPENED_TEXTS,
        reasons=REASON_TEXTS,
        encode=lambda row: msgspec.json.encode(row).decode(),
        **values,
    )
