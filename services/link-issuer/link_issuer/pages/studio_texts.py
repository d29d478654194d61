"""Texts of the studio about fields, mistakes, advice and differences, in the language of the request.

The texts of fields are those of the structs that declare the program file; their translations are in the catalogues.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from link_issuer.domain.advice.advice_rule import Advice
from link_issuer.domain.advice.catalogue import RULES
from link_issuer.domain.program_changes import ProgramChange
from link_issuer.programs.form_fields import FormNode
from link_issuer.programs.version_text import plain_content
from link_issuer.programs.yaml_writer import one_line
from referral.pages.channel_names import channel_name
from referral.pages.languages import gettext, language
from referral.validation.mistakes import Mistake
from referral.validation.struct_schema import Declaration, in_flow_style

_FIXES: Mapping[str, str] = {rule.name: rule.fix for rule in RULES}
_MAX_VALUE = 300  # characters of a value in a list of differences


@dataclass(frozen=True, slots=True)
class Message:
    """A mistake or a piece of advice: in the reader's language, and as the check words it if that is another one."""

    pointer: str
    text: str
    original: str
    is_mistake: bool


def field_label(node: FormNode) -> str:
    """What a field is, as a label: its description; of an entry of a mapping its key."""
    described = str(node.declared.meta.get("description", ""))
    if not described or ("check" in node.declared.meta and node.name not in described and node.name in ("zh-CN", "en")):
        return node.name
    text = gettext(described)
    return text if text.startswith("prg_") else text[:1].upper() + text[1:]


def field_hint(declared: Declaration) -> str:
    """Bounds, an example, and what happens if the field is empty; may be empty."""
    meta, parts = declared.meta, []
    least, most = meta.get("ge"), meta.get("le")
    if least is not None and most is not None:
        parts.append(gettext("%(least)s to %(most)s", least=least, most=most))
    if meta.get("examples"):
        parts.append(gettext("such as %(example)s", example=in_flow_style(meta["examples"][0])))
    if meta.get("left_out"):
        parts.append(gettext("empty: %(what)s", what=gettext(str(meta["left_out"]))))
    return " · ".join(parts)


def option_name(option: str) -> str:
    """The name of a channel; any other option as the program file has it."""
    return channel_name(option) or (gettext("Website") if option == "web" else option)


def section_why(declared: Declaration) -> str:
    """Why a growth team wants a section; empty for one without such a text."""
    why = str(declared.meta.get("why", ""))
    return gettext(why) if why else ""


def section_title(node: FormNode) -> str:
    """The heading of a section."""
    title = str(node.declared.meta.get("title", ""))
    return gettext(title) if title else field_label(node)


def messages_of(mistakes: Iterable[Mistake], advice: Iterable[Advice]) -> list[Message]:
    """All messages: mistakes, then advice."""
    wrong = [Message(one.pointer, _mistake(one.detail), one.detail, is_mistake=True) for one in mistakes]
    better = [Message(one.pointer, _advice(one), one.detail, is_mistake=False) for one in advice]
    return wrong + better


def by_place(messages: Iterable[Message], pointers: Collection[str]) -> dict[str, list[Message]]:
    """The messages by the node beside which each is shown: its own, or the nearest around it that there is."""
    placed: dict[str, list[Message]] = {}
    for message in messages:
        pointer = message.pointer
        while pointer and pointer not in pointers:
            pointer = pointer.rpartition("/")[0]
        placed.setdefault(pointer, []).append(message)
    return placed


@dataclass(frozen=True, slots=True)
class ChangeText:
    """A difference: the section and the path in it, what happened, and the values; empty for one that was not there."""

    place: str
    kind: str
    before: str
    after: str


def change_texts(changes: Sequence[ProgramChange]) -> list[ChangeText]:
    """Differences between two versions, in words."""
    kinds = {"added": gettext("added"), "removed": gettext("removed"), "changed": gettext("changed")}
    return [
        ChangeText(" › ".join((one.section, *one.name)), kinds[one.kind], _value(one.before), _value(one.after))
        for one in changes
    ]


def _value(value: object) -> str:
    if value is None or value in ((), {}):
        return ""
    text = one_line(plain_content(msgspec.to_builtins(value, builtin_types=(Decimal,))))
    return text if len(text) <= _MAX_VALUE else text[: _MAX_VALUE - 1] + "…"


def _mistake(detail: str) -> str:
    if language() == "en":
        return detail[:1].upper() + detail[1:]
    if detail.startswith("is required"):
        return gettext("Required.")
    if detail.startswith(("must not be null", "is an unknown field")):
        return gettext("Not a field of the program file.") if "unknown" in detail else gettext("Required.")
    return gettext("Not valid: see the note.")


def _advice(advice: Advice) -> str:
    if language() == "en" or advice.code not in _FIXES:
        return advice.detail[:1].upper() + advice.detail[1:]
    return gettext(_FIXES[advice.code])
