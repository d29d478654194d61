"""What the studio edits: a program, or one that does not exist yet, as the operator's draft or as its newest version."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from flask import request

from link_issuer.domain.program_changes import ProgramChange, program_changes
from link_issuer.http_api.dependencies import dependencies
from link_issuer.http_api.programs.version_creation import ProgramReview, review_document
from link_issuer.program_drafts import Draft, DraftTooLarge, TooManyDrafts
from link_issuer.programs.form_content import FIELD, KEY, SentForm, with_form
from link_issuer.programs.form_fields import FormGroup, program_form
from link_issuer.programs.three_way_merge import merged, with_changes
from link_issuer.programs.version_text import program_content, version_text
from link_issuer.programs.yaml_edit import edited_yaml
from link_issuer.programs.yaml_form import InvalidYaml, Value, YamlDocument, read_yaml
from referral.console.guard import Visit
from referral.console.roles import may_see
from referral.events.entities import MAX_REASON, ProgramVersion
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.problems import Problem
from referral.pages.console_shell import current_program
from referral.program_file.check import MAX_PROGRAM_BYTES
from referral.validation.half_characters import HALF_CHARACTER, half_characters

NEW_ID = re.compile(r"prg_[a-z0-9_]{1,60}")
_ADD, _REMOVE = "add:", "remove:"


@dataclass(frozen=True, slots=True)
class Subject:
    """The program that is edited, and its newest version; None for one that does not exist yet."""

    program: str
    newest: ProgramVersion | None

    @property
    def version(self) -> int:
        """The number of the newest version; 0 without one."""
        return self.newest.version if self.newest else 0


@dataclass(frozen=True)
class Editor:
    """A text of a program file in the studio, read and checked as far as it is needed.

    `is_draft`: whether the text is the operator's draft, `draft.base` the version that they began with.
    """

    subject: Subject
    draft: Draft
    is_draft: bool

    @cached_property
    def reading(self) -> YamlDocument | InvalidYaml:
        """The content of the text, or why it is not YAML."""
        try:
            document = read_yaml(self.draft.text)
        except InvalidYaml as error:
            return error
        half = next(half_characters(document.content), None)
        return document if half is None else InvalidYaml(HALF_CHARACTER, document.line_of(half.pointer))

    @property
    def document(self) -> YamlDocument | None:
        """The content of the text; None if it is not YAML."""
        return self.reading if isinstance(self.reading, YamlDocument) else None

    @cached_property
    def form(self) -> FormGroup | None:
        """The text as a form; None if it is not YAML."""
        return program_form(self.document.content) if self.document else None

    @cached_property
    def review(self) -> ProgramReview | None:
        """What applying the text would result in; None if it is not YAML."""
        return review_document(self.document, self.subject.program, self.subject.newest) if self.document else None

    @property
    def is_outdated(self) -> bool:
        """Whether someone has applied a version since the operator began."""
        return self.draft.base != self.subject.version

    @cached_property
    def changes(self) -> Sequence[ProgramChange]:
        """How the text differs from the newest version; empty for a new program, and for a text with mistakes."""
        applied, newest = self.review.applied if self.review else None, self.subject.newest
        return program_changes(newest.program, applied.version.program) if applied and newest else ()

    @cached_property
    def their_changes(self) -> Sequence[ProgramChange]:
        """What others have changed since the operator began."""
        newest = self.subject.newest
        base = context().catalog.version(self.subject.program, self.draft.base)
        return program_changes(base.program, newest.program) if base and newest and self.is_outdated else ()


def find_subject(visit: Visit) -> Subject | None:
    """The program of `?new=` or `?program=`; None if there is none. Raises Problem 404 for one that the operator may not see."""
    wanted = request.args.get("new", "")
    context().follower.read_to_end()
    if wanted and NEW_ID.fullmatch(wanted) and context().catalog.program(wanted) is None:
        if not visit.may("edit_programs") or not may_see(visit.operator, wanted):
            raise Problem(404, "unknown_program", f"Unknown program {wanted[:64]!r}.")
        return Subject(wanted, None)
    program = visit.require_program(wanted) if wanted else current_program(visit)
    return Subject(program, context().catalog.program(program)) if program else None


def require_subject(visit: Visit) -> Subject:
    """The same. Raises Problem 404 if there is no program."""
    subject = find_subject(visit)
    if subject is None:
        raise Problem(404, "unknown_program", "There is no program yet. Begin with an example in the studio.")
    return subject


def open_editor(visit: Visit, subject: Subject) -> Editor | None:
    """The operator's draft, or the newest version; None for a new program without a draft."""
    draft = dependencies().drafts.draft(visit.operator.id, subject.program)
    if draft is not None:
        return Editor(subject, draft, is_draft=True)
    if subject.newest is None:
        return None
    text = version_text(subject.newest.program, dependencies().drafts.applied_text(subject.program))
    return Editor(subject, Draft(text, subject.version, subject.newest.recorded_at), is_draft=False)


