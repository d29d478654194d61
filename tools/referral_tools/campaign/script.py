"""The script of a campaign: what happens in each step. Values that only the running system knows are placeholders."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from referral.events.facts import Channel, CodeScanned, Fact, Scan
from referral_tools.campaign.scenes import Scene
from referral_tools.oracle import Click, Comment, Enrolled


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A person becomes a participant."""

    person: str
    name: str


@dataclass(frozen=True, slots=True)
class LinkContent:
    """What a link is made for. `came_by` is the click by which its owner came to the same item: the link continues that chain."""

    channel: Channel
    content: str | None = None
    cta: str | None = None
    came_by: int | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """A person opens a link of `referrer` (a person's id). `number` identifies the click for events that use its token."""

    number: int
    referrer: str
    link: LinkContent


@dataclass(frozen=True, slots=True)
class Evidence:
    """Placeholders in an event: the owner of the code, mention or scanned QR code, and the click whose token is used."""

    code_of: str | None = None
    mention_of: str | None = None
    scan_of: str | None = None
    click: int | None = None


NO_EVIDENCE = Evidence()


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """Something a person did, as a platform reports it."""

    fact: Fact
    evidence: Evidence = NO_EVIDENCE


@dataclass(frozen=True, slots=True)
class PlannedComment:
    """What a person wrote under a post; `evidence` has the owner of the code or mention in it, if there is one."""

    id: str
    person: str
    at: datetime
    evidence: Evidence = NO_EVIDENCE


@dataclass(frozen=True, slots=True)
class Purchase:
    """A friend uses their welcome code for `order`: `at_once` requests with one key, then possibly `another` order."""

    person: str
    order: str
    at_once: int
    another: str | None


@dataclass(slots=True)
class ScriptStep:
    """Everything up to the time `at`, in this order: the clock is set, people enrol and click, facts arrive, comments are pasted,
    friends buy, and the scenes are played."""

    at: datetime
    enrolments: list[Enrolment] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    deeds: list[PlannedEvent] = field(default_factory=list)
    malformed: list[bytes] = field(default_factory=list)
    paste: list[PlannedComment] = field(default_factory=list)
    purchases: list[Purchase] = field(default_factory=list)
    scenes: list[Scene] = field(default_factory=list)


@dataclass(slots=True)
class LiveValues:
    """Values known from the running system: participants by person, click tokens by number.

    `roots` are the person ids of those who began the chains that clicks belong to, by number of the click.
    """

    enrolled: dict[str, Enrolled] = field(default_factory=dict)
    tokens: dict[int, str] = field(default_factory=dict)
    roots: dict[int, str] = field(default_factory=dict)

    def add_click(self, visit: Visit, token: str, at: datetime) -> Click:
        """Records the token of a click; returns what is known of the click."""
        owner, link = self.enrolled[visit.referrer], visit.link
        root = self.roots.get(link.came_by, owner.id) if link.came_by is not None else owner.id
        self.tokens[visit.number], self.roots[visit.number] = token, root
        return Click(
            owner.code,
            at,
            channel=link.channel,
            content=link.content,
            cta=link.cta,
            root=root if root != owner.id else None,
        )

    def fill(self, deed: PlannedEvent) -> Fact:
        """Returns the fact with its placeholders filled in. Raises KeyError if the script uses a value that does not exist yet."""
        blanks = deed.evidence
        fact = deed.fact
        if blanks is NO_EVIDENCE:
            return fact
        if blanks.scan_of and isinstance(fact, CodeScanned):
            return replace(fact, data=Scan(scene=self.enrolled[blanks.scan_of].code))
        return replace(fact, **self._referral_code(blanks, fact))

    def fill_comment(self, planned: PlannedComment) -> Comment:
        """Returns the comment with the code or mention in it. Raises KeyError for one of who is not enrolled yet."""
        code_of, mention_of = planned.evidence.code_of, planned.evidence.mention_of
        code = self.enrolled[code_of].code if code_of else None
        mention = self.enrolled[mention_of].mention if mention_of else None
        return Comment(planned.id, planned.person, planned.at, code, mention)

    def _referral_code(self, blanks: Evidence, fact: Fact) -> Mapping[str, str | None]:
        return {
            "code": self.enrolled[blanks.code_of].code if blanks.code_of else fact.code,
            "mention": self.enrolled[blanks.mention_of].mention if blanks.mention_of else fact.mention,
            "click": self.tokens[blanks.click] if blanks.click is not None else fact.click,
        }
