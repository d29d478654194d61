"""What a channel's policy is made of. A kit is what somebody posts or sends; a rule says what in it may not be."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from referral.events.facts import Channel

Part = Literal["link", "qr", "scene", "code", "mention"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What a kit carries: the words that are posted, and the parts that go with them."""

    words: str
    parts: frozenset[Part]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by its stable name; `broken` gives what in a kit breaks it (for people to read), None where it is kept."""

    name: str
    says: str
    broken: Callable[[Carried], str | None]


@dataclass(frozen=True, slots=True)
class Policy:
    """A channel's policy: which parts its kits are made of, and its rules. `source` is where the platform says so."""

    channel: Channel
    parts: frozenset[Part]
    rules: tuple[Rule, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that a kit would break, and by what."""

    rule: str
    says: str
    by: str


def breaches(policy: Policy, kit: Carried) -> list[Breach]:
    """All rules that a kit would break, in the policy's order."""
    found = ((rule, rule.broken(kit)) for rule in policy.rules)
    return [Breach(rule.name, rule.says, by) for rule, by in found if by is not None]


def without(part: Part, by: str) -> Callable[[Carried], str | None]:
    """Broken by a kit that carries a part."""
    return lambda kit: by if part in kit.parts else None


def free_of(found_in: Callable[[str], str | None]) -> Callable[[Carried], str | None]:
    """Broken by words in which something is found."""
    return lambda kit: found_in(kit.words)


def at_most(length: int) -> Callable[[Carried], str | None]:
    """Broken by more characters than a platform takes."""
    return lambda kit: f"{len(kit.words)} characters" if len(kit.words) > length else None


def either(*tests: Callable[[Carried], str | None]) -> Callable[[Carried], str | None]:
    """Broken where one of these is; by what the first one names."""
    return lambda kit: next((by for test in tests if (by := test(kit)) is not None), None)
