"""Douyin: links in a video's description cannot be opened. Friends are referred by a spoken code and an @mention."""

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
    "douyin",
    frozenset({"code", "mention"}),
    (
        PolicyRule(
            "douyin_no_links",
            "Descriptions must not contain links, which cannot be opened and count as promotion of other sites: use the code",
            first_violation(forbid_part("link", "a link"), forbid_text(text_detectors.find_link)),
        ),
        PolicyRule(
            "douyin_no_qr",
            "Pictures and videos must not contain QR codes: use the code",
            first_violation(forbid_part("qr", "a QR code"), forbid_part("scene", "a QR scene")),
        ),
        PolicyRule(
            "douyin_no_contact_details",
            "Texts must not contain phone numbers, e-mail addresses or accounts of other platforms: use a follow or an @mention",
            forbid_text(text_detectors.find_contact),
        ),
        PolicyRule(
            "douyin_caption_length",
            "Descriptions must have at most 1,000 characters: shorten the text",
            limit_length(1000),
        ),
    ),
    "https://www.douyin.com/rule/policy",
)
