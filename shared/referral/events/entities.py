"""The entities of the catalog: one per record, the newest of a key is valid. In `referral.catalog`, keyed by `entity_key`."""

from datetime import datetime, timedelta
from typing import Annotated, Literal, assert_never

from msgspec import Meta, Struct

from referral.events.facts import Channel, LookAlike
from referral.events.line import Id, Name, PersonId, Text, Timestamp, type_tag
from referral.events.program import Program
from referral.events.timestamps import to_ms

Sealed = Annotated[str, Meta(min_length=1, max_length=1024)]
# A change of rules, or one that disables something, takes effect this long after it was recorded: by then every reader has it.
RULE_CHANGE_DELAY = timedelta(seconds=5)


class Entity(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", forbid_unknown_fields=True, gc=False
):
    """A catalog record. `recorded_at` is when it was written; it applies to events from then on."""

    recorded_at: Timestamp


MAX_REASON = 200  # characters


class ProgramVersion(Entity, frozen=True, kw_only=True, tag="program"):
    """One version of a program's rules; every version is stored, since old events are decided by old rules."""

    program: Program
    version: Annotated[int, Meta(ge=1)]
    effective_from: Timestamp
    by: Annotated[str, Meta(max_length=64, description="the operator or API key that applied it; empty if unknown")] = (
        ""
    )
    reason: Annotated[
        str, Meta(max_length=MAX_REASON, description="why, in the operator's own words; it must not name people")
    ] = ""


MentionPseudonym = Annotated[str, Meta(max_length=64, description="the pseudonym of their handle, mnt_…")] | None
DevicePseudonym = Annotated[str, Meta(max_length=64, description="the pseudonym of their own device, dev_…")] | None


