"""The studio as pages: the editor with its two views, the gallery, and the preview."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import render_template, request
from flask_babel import lazy_gettext

from link_issuer.http_api.console.studio_editor import Editor
from link_issuer.pages.studio_texts import (
    Message,
    by_place,
    change_texts,
    field_hint,
    field_label,
    messages_of,
    option_name,
    section_title,
    section_why,
)
from link_issuer.programs.form_fields import FormGroup, nodes
from link_issuer.programs.yaml_form import InvalidYaml
from referral.console.guard import Visit
from referral.events.facts import Channel
from referral.pages.channel_names import channel_name
from referral.pages.console_shell import Toast, console_url, render_console
from referral.pages.languages import LANGUAGES, NAMES, gettext, language, localize
from referral.validation.mistakes import Mistake

STUDIO = "/console/studio"
_EXAMPLES: Mapping[str, tuple[object, object]] = {
    "refer-a-friend": (
        lazy_gettext("Refer a friend"),
        lazy_gettext("A gift for both sides, more for three and ten friends. The usual beginning."),
    ),
    "ugc-challenge": (
        lazy_gettext("Challenge"),
        lazy_gettext("Followers post under a hashtag, with a prompt a day and a prize for everyone who takes part."),
    ),
    "giveaway": (
        lazy_gettext("Giveaway"),
        lazy_gettext("Each friend is a ticket; winners are drawn so that everyone can check it."),
    ),
    "early-access": (
        lazy_gettext("Early access"),
        lazy_gettext("Before a launch: who brings friends gets in first."),
    ),
    "shop": (
        lazy_gettext("Shop"),
        lazy_gettext("A share of what friends order, a code for them, with a budget that ends by itself."),
    ),
}
_REFUSED: Mapping[str, object] = {
    "version": lazy_gettext(
        "Nothing was applied: someone else has applied a version since you began. Your draft is kept."
    ),
    "mistakes": lazy_gettext("Nothing was applied: correct the mistakes first."),
    "reason": lazy_gettext("Nothing was applied: write in a few words why."),
}


@dataclass(frozen=True, slots=True)
class LinedMessage:
    """A message with the line of the YAML text that it is about."""

    line: int
    message: Message


@dataclass(frozen=True, slots=True)
class Findings:
    """All messages about a text: with their lines, and by the node of the form beside which each is shown."""

    lined: Sequence[LinedMessage]
    placed: Mapping[str, Sequence[Message]]
    more: int

    @property
    def mistakes(self) -> int:
        """How many mistakes there are."""
        return sum(one.message.is_mistake for one in self.lined) + self.more

    @property
    def advice(self) -> int:
        """How many pieces of advice there are."""
        return sum(not one.message.is_mistake for one in self.lined)

    def within(self, pointer: str) -> bool:
        """Whether there is a mistake at a node or below it."""
        return any(
            place == pointer or place.startswith(f"{pointer}/")
            for place, messages in self.placed.items()
            if any(one.is_mistake for one in messages)
        )


def editor_page(visit: Visit, editor: Editor, view: str) -> str:
    """The editor as HTML, with the view `form` or `yaml` in front on narrow screens and without scripts."""
    refused = _REFUSED.get(request.args.get("refused", ""))
    return render_console(
        "console/studio.html",
        visit,
        "studio",
        **_values(visit, editor),
        view=view,
        refused=refused,
        toast=_toast(editor),
    )


def live_parts(visit: Visit, editor: Editor, edited: str) -> dict[str, object]:
    """What scripts replace on the page after an edit: the other view, messages beside fields, and the parts that depend on them."""
    values = _values(visit, editor)
    findings = values["findings"]
    assert isinstance(findings, Findings)  # noqa: S101 - made below  # nosec B101
    parts: dict[str, object] = {
        "messages": {place: [_message_json(one) for one in messages] for place, messages in findings.placed.items()},
        "status": render_template("console/studio_status.html", **_fragment(visit), **values),
        "mistakes": findings.mistakes,
    }
    if edited == "yaml":
        parts["form"] = render_template("console/studio_form.html", **_fragment(visit), **values)
    else:
        parts["yaml"] = editor.draft.text
    return parts


def gallery_page(visit: Visit, drafts: Sequence[str], wrong_id: str | None = None) -> str:
    """The examples as HTML. `wrong_id` is an id that cannot be that of a new program."""
    return render_console(
        "console/studio_gallery.html",
        visit,
        "studio",
        examples=_EXAMPLES,
        drafts=drafts,
        wrong_id=wrong_id,
        may_edit=visit.may("edit_programs"),
        studio_tab="gallery",
        subject=None,
        studio_url=_gallery_url,
        toast=None,
    )


def preview_page(visit: Visit, editor: Editor, channel: Channel) -> str:
    """The previews as HTML, in the language of the switch on the page, for a channel of the program."""
    review = editor.review
    program = review.checked.program if review else None
    shown = next((one for one in LANGUAGES if one == request.args.get("shown")), language())
    return render_console(
        "console/studio_preview.html",
        visit,
        "studio",
        subject=editor.subject,
        studio_url=_url_of(editor),
        studio_tab="preview",
        has_mistakes=program is None,
        channels=[(one, channel_name(one) or one) for one in (program.channels if program else ())],
        channel=channel
        if program and channel in program.channels
        else next(iter(program.channels), "web")
        if program
        else "web",
        shown=shown,
        names=NAMES,
        toast=None,
    )


def unavailable_preview(why: str) -> str:
    """What is in place of a preview that cannot be shown: because of `mistakes`, or because the `wallet` did not answer."""
    texts = {
        "mistakes": gettext("The draft has mistakes. The preview is shown once they are corrected."),
        "wallet": gettext("The wallet can't be shown right now. Try again in a minute."),
    }
    return render_template("console/studio_no_preview.html", text=texts[why])


def studio_url(editor: Editor, path: str = "", **query: object) -> str:
    """A page of the studio about the editor's program."""
    subject = editor.subject
    about = {"program": subject.program} if subject.newest else {"new": subject.program}
    return console_url(f"{STUDIO}{path}", **{**about, **query})


