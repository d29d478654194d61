"""Channel policies: the parts that kits of a channel may contain, and the rules that a kit's contents must follow."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from referral.events.facts import Channel

KitPart = Literal["link", "qr", "scene", "code", "mention"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KitContents:
    """What a kit contains: the text that is posted, and the parts that go with it."""

    text: str
    parts: frozenset[KitPart]


Check = Callable[[KitContents], str | None]
"""Returns what in a kit violates a rule (for people to read); None if nothing does."""


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """A rule: its stable name, what it requires and how to comply, and its check."""

    name: str
    requirement: str
    find_violation: Check


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy of a channel: the parts its kits contain, and its rules. `source` is where the platform publishes them."""

    channel: Channel
    parts: frozenset[KitPart]
    rules: tuple[PolicyRule, ...]
    source: str


@dataclass(frozen=True, slots=True)
class PolicyViolation:
    """A rule that a kit violates, and what in the kit violates it."""

    rule: str
    requirement: str
    found: str


def find_violations(policy: Policy, kit: KitContents) -> list[PolicyViolation]:
    """All rules that a kit violates, in the policy's order."""
    results = ((rule, rule.find_violation(kit)) for rule in policy.rules)
    return [PolicyViolation(rule.name, rule.requirement, found) for rule, found in results if found is not None]


def forbid_part(part: KitPart, description: str) -> Check:
    """A check that fails for kits with a part."""
    return lambda kit: description if part in kit.parts else None


def forbid_text(find: Callable[[str], str | None]) -> Check:
    """A check that fails for texts in which a detector finds something."""
    return lambda kit: find(kit.text)


def limit_length(characters: int) -> Check:
    """A check that fails for texts longer than a platform allows."""
    return lambda kit: f"{len(kit.text)} characters" if len(kit.text) > characters else None


def first_violation(*checks: Check) -> Check:
    """A check that fails if one of several fails, with the result of the first that does."""
    return lambda kit: next((found for check in checks if (found := check(kit)) is not None), None)
