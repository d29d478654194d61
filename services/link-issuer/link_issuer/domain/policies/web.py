"""The open web: links, QR codes and codes. An address in the words would bring people whom no one is thanked for."""

from link_issuer.domain.policies import text_detectors
from link_issuer.domain.policies.policy import Policy, Rule, free_of

POLICY = Policy(
    "web",
    frozenset({"link", "qr", "code", "mention"}),
    (
        Rule(
            "web_no_untracked_link",
            "The words name an address of their own, which counts for nobody: leave it out, the kit brings the link",
            free_of(text_detectors.link),
        ),
    ),
    "docs/channel-policies.md",
)