def _url_of(editor: Editor) -> object:
    return lambda path="", **query: studio_url(editor, path, **query)


def _gallery_url(path: str = "", **query: object) -> str:
    return console_url(f"{STUDIO}{path}", **query)


def _values(visit: Visit, editor: Editor) -> dict[str, object]:
    subject = editor.subject
    program = subject.newest.program if subject.newest else None
    return {
        "editor": editor,
        "subject": subject,
        "name": localize(program.name) if program else subject.program,
        "findings": _findings(editor),
        "changes": change_texts(editor.changes),
        "their_changes": change_texts(editor.their_changes),
        "sections": _sections(editor.form),
        "label": field_label,
        "hint": field_hint,
        "option_name": option_name,
        "section_title": section_title,
        "section_why": section_why,
        "studio_url": _url_of(editor),
        "studio_tab": "editor",
        "may_edit": visit.may("edit_programs"),
        "invalid": editor.reading if isinstance(editor.reading, InvalidYaml) else None,
    }


def _fragment(visit: Visit) -> dict[str, object]:
    return {"visit": visit, "csrf": visit.session.csrf_token, "console_url": console_url}


def _findings(editor: Editor) -> Findings:
    if isinstance(editor.reading, InvalidYaml):
        [message] = messages_of([Mistake("", f"{gettext('This is not YAML')}: {editor.reading}")], [])
        return Findings([LinedMessage(editor.reading.line, message)], {"": [message]}, 0)
    review, form = editor.review, editor.form
    if review is None or form is None:
        return Findings([], {}, 0)
    messages = messages_of(review.mistakes, review.advice)
    lined = [LinedMessage(editor.reading.line_of(one.pointer), one) for one in messages]
    pointers = {node.pointer for node in nodes(form)}
    return Findings(lined, by_place(messages, pointers), review.omitted)


def _sections(form: FormGroup | None) -> dict[str, list[object]]:
    """The fields of the program itself, and its sections."""
    children = form.children if form else ()
    own = [one for one in children if not isinstance(one, FormGroup) or one.name == "name"]
    return {"own": list(own), "sections": [one for one in children if one not in own]}


def _message_json(message: Message) -> dict[str, object]:
    original = message.original if message.original.casefold() != message.text.casefold() else ""
    return {"text": message.text, "original": original, "is_mistake": message.is_mistake}


def _toast(editor: Editor) -> Toast | None:
    """What the last form did; a version that was applied can be taken back."""
    done, newest = request.args.get("done", ""), editor.subject.newest
    if done == "apply" and newest is not None and request.args.get("ids") == str(newest.version):
        text = gettext("Version %(version)d is applied.", version=newest.version)
        if newest.version == 1:
            return Toast(text, STUDIO)
        undo = {
            "base": str(newest.version),
            "reason": gettext("Takes back version %(version)d", version=newest.version),
        }
        return Toast(text, f"{STUDIO}/versions/{newest.version - 1}", undo)
    texts = {
        "discard": lazy_gettext("The draft is discarded."),
        "merge": lazy_gettext("Your draft now has their changes too."),
        "same": lazy_gettext("Nothing differs from the newest version, so nothing was applied."),
    }
    return Toast(str(texts[done]), STUDIO) if done in texts else None
