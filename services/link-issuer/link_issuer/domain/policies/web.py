"""The open web: links, QR codes and codes. An address in the words would bring people whom no one is thanked for."""

from link_issuer.domain.policies import wording
from link_issuer.domain.policies.rule import Policy, Rule, free_of

POLICY = Policy(
    "web",
    frozenset({"link", "qr", "code", "mention"}),
    (
        Rule(
            "web_no_untracked_link",
            "The words name an address of their own, which counts for nobody: leave it out, the kit brings the link",
            free_of(wording.link),
        ),
    ),
    "docs/channel-policies.md",
)
