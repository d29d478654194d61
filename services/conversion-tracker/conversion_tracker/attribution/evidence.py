"""Reads events as evidence: the touches in an event, their referrers, and why a touch does not count.

An entity counts from the time it was recorded; so a replay decides as the first run did. Only a participant's generated code
counts from the start of the second it was recorded in, since platforms often report whole seconds: it is random, so it cannot
have been used before. A mention, a tag or a chosen code may have been used before, and was unknown then. A participant whose
enrolment was dated back counts from that time, for what is appended to the log after the enrolment. Evidence that leads to a
participant who was erased is of no one, for what happened once the erasure is in effect.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeGuard, get_args

from msgspec.structs import replace

from conversion_tracker.attribution.attribution_rules import AttributionRules
from conversion_tracker.attribution.timeline import EntryKind, HistoryEntry, Touch, TouchFlaw
from referral.catalog.view import Catalog
from referral.events.attributions import EvidenceKind
from referral.events.entities import RULE_CHANGE_DELAY, Link, Participant
from referral.events.facts import (
    ClickToken,
    CodeScanned,
    Content,
    EventLine,
    Fact,
    FriendTagged,
    OrderCancelled,
    OrderPaid,
    OrderRefunded,
    OrderReinstated,
    PersonFollowed,
    PersonUnfollowed,
)
from referral.events.timestamps import to_datetime, to_ms
from referral.fold.fold import Position
from referral.tokens import InvalidTokenError, TokenSigner

ORDER_FACTS = frozenset({OrderPaid, OrderRefunded, OrderCancelled, OrderReinstated})
_ALWAYS_RELEVANT = frozenset({PersonFollowed, PersonUnfollowed, CodeScanned, FriendTagged, *ORDER_FACTS})
_FACTS = frozenset(get_args(Fact))
_ENTRY_KINDS: dict[type, EntryKind] = {PersonFollowed: "follow", PersonUnfollowed: "unfollow"}


def affects_attribution(line: EventLine) -> TypeGuard[Fact]:
    """Returns whether a line can affect attribution or qualification. Most cannot, and cost no more than this check."""
    kind = type(line)
    if kind in _ALWAYS_RELEVANT:
        return True
    return kind in _FACTS and bool(line.code or line.click or line.mention)  # type: ignore[union-attr] # facts have them


def micros_of(fact: Fact) -> int:
    """Returns the microseconds of a fact's time within its millisecond."""
    return fact.occurred_at.microsecond % 1000


