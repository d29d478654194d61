"""The entities of the catalog: one per record, the newest of a key is valid. In `referral.catalog`, keyed by `entity_key`."""

from datetime import datetime, timedelta
from typing import Annotated, assert_never

from msgspec import Meta, Struct

from referral.events.facts import Channel
from referral.events.line import Id, Name, PersonId, Text, Timestamp, type_tag
from referral.events.program import Program
from referral.events.timestamps import to_ms
from referral.events.visible_text import has_visible_character

Sealed = Annotated[str, Meta(min_length=1, max_length=1024)]
# A change of rules, or one that disables something, takes effect this long after it was recorded: by then every reader has it.
RULE_CHANGE_DELAY = timedelta(seconds=5)

ParticipantId = Annotated[str, Meta(pattern="^par_[0-9a-z]{16}$")]


class Entity(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", forbid_unknown_fields=True, gc=False
):
    """A catalog record. `recorded_at` is when it was written; it applies to events from then on."""

    recorded_at: Timestamp


class ProgramVersion(Entity, frozen=True, kw_only=True, tag="program"):
    """One version of a program's rules; every version is stored, since old events are decided by old rules."""

    program: Program
    version: Annotated[int, Meta(ge=1)]
    effective_from: Timestamp


class FormerDetails(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """The mention and device that a participant had before a time."""

    until: Timestamp
    mention: Name | None = None
    device: Annotated[str, Meta(max_length=128)] | None = None


MAX_FORMER_DETAILS = 20


class Participant(Entity, frozen=True, kw_only=True, tag="participant"):
    """A person enrolled in a program, who refers others by `code`, by the link that carries it, or by `mention`.

    `partner` is the id of one of the program's partners; it is set at enrolment, and never changes. `recorded_at` is the time of
    enrolment, also after a change. Code and mention count for what happened from then on, or from `since` if that is earlier.
    """

    id: ParticipantId
    program: Id
    external_id: PersonId
    display_name: Text
    code: Name
    mention: Name | None = None
    device: Annotated[str, Meta(max_length=128, description="a hash of their own device")] | None = None
    partner: Id | None = None
    since: Annotated[Timestamp, Meta(description="dated back to this time at enrolment")] | None = None
    since_by: Annotated[Id, Meta(description="the API key that dated it back")] | None = None
    former: Annotated[
        tuple[FormerDetails, ...],
        Meta(max_length=MAX_FORMER_DETAILS, description="oldest first; kept since old events use them"),
    ] = ()

    def details_at(self, at: datetime) -> "Participant | FormerDetails":
        """What holds the mention and the device of a time: an event is judged by those that were in force when it happened."""
        return next((former for former in self.former if at < former.until), self)

    def counts(self, at: datetime, appended_ms: int) -> bool:
        """Whether evidence of a time, appended to the log at another (ms), may refer to this participant.

        What was appended before the enrolment was decided without it; so a participant dated back changes only what comes later,
        and every fold decides the same again.
        """
        if self.since is None:
            return self.recorded_at <= at
        return self.since <= at and to_ms(self.recorded_at) <= appended_ms

    @property
    def shown_name(self) -> str:
        """The display name; the code if a reader would see nothing of that name, which enrolment now refuses."""
        return self.display_name if has_visible_character(self.display_name) else self.code


class Link(Entity, frozen=True, kw_only=True, tag="link"):
    """A further code of a participant, for one channel, content and call to action."""

    id: Id
    code: Name
    program: Id
    participant: ParticipantId
    channel: Channel | None = None
    content: Id | None = None
    cta: Id | None = None
    starts_at: Timestamp | None = None
    expires_at: Timestamp | None = None
    disabled: bool = False
    disabled_at: Annotated[Timestamp, Meta(description="since when it leads nowhere")] | None = None
    max_uses: Annotated[int, Meta(ge=1, description="how often people may open it")] | None = None
    partner: Id | None = None
    campaign: Name | None = None


class LinkUsed(Entity, frozen=True, kw_only=True, tag="link_used"):
    """The recorded number of uses of a link with a usage limit; never less than before."""

    code: Name
    uses: Annotated[int, Meta(ge=1)]


class UseReturned(Entity, frozen=True, kw_only=True, tag="use_returned"):
    """A click that had used a link with a usage limit was not made by a person: its use is returned, while `returned` is true."""

    code: Name
    click: Id
    returned: bool = True


class PoolChunk(Entity, frozen=True, kw_only=True, tag="pool_chunk"):
    """Uploaded codes of a pool, at most 1,000, issued in this order.

    `sealed` has them sealed as one text; a chunk from before has them in clear, as `codes`.
    """

    id: Id
    program: Id
    pool: Name
    codes: Annotated[tuple[Name, ...], Meta(max_length=1000)] = ()
    sealed: Annotated[str, Meta(min_length=1, max_length=512 * 1024)] | None = None


FOLDERS = "folders"  # no program has this id


class GuideListing(Entity, frozen=True, kw_only=True, tag="guide_files"):
    """The names of the files in a program's folder of guides, as reward-dispatcher last saw them.

    The listing of `FOLDERS` has the names of all folders: a program that is not among them has no file.
    """

    program: Id
    files: Annotated[tuple[Name, ...], Meta(max_length=1000)] = ()


class ApiKey(Entity, frozen=True, kw_only=True, tag="api_key"):
    """A secret of a key of the HTTP API, by its SHA-256; `programs` empty means all.

    A rotated key has several secrets, and so several of these records with the same `id`. From `expires_at` on it is refused.
    """

    id: Id
    digest: Name
    name: Text
    scopes: tuple[Name, ...]
    programs: tuple[Id, ...] = ()
    revoked: bool = False
    expires_at: Timestamp | None = None


class Webhook(Entity, frozen=True, kw_only=True, tag="webhook"):
    """Where a program's reward events are sent, signed with a secret (Standard Webhooks, whsec_…).

    `sealed` is the secret (referral.encryption); a webhook from before has it in clear, as `secret`. It gets the events that were
    recorded since `registered_at`; since `recorded_at` if that is missing.
    """

    id: Id
    program: Id
    url: Text
    secret: Name | None = None
    sealed: Sealed | None = None
    events: tuple[Name, ...] = ()
    disabled: bool = False
    registered_at: Timestamp | None = None


class AdapterSecret(Entity, frozen=True, kw_only=True, tag="adapter_secret"):
    """The secrets that a platform signs its callbacks with, sealed (referral.encryption); the newest first, none once removed."""

    program: Id
    name: Id
    sealed: Annotated[tuple[Sealed, ...], Meta(max_length=2)] = ()


CatalogEntity = (
    ProgramVersion
    | Participant
    | Link
    | LinkUsed
    | UseReturned
    | PoolChunk
    | GuideListing
    | ApiKey
    | Webhook
    | AdapterSecret
)


def entity_key(entity: CatalogEntity) -> str:
    """The key under which a later record replaces this one."""
    match entity:
        case ProgramVersion(program=program, version=version):
            return f"program/{program.id}/{version}"
        case (
            Link(code=own)
            | LinkUsed(code=own)
            | UseReturned(click=own)
            | ApiKey(digest=own)
            | GuideListing(program=own)
        ):
            return f"{type_tag(entity)}/{own}"
        case AdapterSecret(program=of, name=name):
            return f"adapter_secret/{of}/{name}"
        case Participant(id=id) | PoolChunk(id=id) | Webhook(id=id):
            return f"{id.partition('_')[0]}/{id}"
        case _:
            assert_never(entity)
