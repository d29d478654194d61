"""Xiaohongshu: nothing that leads off the platform. A code that is said and an @mention are what refers here."""

from link_issuer.domain.policies import text_detectors
from link_issuer.domain.policies.policy import Policy, Rule, at_most, either, free_of, without

POLICY = Policy(
    "xiaohongshu",
    frozenset({"code", "mention"}),
    (
        Rule(
            "xiaohongshu_no_links",
            "Notes and comments carry no links: leave the address out, the code is enough",
            either(without("link", "a link"), free_of(text_detectors.link)),
        ),
        Rule(
            "xiaohongshu_no_qr",
            "Pictures carry no QR codes: say the code instead",
            either(without("qr", "a QR code"), without("scene", "a QR scene")),
        ),
        Rule(
            "xiaohongshu_no_contact_details",
            "No phone, e-mail or account of another platform: let people follow and @mention",
            free_of(text_detectors.contact),
        ),
        Rule("xiaohongshu_caption_length", "A note holds 1,000 characters: shorten the text", at_most(1000)),
    ),
    "https://www.xiaohongshu.com/protocols/community-norms",
)
