"""What identifies people, in `people`, the only topic that does; compacted, so that a tombstone erases it.

Keyed by kind and id (`people_key`), on the partition of the person (`person_of`). The log has person ids alone.
"""

from typing import Annotated, Literal, assert_never

from msgspec import Meta, Struct

from referral.events.line import ExternalId, Id, Name, PersonId, Text, Timestamp, type_tag

TextKind = Literal["note", "post", "appeal"]
ConsentPurpose = Literal["messages"]
TextId = Annotated[str, Meta(pattern="^txt_[0-9a-z]{16}$|^pst_[0-9a-z]{16}$")]
Contact = Annotated[str, Meta(min_length=1, max_length=256)]
Language = Annotated[str, Meta(min_length=2, max_length=35)]


class PeopleRecord(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", forbid_unknown_fields=True, gc=False
):
    """A record of the topic; `recorded_at` is when it was written."""

    id: PersonId
    program: Id
    recorded_at: Timestamp


class Person(PeopleRecord, frozen=True, kw_only=True, tag="person"):
    """Who a person is, as events report it: written with their first event, and again if their handle changes.

    It is a record of its own, so that two processes that write at the same time never lose a change of the profile.
    """

    external_id: ExternalId
    handle: Name | None = None


class Profile(PeopleRecord, frozen=True, kw_only=True, tag="profile"):
    """What a participant has given about themselves, at enrolment or by a later change.

    `public` false: public pages show them as "a promoter". `consents` are the purposes that they agreed to.
    """

    external_id: ExternalId
    display_name: Text
    mention: Name | None = None
    contact: Contact | None = None
    language: Language | None = None
    consents: Annotated[tuple[ConsentPurpose, ...], Meta(max_length=8)] = ()
    public: bool = True


class PersonErased(PeopleRecord, frozen=True, kw_only=True, tag="person_erased"):
    """The person with this first id (of epoch 0) was erased, `epoch` times so far; `erased` is the id that this erasure ended."""

    epoch: Annotated[int, Meta(ge=1, le=1_000_000)]
    erased: PersonId


class PersonText(PeopleRecord, frozen=True, kw_only=True, tag="person_text"):
    """A free text about a person, such as a note or a post's URL; lines of the log have its `text_id`."""

    text_id: TextId
    kind: TextKind
    text: Annotated[str, Meta(max_length=2048)]


class WalletAccess(PeopleRecord, frozen=True, kw_only=True, tag="wallet_access"):
    """From when on links to a person's wallet are valid: earlier ones, and what they opened, were revoked.

    It is a record of its own, since people without a profile have rewards too.
    """

    links_from: Timestamp
    claims: Annotated[
        tuple[Id, ...], Meta(max_length=5, description="the claims of the join page that were proven since")
    ] = ()


PeopleEntity = Person | Profile | PersonErased | PersonText | WalletAccess


def people_key(entity: PeopleEntity) -> str:
    """The key under which a later record, or a tombstone, replaces this one."""
    match entity:
        case Person(id=id) | Profile(id=id) | PersonErased(id=id) | WalletAccess(id=id):
            return f"{type_tag(entity)}/{id}"
        case PersonText(id=id, text_id=text_id):
            return f"person_text/{id}/{text_id}"
        case _:
            assert_never(entity)


def person_of(key: str) -> str:
    """The person id in a key of the topic; it decides the partition, so that a person's records are in order."""
    return key.split("/", 2)[1]
