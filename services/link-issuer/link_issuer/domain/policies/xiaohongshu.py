"""Xiaohongshu: nothing that leads off the platform. Friends are referred by a spoken code and an @mention."""

from link_issuer.domain.policies import text_detectors
from link_issuer.domain.policies.policy import (
    Policy,
    PolicyRule,
    first_violation,
    forbid_part,
    forbid_text,
    limit_length,
)

POLICY = Policy(
    "xiaohongshu",
    frozenset({"code", "mention"}),
    (
        PolicyRule(
            "xiaohongshu_no_links",
            "Notes and comments must not contain links: remove the URL, the code is enough",
            first_violation(forbid_part("link", "a link"), forbid_text(text_detectors.find_link)),
        ),
        PolicyRule(
            "xiaohongshu_no_qr",
            "Pictures must not contain QR codes: use the code",
            first_violation(forbid_part("qr", "a QR code"), forbid_part("scene", "a QR scene")),
        ),
        PolicyRule(
            "xiaohongshu_no_contact_details",
            "Texts must not contain phone numbers, e-mail addresses or accounts of other platforms: use a follow or an @mention",
            forbid_text(text_detectors.find_contact),
        ),
        PolicyRule(
            "xiaohongshu_caption_length",
            "Notes must have at most 1,000 characters: shorten the text",
            limit_length(1000),
        ),
    ),
    "https://www.xiaohongshu.com/protocols/community-norms",
)
