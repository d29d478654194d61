"""Decides what each pasted line becomes. Pure: the same lines over the same knowledge give the same rows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Literal

from msgspec.structs import replace

from conversion_tracker.desk.desk_facts import event_id, is_recorded
from conversion_tracker.desk.desk_knowledge import DeskKnowledge, Owner
from conversion_tracker.desk.desk_row import MAX_NAME, DeskReason, DeskRow, DeskStatus, names_evidence
from conversion_tracker.desk.pasted_text import PastedLine
from conversion_tracker.desk.recognition import Recognised, recognise, written_proof
from conversion_tracker.desk.written_times import read_time
from referral.events.facts import Channel
from referral.events.normal_forms import normalize_mention
from referral.events.platform_ids import platform_id

Source = Literal["comments", "messages", "followers"]
Happened = Literal["written", "now"]


@dataclass(frozen=True, slots=True)
class DeskTerms:
    """Where the text comes from, when things happened, the program's zone, and since when its events count."""

    channel: Channel
    source: Source
    happened: Happened
    zone: tzinfo
    now: datetime
    counts_from: datetime
    lateness: timedelta

    def occurred_at(self, written: str) -> datetime:
        """When an event happened: as written beside it, or now."""
        found = read_time(written, self.now, self.zone) if written and self.happened == "written" else None
        return found or self.now


@dataclass(slots=True)
class _Paste:
    """The rows so far: the first line of each event, and of each person's follow with its evidence."""

    events: dict[str, int] = field(default_factory=dict)
    follows: dict[str, tuple[int, str]] = field(default_factory=dict)


def decide_lines(lines: Iterable[PastedLine], terms: DeskTerms, known: DeskKnowledge) -> list[DeskRow]:
    """The rows of a preview, in the order of the lines; a line may become several events."""
    paste, rows = _Paste(), list[DeskRow]()
    for line in lines:
        for row in _rows_of(line, terms, known):
            rows.append(_unless_repeated(row, paste, known) if row.status in ("new", "decide") else row)
    return rows


def decide_again(rows: Iterable[DeskRow], terms: DeskTerms, known: DeskKnowledge) -> list[DeskRow]:
    """The rows that someone has decided to be `new`, checked again: what was chosen must exist, and may be here by now.

    A row that still is to be decided, or that was nothing, stays as it is, and so does a follow whose choice was not made.
    """
    paste, decided = _Paste(), list[DeskRow]()
    for row in rows:
        if row.status != "new" or (row.choices and not names_evidence(row)):
            decided.append(replace(row, status="decide") if row.status == "new" else row)
            continue
        decided_row = _decide_proof(row, known) if row.kind == "proof" else _decide_row(row, terms, known)
        decided.append(_unless_repeated(decided_row, paste, known) if decided_row.status == "new" else decided_row)
    return decided


def _rows_of(line: PastedLine, terms: DeskTerms, known: DeskKnowledge) -> Iterator[DeskRow]:
    found = recognise(
        line.text, lambda code: known.code_owner(code) is not None, lambda one: known.mention_owner(one) is not None
    )
    author = _author(line.name, terms.channel, known)
    base = DeskRow(
        line=line.number,
        kind="none",
        status="nothing",
        name=line.name[:MAX_NAME],
        person=author,
        occurred_at=terms.occurred_at(line.time),
    )
    if (proof := written_proof(line.text)) is not None:
        yield _decide_proof(replace(base, kind="proof", proof=proof), known)
        return
    rows = [*_posts(base, found, terms, known), *_tags(base, found, terms, known)]
    if (follow := _follow(base, found, terms, known)) is not None:
        rows.insert(0, follow)
    yield from rows or [_nothing(base, found)]


def _decide_proof(row: DeskRow, known: DeskKnowledge) -> DeskRow:
    """Whether the row proves that a handle belongs to who joined with it: never by itself, since names are not unique."""
    person = known.person_id(row.person)
    claim = known.claim_in(person, row.proof) if row.person else None
    if claim is None or known.promoter(person) is None:
        return _with_status(row, "nothing", "wrong_proof")
    if known.is_proven(person, claim):
        return _with_status(row, "here", "recorded")
    return row if row.status == "new" else _with_status(row, "decide", "proof")


def _nothing(base: DeskRow, found: Recognised) -> DeskRow:
    reason: DeskReason = "hashtag_alone" if found.hashtags else "unknown_mention" if found.tags else "no_evidence"
    return replace(base, reason=reason)


def _author(name: str, channel: Channel, known: DeskKnowledge) -> str:
    """The platform's id of who has this name: of a promoter the one that they are enrolled with."""
    mention = normalize_mention(name)
    owner = known.mention_owner(mention) if mention != "@" else None
    return owner.external_id if owner and owner.external_id else platform_id(channel, name)


