"""The desk in the console: paste, check, record, and take back."""

from dataclasses import dataclass

import structlog
from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from msgspec import MsgspecError, json
from msgspec.structs import replace

from conversion_tracker.desk.desk_request import CHANNELS, HAPPENED, SOURCES
from conversion_tracker.desk.desk_row import DeskRow
from conversion_tracker.desk.file_request import read_lines
from conversion_tracker.desk.last_pastes import LastPaste, find_paste, last_pastes
from conversion_tracker.desk.line_decision import Happened, Source, decide_lines
from conversion_tracker.desk.pasted_text import PastedLine
from conversion_tracker.desk.recording import decide_rows, record_rows
from conversion_tracker.desk.store import desk_knowledge, desk_terms
from conversion_tracker.desk.withdrawal import withdraw_paste
from conversion_tracker.pages.desk_page import DeskChoices, check_page, paste_page, recorded_page, withdrawn_page
from referral.console.guard import Visit, console_view
from referral.events.audit import DeskPaste
from referral.events.facts import Channel
from referral.events.normal_forms import normalize_code, normalize_mention
from referral.events.platform_ids import platform_id
from referral.http.context import context
from referral.http.problems import Problem
from referral.log.errors import LogUnavailable
from referral.pages.console_shell import current_program

DESK = "/console/desk"
MAX_LINES = 500  # of a paste: what a browser shows and sends back at once; `referral import` takes more
_MAX_FIELD = 128

blueprint = Blueprint("console_desk", __name__)
log = structlog.get_logger()
_decode_row = json.Decoder(DeskRow).decode


@dataclass(frozen=True, slots=True)
class _Form:
    """What every form of the desk has."""

    channel: Channel
    source: Source
    happened: Happened

    def choices(self, text: str = "") -> DeskChoices:
        return DeskChoices(self.channel, self.source, self.happened, text)


@blueprint.get(DESK)
@console_view("record_events")
def desk(visit: Visit) -> str:
    """The form to paste into, and the last pastes with a way to take each back."""
    return paste_page(visit, _form(_default_channel(visit)).choices(), None, _shown_pastes(visit))


@blueprint.post(f"{DESK}/check")
@console_view("record_events")
def check(visit: Visit) -> ResponseReturnValue:
    """What each line becomes; nothing is recorded."""
    program, form = _require_program(visit), _form(_default_channel(visit))
    text = request.form.get("text", "")
    try:
        lines = _sent_lines(text, form.source)
    except Problem as problem:
        return paste_page(visit, form.choices(text), problem), problem.status
    terms = desk_terms(program, form.channel, form.source, form.happened)
    rows = decide_lines(lines, terms, desk_knowledge(program))
    return check_page(visit, form.choices(), rows, {line.number: line for line in lines})


@blueprint.post(DESK)
@console_view("record_events")
def record(visit: Visit) -> ResponseReturnValue:
    """Records the chosen rows, and shows what was added. The audit log has what can be taken back, before it is added."""
    program, form = _require_program(visit), _form(_default_channel(visit))
    rows = _chosen_rows(form.channel)
    if not rows:
        problem = Problem(422, "no_rows", "Choose at least one line.")
        return paste_page(visit, form.choices(), problem), problem.status
    decided = decide_rows(program, rows, desk_terms(program, form.channel, form.source, form.happened))
    events = decided.paste_events()
    paste = visit.record(
        "desk.recorded", program=program, paste=DeskPaste(channel=form.channel, events=events) if events else None
    )
    return recorded_page(visit, form.choices(), record_rows(decided), paste)


@blueprint.post(f"{DESK}/undo")
@console_view("record_events")
def undo(visit: Visit) -> ResponseReturnValue:
    """Withdraws what the audit log has of a paste. Doing it again completes it."""
    program, form = _require_program(visit), _form(_default_channel(visit))
    paste = find_paste(program, request.form.get("paste", "")[:_MAX_FIELD])
    if paste is None:
        problem = Problem(404, "unknown_paste", "The audit log has no such paste among its last 20,000 lines.")
        return paste_page(visit, form.choices(), problem, _shown_pastes(visit)), problem.status
    visit.record("desk.withdrawn", program=program, target=paste.id)
    return withdrawn_page(
        visit, form.choices(), withdraw_paste(program, paste.paste, paste.withdrawn_at, visit.operator.id)
    )


def _shown_pastes(visit: Visit) -> list[LastPaste] | None:
    """The last pastes; None if the log cannot be read now, which does not hinder another paste."""
    program = current_program(visit)
    try:
        return last_pastes(program) if program else []
    except LogUnavailable as error:
        log.warning("last pastes not read", reason=str(error))
        return None


def _sent_lines(text: str, source: Source) -> list[PastedLine]:
    """The lines of the file of a form, or of its text if no file was chosen. Raises Problem."""
    sent = request.files.get("file")
    body = sent.stream.read() if sent is not None and sent.filename else text.encode("utf-8", "replace")
    lines = read_lines(body, source)
    if not lines:
        raise Problem(422, "no_lines", "There is no line with text.")
    if len(lines) > MAX_LINES:
        raise Problem(413, "too_many_lines", f"There are more than {MAX_LINES} lines.")
    return lines


def _chosen_rows(channel: Channel) -> list[DeskRow]:
    """The rows whose box is checked, with what the operator has changed."""
    rows = request.form.getlist("row")[:MAX_LINES]
    chosen = {int(one) for one in request.form.getlist("pick") if one.isascii() and one.isdecimal() and len(one) < 6}
    return [_changed_row(index, _read_row(text), channel) for index, text in enumerate(rows) if index in chosen]


def _changed_row(index: int, row: DeskRow, channel: Channel) -> DeskRow:
    """A ticked row is decided. Another name gives another person; evidence with @ is a mention, other evidence a code."""
    row = replace(row, status="new")
    name = request.form.get(f"name-{index}", row.name)[:64].strip()
    if name != row.name:
        row = replace(row, name=name, person=platform_id(channel, name))
    if row.kind != "follow":
        return row
    evidence = request.form.get(f"evidence-{index}", "")[:_MAX_FIELD].strip()
    if evidence.startswith(("@", "＠")):
        return replace(row, code="", mention=normalize_mention(evidence))
    kept = row.mention if normalize_code(evidence) == row.code else ""
    return replace(row, code=normalize_code(evidence), mention=kept)


def _read_row(text: str) -> DeskRow:
    try:
        return _decode_row(text.encode())
    except (MsgspecError, UnicodeError, RecursionError) as error:
        raise Problem(400, "malformed_request", f"`row` is not one of this page: {error}.") from error


def _form(channel: Channel) -> _Form:
    """The choices of the form; an unknown one is the first."""
    sent = request.form
    return _Form(
        next((one for one in CHANNELS if one == sent.get("channel")), channel),
        next((one for one in SOURCES if one == sent.get("source")), SOURCES[0]),
        next((one for one in HAPPENED if one == sent.get("happened")), HAPPENED[0]),
    )


def _default_channel(visit: Visit) -> Channel:
    """The first channel of the program: one without webhooks if it has one."""
    program = current_program(visit)
    version = context().catalog.program(program) if program else None
    declared = version.program.channels if version else ()
    return next((one for one in CHANNELS if one in declared), CHANNELS[0])


def _require_program(visit: Visit) -> str:
    program = current_program(visit)
    if program is None:
        raise Problem(404, "unknown_program", "There is no program yet. Apply a program file first.")
    return program
