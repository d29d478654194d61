"""Xiaohongshu hides or punishes posts that lead elsewhere: its kit holds a spoken code and a mention, nothing more."""

from collections.abc import Iterator

from link_issuer.domain.advice import text_patterns
from link_issuer.domain.advice.advice_rule import Remark, Rule
from referral.events.program import Program


def _find(program: Program) -> Iterator[Remark]:
    for language, text in program.kits.get("xiaohongshu", {}).items():
        found = text_patterns.OFF_SITE.search(text)
        if found:
            place = f"/kits/xiaohongshu/{language}"
            yield place, f"{found[0]!r} leads off Xiaohongshu, which takes such posts down: use {{code}} or {{mention}}"


LINK_ON_XIAOHONGSHU = Rule(
    name="link_on_xiaohongshu",
    mistake="A link, QR code or contact of another app in the kit for Xiaohongshu, which takes such posts down.",
    fix="Let people say {code} or {mention} there; keep {link} for the other channels.",
    find=_find,
)
