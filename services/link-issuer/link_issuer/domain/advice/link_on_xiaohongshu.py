"""Finds links and contact details in the kit for Xiaohongshu, which hides or removes posts that lead off the platform."""

from collections.abc import Iterator

from link_issuer.domain.advice import text_patterns
from link_issuer.domain.advice.advice_rule import AdviceRule, Remark
from referral.events.program import Program


def _find(program: Program) -> Iterator[Remark]:
    for language, text in program.kits.get("xiaohongshu", {}).items():
        found = text_patterns.OFF_PLATFORM.search(text)
        if found:
            pointer = f"/kits/xiaohongshu/{language}"
            yield pointer, f"{found[0]!r} leads off Xiaohongshu, which removes such posts: use {{code}} or {{mention}}"


LINK_ON_XIAOHONGSHU = AdviceRule(
    name="link_on_xiaohongshu",
    pitfall="A link, QR code or contact of another app in the kit for Xiaohongshu, which removes such posts.",
    fix="Use {code} or {mention} there, and {link} on the other channels.",
    find=_find,
)