class FormerDetails(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """The mention and device that a participant had before a time."""

    until: Timestamp
    mention: MentionPseudonym = None
    device: DevicePseudonym = None


MAX_FORMER_DETAILS = 20


class Participant(Entity, frozen=True, kw_only=True, tag="participant"):
    """A person enrolled in a program, who refers others by `code`, by the link that carries it, or by `mention`.

    Nothing here identifies them: who they are is in `people`, under the same id, and an erasure leaves this record, with
    `erased_at`. From then on their code leads nowhere and gives no credit.

    `partner` is the id of one of the program's partners; it is set at enrolment, and never changes. `recorded_at` is the time of
    enrolment, also after a change. Code and mention count for what happened from then on, or from `since` if that is earlier.
    """

    id: PersonId
    program: Id
    code: Name
    mention: MentionPseudonym = None
    device: DevicePseudonym = None
    look_alike: LookAlike = None
    partner: Id | None = None
    since: Annotated[Timestamp, Meta(description="dated back to this time at enrolment")] | None = None
    since_by: Annotated[Id, Meta(description="the API key that dated it back")] | None = None
    former: Annotated[
        tuple[FormerDetails, ...],
        Meta(max_length=MAX_FORMER_DETAILS, description="oldest first; kept since old events use them"),
    ] = ()
    erased_at: Timestamp | None = None

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


class Link(Entity, frozen=True, kw_only=True, tag="link"):
    """A further code of a participant, for one channel, content and call to action.

    `root` is who began the chain of sharers that it continues, if that was another person.
    """

    id: Id
    code: Name
    program: Id
    participant: PersonId
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
    root: PersonId | None = None


class LinkUsed(Entity, frozen=True, kw_only=True, tag="link_used"):
    """The recorded number of uses of a link with a usage limit; never less than before."""

    code: Name
    uses: Annotated[int, Meta(ge=1)]


class UseReturned(Entity, frozen=True, kw_only=True, tag="use_returned"):
    """A click that had used a link with a usage limit was not made by a person: its use is returned, while `returned` is true."""

    code: Name
    click: Id
    returned: bool = True


class CodePool(Entity, frozen=True, kw_only=True, tag="code_pool"):
    """A pool of a program that was given codes: rules may name it. The codes are in `referral.pools`."""

    program: Id
    pool: Name


FOLDERS = "folders"  # no program has this id


MAX_GUIDES = 1000
Guides = Annotated[tuple[Name, ...], Meta(max_length=MAX_GUIDES)]


class GuideChange(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """Files that were added to a folder of guides and removed from it, as of a time."""

    at: Timestamp
    added: Guides = ()
    removed: Guides = ()


class GuideListing(Entity, frozen=True, kw_only=True, tag="guide_files"):
    """The names of the files in a program's folder of guides, as reward-dispatcher last saw them.

    The listing of `FOLDERS` has the names of all folders: a program that is not among them has no file.

    A change takes effect after RULE_CHANGE_DELAY, and is kept: a reward is decided by the files of its own time, whenever it is
    folded.
    """

    program: Id
    files: Guides = ()
    since: Annotated[Timestamp, Meta(description="from when the folder counts as listed")] | None = None
    changes: Annotated[
        tuple[GuideChange, ...],
        Meta(max_length=MAX_GUIDES, description="oldest first; at most 1,000 names, the oldest changes are dropped"),
    ] = ()

    def files_at(self, at: datetime) -> tuple[str, ...] | None:
        """The names of the files at a time; None if the folder was not listed then."""
        if self.since is not None and at < self.since:
            return None
        files = {*self.files}
        for change in reversed(self.changes):
            if change.at <= at:
                break
            files = (files - {*change.added}) | {*change.removed}
        return tuple(sorted(files))


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
    """Where a program's messages are sent (an endpoint of Standard Webhooks). It gets what was recorded since `registered_at`.

    `sealed` has the pairs of secrets that messages are signed with (reward_dispatcher.webhook_secrets), the newest first. The
    older one is valid for a day after `rotated_at`. `contact` is the e-mail address, sealed, that warnings about the endpoint are
    sent to. Whether the endpoint is disabled follows from the lines of `deliveries`.
    """

    id: Id
    program: Id
    url: Text
    sealed: Annotated[tuple[Sealed, ...], Meta(min_length=1, max_length=2)]
    registered_at: Timestamp
    rotated_at: Timestamp | None = None
    contact: Sealed | None = None
    events: tuple[Name, ...] = ()
    description: Text = ""
    removed: bool = False


class AdapterSecret(Entity, frozen=True, kw_only=True, tag="adapter_secret"):
    """The secrets that a platform signs its callbacks with, sealed (referral.encryption); the newest first, none once removed."""

    program: Id
    name: Id
    sealed: Annotated[tuple[Sealed, ...], Meta(max_length=2)] = ()


Role = Literal["staff", "viewer", "support", "growth", "admin"]


class Operator(Entity, frozen=True, kw_only=True, tag="operator"):
    """A member of staff who signs in to the console. Their role (referral.console.roles) is valid for these programs, or all.

    `sealed` is who they are and what they sign in with (referral.console.credentials), None once they were removed: then only the
    id is left, which the audit log names. A session is valid as long as `epoch` is that of its beginning. `recorded_at` is
    when they were added.
    """

    id: Id
    role: Role
    programs: tuple[Id, ...] = ()
    sealed: Sealed | None = None
    epoch: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    disabled: bool = False

    @property
    def may_sign_in(self) -> bool:
        """Whether they are neither disabled nor removed."""
        return self.sealed is not None and not self.disabled


class DashboardLink(Entity, frozen=True, kw_only=True, tag="dashboard_link"):
    """A link with which anyone reads a program's growth dashboard until it expires or is revoked; `made_by` is an operator."""

    id: Id
    program: Id
    expires_at: Timestamp
    made_by: Id
    revoked: bool = False


class PseudonymKey(Entity, frozen=True, kw_only=True, tag="pseudonym_key"):
    """A fingerprint of the key that this log's pseudonyms are made with; written with the first program, and never changed.

    A process with another key would make every person a new one, so it refuses to work with people.
    """

    fingerprint: Name


CatalogEntity = (
    ProgramVersion
    | Participant
    | Link
    | LinkUsed
    | UseReturned
    | CodePool
    | GuideListing
    | ApiKey
    | Webhook
    | AdapterSecret
    | Operator
    | DashboardLink
    | PseudonymKey
)


def entity_key(entity: CatalogEntity) -> str:
    """The key under which a later record replaces this one."""
    match entity:
        case Participant(id=id):  # first: of these there are most
            return f"{type_tag(entity)}/{id}"
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
        case AdapterSecret(program=of, name=name) | CodePool(program=of, pool=name):
            return f"{type_tag(entity)}/{of}/{name}"
        case PseudonymKey():
            return type_tag(entity)
        case Webhook(id=id) | Operator(id=id) | DashboardLink(id=id):
            return f"{type_tag(entity)}/{id}"
        case _:
            assert_never(entity)
