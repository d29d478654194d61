"""The open web: links, QR codes and codes. A URL of its own in the text would bring people who are not attributed."""

from link_issuer.domain.policies import text_detectors
from link_issuer.domain.policies.policy import Policy, PolicyRule, forbid_text

POLICY = Policy(
    "web",
    frozenset({"link", "qr", "code", "mention"}),
    (
        PolicyRule(
            "web_no_untracked_link",
            "The text must not contain a URL of its own, which is not tracked: remove it, the kit adds the participant's link",
            forbid_text(text_detectors.find_link),
        ),
    ),
    "docs/channel-policies.md",
)