def sent_editor(visit: Visit, subject: Subject) -> Editor:
    """The editor after a form was sent; the text becomes the operator's draft if it differs from the version.

    Raises Problem 413 for a text that is too large, and 409 for too many drafts.
    """
    text = _sent_text()
    before = open_editor(visit, subject)
    base = _sent_base(before.draft.base if before else 0)
    now = to_datetime(context().clock.now_ms())
    draft = Draft(text, base, now, request.form.get("reason", "").strip()[:MAX_REASON])
    if before is not None and not before.is_draft and before.draft.text == text:
        return Editor(subject, draft, is_draft=False)
    save_draft(visit, subject.program, draft)
    return Editor(subject, draft, is_draft=True)


def save_draft(visit: Visit, program: str, draft: Draft) -> None:
    """Keeps a draft. Raises Problem 413 or 409."""
    try:
        dependencies().drafts.save(visit.operator.id, program, draft)
    except DraftTooLarge:
        raise _too_large() from None
    except TooManyDrafts:
        detail = "You have drafts of too many programs. Apply or discard one of them."
        raise Problem(409, "too_many_drafts", detail) from None


def with_their_changes(editor: Editor) -> Draft:
    """The draft with what others have applied since it was begun. Where both changed a value, the draft's stays."""
    newest, draft, document = editor.subject.newest, editor.draft, editor.document
    base = context().catalog.version(editor.subject.program, draft.base)
    if newest is None or document is None:
        return draft
    began: Value = program_content(base.program) if base else {}
    own = editor.review.checked.program if editor.review else None
    mine = program_content(own) if own else document.content
    joined = merged(began, mine, program_content(newest.program))
    content = with_changes(document.content, mine, joined) if own else joined
    now = to_datetime(context().clock.now_ms())
    return Draft(edited_yaml(draft.text, content), newest.version, now, draft.reason)


def _sent_text() -> str:
    """The text of the YAML view, with what was changed in the form view if the form was sent from there."""
    form = request.form
    text = form.get("yaml", "").replace("\r\n", "\n").replace("\r", "\n")
    if len(text.encode()) > MAX_PROGRAM_BYTES:
        raise _too_large()
    if form.get("edited") != "form":
        return text
    try:
        document = read_yaml(text)
    except InvalidYaml:
        return text
    return edited_yaml(text, with_form(document.content, _sent_form()))


def _sent_form() -> SentForm:
    form, action = request.form, request.form.get("act", "")
    values = {name: form.getlist(name) for name in form if name.startswith((FIELD, KEY))}
    added = action.removeprefix(_ADD) if action.startswith(_ADD) else None
    removed = action.removeprefix(_REMOVE) if action.startswith(_REMOVE) else None
    return SentForm(values, added, removed)


def _sent_base(known: int) -> int:
    sent = request.form.get("base", "")
    return int(sent) if sent.isdigit() and len(sent) < 10 else known


def _too_large() -> Problem:
    detail = f"A program file has at most {MAX_PROGRAM_BYTES:,} bytes (256 KB). Shorten texts and lists; your draft is as it was."
    return Problem(413, "too_large", detail)