@dataclass(slots=True)
class EvidenceReader:
    """Converts events to history entries. `catalog` finds the owners of codes; entities recorded after `known_by` do not count."""

    catalog: Catalog
    tokens: TokenSigner

    def history_entry(
        self, fact: Fact, at: int, known_by: datetime, rules: AttributionRules | None, position: Position
    ) -> HistoryEntry | None:
        """Returns the history entry of an event; None if it does not affect attribution.

        `at` is its time (ms); `known_by` is that time, or the time at which it was recorded if that is earlier. `rules` are those
        in force then.
        """
        touches, micros = (
            self._touches(fact, at, known_by, position.recorded_at_ms),
            micros_of(fact),
        )
        kind = _ENTRY_KINDS.get(type(fact), "touch")
        if kind == "touch" and not touches:
            return None
        if kind == "follow":
            matches = fact.data.handle_matches  # type: ignore[union-attr] # a follow's data have them
            version = rules.version if rules else 0
            given = fact.device, None, fact.network, fact.look_alike, matches
            return HistoryEntry(at, fact.id, kind, touches, version, *given, *position[1:3], micros)
        return HistoryEntry(at, fact.id, kind, touches, 0, None, None, None, None, (), *position[1:3], micros)

    def _touches(self, fact: Fact, at: int, known_by: datetime, appended_ms: int) -> tuple[Touch, ...]:
        touches: list[Touch] = []
        if isinstance(fact, CodeScanned):
            if scene := fact.data.scene or fact.code:
                touches.append(self._code_touch("scan", scene, fact, at, known_by, appended_ms))
        elif fact.code:
            touches.append(self._code_touch("code", fact.code, fact, at, known_by, appended_ms))
        if fact.click and (touch := self._click_touch(fact.click, fact, known_by)):
            touches.append(touch)
        if fact.mention:
            touches.append(self._mention_touch(fact.mention, fact, at, known_by, appended_ms))
        if isinstance(fact, FriendTagged) and (touch := self._tag_touch(fact, at, known_by, appended_ms)):
            touches.append(touch)
        return tuple(touches)

    def _code_touch(
        self, kind: EvidenceKind, code: str, fact: Fact, at: int, known_by: datetime, appended_ms: int
    ) -> Touch:
        found = self.catalog.code(code)
        exists = found and found.program == fact.program and _existed_by(found, known_by, appended_ms)
        owner = _unless_erased(self.catalog.owner(found), known_by) if found and exists else None
        if found is None or owner is None:
            return Touch(kind, at, fact.id, flaw="unknown_code", code=code, micros=micros_of(fact))
        referrer, flaw = _resolve_referrer(owner, fact.person, self._code_flaw(found, at, known_by))
        content, cta = _content_and_cta(fact)
        if isinstance(found, Participant):
            touch = Touch(
                kind,
                at,
                fact.id,
                referrer,
                flaw,
                found.code,
                fact.channel,
                content,
                cta,
                None,
                None,
                False,
                micros_of(fact),
            )
            return _with_partner(touch, owner)
        where = fact.channel, content or found.content, cta or found.cta
        touch = Touch(kind, at, fact.id, referrer, flaw, found.code, *where, micros=micros_of(fact), root=found.root)
        return _with_partner(touch, owner, found.partner, found.campaign)

    def _code_flaw(self, holder: Participant | Link, at: int, known_by: datetime) -> TouchFlaw | None:
        """Returns `expired` for a code of a link that is outside its time, disabled or exhausted."""
        if not isinstance(holder, Link):
            return None
        early = holder.starts_at is not None and at < to_ms(holder.starts_at)
        late = holder.expires_at is not None and at >= to_ms(holder.expires_at)
        closed = _is_in_effect(holder.disabled_at, known_by) or _is_in_effect(
            self.catalog.exhausted_since(holder), known_by
        )
        return "expired" if early or late or closed else None

    def _click_flaw(self, click: ClickToken, known_by: datetime) -> TouchFlaw | None:
        """Returns `expired` for a click on a link that has been disabled since, or that was exhausted before the click.

        The click that exhausted the link counts.
        """
        holder = self.catalog.code(click.code)
        if not isinstance(holder, Link):
            return None
        closed = _is_in_effect(holder.disabled_at, known_by) or _is_in_effect(
            self.catalog.exhausted_since(holder), to_datetime(click.clicked_at_ms)
        )
        return "expired" if closed else None

    def _click_touch(self, token: str, fact: Fact, known_by: datetime) -> Touch | None:
        try:
            click = self.tokens.peek_click(token)
        except InvalidTokenError:
            return None
        if click.program != fact.program:
            return None
        owner = _unless_erased(self.catalog.participant(click.participant), known_by)
        if owner is None:
            return Touch("click", click.clicked_at_ms, click.id, flaw="unknown_code", code=click.code)
        referrer, flaw = _resolve_referrer(owner, fact.person, self._click_flaw(click, known_by))
        where = click.channel, click.content, click.cta
        touch = Touch("click", click.clicked_at_ms, click.id, referrer, flaw, click.code, *where, root=click.root)
        return _with_partner(touch, owner, click.partner, click.campaign)

    def _mention_touch(self, mention: str, fact: Fact, at: int, known_by: datetime, appended_ms: int) -> Touch:
        owner = _unless_erased(self.catalog.mention(fact.program, mention, known_by), known_by)
        if owner is None or not owner.counts(known_by, appended_ms):
            return Touch("mention", at, fact.id, flaw="unknown_mention", code=mention, micros=micros_of(fact))
        referrer, flaw = _resolve_referrer(owner, fact.person)
        where = fact.channel, *_content_and_cta(fact)
        touch = Touch("mention", at, fact.id, referrer, flaw, mention, *where, micros=micros_of(fact))
        return _with_partner(touch, owner)

    def _tag_touch(self, fact: FriendTagged, at: int, known_by: datetime, appended_ms: int) -> Touch | None:
        """Being tagged by a person who is not a participant is not evidence."""
        owner = _unless_erased(self.catalog.participant(fact.data.by), known_by)
        if owner is None or owner.program != fact.program or not owner.counts(known_by, appended_ms):
            return None
        referrer, flaw = _resolve_referrer(owner, fact.person)
        touch = Touch("tag", at, fact.id, referrer, flaw, channel=fact.channel, micros=micros_of(fact))
        return _with_partner(touch, owner)


def _with_partner(touch: Touch, owner: Participant, partner: str | None = None, campaign: str | None = None) -> Touch:
    """Returns the touch with its partner (the referrer, or the one the link was created for) and the link's campaign."""
    if owner.partner is None and partner is None and campaign is None:
        return touch
    by_partner = owner.partner is not None and bool(touch.referrer)
    return replace(touch, partner=owner.partner or partner, campaign=campaign, by_partner=by_partner)


def _existed_by(owner: Participant | Link, known_by: datetime, appended_ms: int) -> bool:
    """Returns whether a code existed by a time; a participant's own code exists from the start of its second."""
    if not isinstance(owner, Participant):
        return owner.recorded_at <= known_by
    return owner.counts(known_by, appended_ms) or (
        owner.since is None and owner.recorded_at.replace(microsecond=0) <= known_by
    )


def _unless_erased(owner: Participant | None, known_by: datetime) -> Participant | None:
    """Returns the participant; None once their erasure is in effect: from then on no evidence leads to them."""
    return None if owner is None or _is_in_effect(owner.erased_at, known_by) else owner


def _is_in_effect(since: datetime | None, moment: datetime) -> bool:
    """Returns whether what was recorded at `since` has taken effect by a moment.

    It does once every fold has certainly read it, so that a replay decides the same.
    """
    return since is not None and moment >= since + RULE_CHANGE_DELAY


def _resolve_referrer(owner: Participant, person: str, flaw: TouchFlaw | None = None) -> tuple[str, TouchFlaw | None]:
    """Returns the referrer's person id, empty if the touch has a flaw, and that flaw."""
    if owner.id == person:
        return "", "self_referral"
    return ("", flaw) if flaw else (owner.id, None)


def _content_and_cta(fact: Fact) -> tuple[str | None, str | None]:
    data = getattr(fact, "data", None)
    return (data.content, data.cta) if isinstance(data, Content) else (None, None)