def _follow(base: DeskRow, found: Recognised, terms: DeskTerms, known: DeskKnowledge) -> DeskRow | None:
    """The follow with its evidence; None for a comment without any."""
    row = replace(base, kind="follow", status="new")
    owners = {code: known.code_owner(code) for code in found.codes} | {
        one: known.mention_owner(one) for one in found.mentions
    }
    people = {owner.id for owner in owners.values() if owner}
    if len(people) > 1:
        return replace(row, status="decide", reason="several_referrers", choices=tuple(owners)[:10])
    if people:
        row = replace(row, code=next(iter(found.codes), ""), mention=next(iter(found.mentions), ""))
    elif found.uncertain:
        return _open(row, "uncertain_code", found.uncertain)
    elif found.similar:
        return replace(
            _open(row, "similar_code", [code for _, code in found.similar]), written=found.similar[0][0][:64]
        )
    elif terms.source != "followers":
        return None
    return _decide_row(row, terms, known)


def _open(row: DeskRow, reason: DeskReason, choices: Sequence[str]) -> DeskRow:
    return replace(row, status="decide", reason=reason, choices=tuple(choices)[:10])


def _tags(base: DeskRow, found: Recognised, terms: DeskTerms, known: DeskKnowledge) -> Iterator[DeskRow]:
    """People whom a promoter tags in a comment."""
    is_promoter = bool(base.person) and known.promoter(known.person_id(base.person)) is not None
    for handle in found.tags if is_promoter else ():
        person = platform_id(terms.channel, handle)
        yield _decide_row(
            replace(base, kind="tag", status="new", name=handle[1 : MAX_NAME + 1], person=person, by=base.person),
            terms,
            known,
        )


def _posts(base: DeskRow, found: Recognised, terms: DeskTerms, known: DeskKnowledge) -> Iterator[DeskRow]:
    for post in found.posts:
        yield _decide_row(replace(base, kind="post", status="new", post=post, hashtags=found.hashtags), terms, known)


def _decide_row(row: DeskRow, terms: DeskTerms, known: DeskKnowledge) -> DeskRow:
    """The row as new, or why it is not; with the name of the promoter."""
    owner = _owner(row, known)
    row = replace(row, status="new", reason=None, choices=(), known_at=None, known_line=0, event="")
    row = replace(row, referrer=owner.name if owner else "")
    if not row.person:
        return _with_status(row, "decide", "no_name")
    if (row.code or row.mention or row.by) and owner is None:
        return _with_status(row, "decide", "unknown_code")
    if owner and row.kind == "follow" and owner.id == known.person_id(row.person):
        return _with_status(row, "nothing", "own_code")
    at = row.occurred_at or terms.now
    early = _too_early(row, at, owner, terms)
    return early if early is not None else _unless_here(row, at, known)


def _too_early(row: DeskRow, at: datetime, owner: Owner | None, terms: DeskTerms) -> DeskRow | None:
    """The row as nothing if events of its time change nothing, or the code was of no one then."""
    if at < terms.counts_from:
        return replace(_with_status(row, "nothing", "before_program"), known_at=terms.counts_from)
    if at < terms.now - terms.lateness:
        return _with_status(row, "nothing", "too_long_ago")
    if owner and at < owner.counts_from:
        return replace(_with_status(row, "nothing", "before_enrolment"), known_at=owner.counts_from)
    return None


def _unless_here(row: DeskRow, at: datetime, known: DeskKnowledge) -> DeskRow:
    person = known.person_id(row.person)
    if row.kind == "post":
        return _with_status(row, "here", "recorded") if known.has_post(person, row.post) else row
    state = known.state(person)
    if is_recorded(row, state, known):
        here = replace(row, event=event_id(row, known), known_at=state.follows_since)
        return _with_status(here, "here", "recorded")
    if state.follows_since is not None and state.follows_since <= at:
        return replace(_with_status(row, "here", "follows_already"), known_at=state.follows_since)
    return row


def _unless_repeated(row: DeskRow, paste: _Paste, known: DeskKnowledge) -> DeskRow:
    """The row, unless an earlier one of the paste is the same event, or a follow of the same person."""
    if row.status != "new":
        return row
    event = event_id(row, known)
    if first := paste.events.get(event):
        return replace(_with_status(row, "here", "same_line"), known_line=first)
    paste.events[event] = row.line
    if row.kind != "follow":
        return row
    evidence = row.code or row.mention
    line, other = paste.follows.setdefault(row.person, (row.line, evidence))
    if line == row.line and other == evidence:
        return row
    if not evidence:
        return replace(_with_status(row, "here", "same_line"), known_line=line)
    return replace(row, status="decide", reason="other_line", known_line=line, choices=(evidence,))


def _owner(row: DeskRow, known: DeskKnowledge) -> Owner | None:
    if row.code:
        return known.code_owner(row.code)
    if row.mention:
        return known.mention_owner(row.mention)
    return known.promoter(known.person_id(row.by)) if row.by else None


def _with_status(row: DeskRow, status: DeskStatus, reason: DeskReason) -> DeskRow:
    return replace(row, status=status, reason=reason)
