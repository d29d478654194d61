"""Douyin: a video's words lead nowhere off the platform. A code that is said and an @mention refer."""

from link_issuer.domain.policies import text_detectors
from link_issuer.domain.policies.policy import Policy, Rule, at_most, either, free_of, without

POLICY = Policy(
    "douyin",
    frozenset({"code", "mention"}),
    (
        Rule(
            "douyin_no_links",
            "A description's links cannot be opened and count as leading away: say the code",
            either(without("link", "a link"), free_of(text_detectors.link)),
        ),
        Rule(
            "douyin_no_qr",
            "No QR codes in pictures or videos: say the code",
            either(without("qr", "a QR code"), without("scene", "a QR scene")),
        ),
        Rule(
            "douyin_no_contact_details",
            "No phone, e-mail or account of another platform: let people follow and @mention",
            free_of(text_detectors.contact),
        ),
        Rule("douyin_caption_length", "A description holds 1,000 characters: shorten the text", at_most(1000)),
    ),
    "https://www.douyin.com/rule/policy",
)
