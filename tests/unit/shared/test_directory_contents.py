"""The directory answers as the catalog and the people in memory do: after any records, commits, restarts and compaction."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from referral.catalog.view import Catalog
from referral.directory.directory_writer import FeedRecord
from referral.events.entities import (
    ApiKey,
    CatalogEntity,
    FormerDetails,
    Link,
    LinkUsed,
    Participant,
    UseReturned,
    Webhook,
)
from referral.events.people import PeopleEntity, Person, PersonErased, PersonText, Profile, people_key
from referral.people.people_index import MemoryPeople
from referral.people.people_view import People
from tests.support.directories import open_directory, record_of

AT = datetime(2026, 11, 1, tzinfo=UTC)
IDS = [f"psn_{letter * 16}" for letter in "abcd"]
CODES = {id: "SAME" if id in IDS[:2] else id[-3:].upper() for id in IDS}
LINKS = {"one": IDS[0], "two": IDS[0], "same": IDS[2], "längst" * 21: IDS[1]}
MENTIONS = ["mnt_m", "mnt_n"]
CLICKS = ["clk_1", "clk_2"]
TEXT_IDS = [f"txt_{letter * 16}" for letter in "xy"]

Answers = Sequence[object]


def _participant(id: str, mention: str | None, former: str | None, device: str | None) -> Participant:
    past = (FormerDetails(until=AT, mention=former),) if former else ()
    program = "prg_y" if id == IDS[3] else "prg_x"
    at = AT + timedelta(hours=IDS.index(id))
    return Participant(
        id=id, program=program, code=CODES[id], mention=mention, device=device, former=past, recorded_at=at
    )


def _link(code: str, disabled: bool) -> Link:
    at = AT + timedelta(hours=list(LINKS).index(code))
    return Link(id="lnk", code=code, program="prg_x", participant=LINKS[code], disabled=disabled, recorded_at=at)


def _key(digest: str, revoked: bool) -> ApiKey:
    return ApiKey(id="key_a", digest=digest, name="a", scopes=("admin",), revoked=revoked, recorded_at=AT)


def _webhook(id: str, removed: bool) -> Webhook:
    return Webhook(
        id=id,
        program="prg_x",
        url="https://example.com",
        sealed=("sealed",),
        registered_at=AT,
        removed=removed,
        recorded_at=AT,
    )


def _erased(id: str, epoch: int) -> PersonErased:
    """The first erasure ends the first id, a later one an id that this person alone had."""
    ended = id if epoch == 1 else f"{id[:-1]}{epoch}"
    return PersonErased(id=id, program="prg_x", recorded_at=AT, epoch=epoch, erased=ended)


mentions = st.sampled_from([None, *MENTIONS])
ids, codes = st.sampled_from(IDS), st.sampled_from(list(LINKS))
catalog_entities = st.one_of(
    st.builds(_participant, ids, mentions, mentions, st.sampled_from([None, "dev_1"])),
    st.builds(_link, codes, st.booleans()),
    st.builds(LinkUsed, code=codes, uses=st.integers(1, 3), recorded_at=st.just(AT)),
    st.builds(
        UseReturned, code=st.just("one"), click=st.sampled_from(CLICKS), returned=st.booleans(), recorded_at=st.just(AT)
    ),
    st.builds(_key, st.sampled_from(["d1", "d2"]), st.booleans()),
    st.builds(_webhook, st.sampled_from(["whk_1", "whk_2"]), st.booleans()),
)
program = st.just("prg_x")
people_entities = st.one_of(
    st.builds(
        Person,
        id=ids,
        program=program,
        recorded_at=st.just(AT),
        external_id=st.sampled_from(["xhs:1", "xhs:2"]),
        handle=st.sampled_from([None, "amy c", "Ａmy", "小鹿"]),
    ),
    st.builds(
        Profile,
        id=ids,
        program=program,
        recorded_at=st.just(AT),
        external_id=st.just("xhs:1"),
        display_name=st.sampled_from(["Amy", "Mei", "\x00"]),
        mention=st.sampled_from([None, "@amy", "@mei"]),
    ),
    st.builds(
        PersonText,
        id=ids,
        program=program,
        recorded_at=st.just(AT),
        text_id=st.sampled_from(TEXT_IDS),
        kind=st.just("note"),
        text=st.sampled_from(["good", "late"]),
    ),
    st.builds(_erased, ids, st.integers(1, 3)),
)
tombstones = people_entities.map(lambda entity: FeedRecord("people", people_key(entity), None))
records = st.one_of(catalog_entities.map(record_of), people_entities.map(record_of), tombstones)
histories = st.lists(st.tuples(records, st.sampled_from(["next", "commit", "restart"])), max_size=25)


def _catalog_answers(catalog: Catalog) -> Answers:
    """All that a catalog can be read for."""
    holders = [catalog.mention("prg_x", mention, at) for mention in MENTIONS for at in (None, AT, AT - timedelta(1))]
    owners = [catalog.code(code) for code in ("SAME", "same", *CODES.values(), *LINKS)]
    pages = [catalog.participants(program, after, 2) for program in ("prg_x", "prg_y") for after in ("", IDS[1])]
    uses = [(catalog.uses(code), catalog.returned_uses(code)) for code in LINKS]
    returned = [catalog.use_was_returned("one", click) for click in CLICKS]
    memory = [catalog.api_key("d1"), catalog.api_key("d2"), catalog.webhooks("prg_x"), catalog.webhook("whk_1")]
    people = [catalog.participants_by_id(IDS), *(catalog.links(id) for id in IDS)]
    held = catalog.held_mentions("prg_x", MENTIONS)
    ids = catalog.code_owner_ids(code.upper() for code in ("SAME", *CODES.values(), *LINKS))
    return [holders, owners, pages, uses, returned, memory, people, held, ids, len(catalog)]


def _people_answers(people: People) -> Answers:
    """All that people can be read for."""
    known = [people.people_by_id(IDS), people.profiles_by_id(IDS)]
    erased = [(people.erasure(id), people.epoch(id), people.erasure_that_ended(id)) for id in IDS]
    texts = [(people.texts(id), people.texts(id, TEXT_IDS[0], 1), people.text(id, TEXT_IDS[1])) for id in IDS]
    beginnings = ("a", "AMY", "@amy c", "m", "小", "z", "")
    named = [
        people.find_by_name(program, text, n) for program in ("prg_x", "prg_y") for text in beginnings for n in (1, 4)
    ]
    return [known, erased, texts, named]


def _in_memory(history: Sequence[FeedRecord], entities: Mapping[FeedRecord, object]) -> Answers:
    catalog, people = Catalog(), MemoryPeople()
    for record in history:
        entity = entities.get(record)
        if record.value is None:
            people.erase(record.key)
        elif isinstance(entity, PeopleEntity):
            people.apply(entity)
        elif isinstance(entity, CatalogEntity):
            catalog.apply(entity)
    return [*_catalog_answers(catalog), *_people_answers(People(people))]


def _entities(history: Sequence[FeedRecord]) -> Mapping[FeedRecord, object]:
    kinds = {"catalog": CatalogEntity, "people": PeopleEntity}
    return {one: msgspec.json.decode(one.value, type=kinds[one.topic]) for one in history if one.value is not None}


def _compacted(history: Sequence[FeedRecord]) -> list[FeedRecord]:
    last = {(record.topic, record.key): number for number, record in enumerate(history)}
    return [record for number, record in enumerate(history) if last[record.topic, record.key] == number]


def _stored(folder: Path, history: Sequence[tuple[FeedRecord, str]]) -> Answers:
    """The answers of a directory that was written in these transactions, by processes that were killed between them."""
    waiting, position = list[FeedRecord](), 0
    for record, then in [*history, (None, "restart")]:
        if record is not None:
            waiting.append(record)
            position += 1
        if then == "next":
            continue
        with open_directory(folder, {"catalog/0": position}) as directory:
            directory.write(waiting, position)
            assert directory.replica.position("catalog/0") == position
        waiting.clear()
    with open_directory(folder) as directory:
        answers = [*_catalog_answers(directory.catalog()), *_people_answers(directory.people)]
        with directory.participants.reading():
            assert [*_catalog_answers(directory.catalog()), *_people_answers(directory.people)] == answers
        return answers


@given(histories)
def test_the_directory_answers_as_the_views_in_memory(history: list[tuple[FeedRecord, str]]) -> None:
    """Records of all kinds in any order, committed in any portions, with restarts between them."""
    plain = [record for record, _ in history]
    with TemporaryDirectory() as folder:
        assert _stored(Path(folder), history) == _in_memory(plain, _entities(plain))


@given(histories)
def test_a_reader_finds_each_commit_at_once(history: list[tuple[FeedRecord, str]]) -> None:
    """It remembers what it has found, as long as that is still so."""
    plain = [record for record, _ in history]
    entities, written = _entities(plain), 0
    with TemporaryDirectory() as folder, open_directory(Path(folder)) as directory:
        catalog, people = directory.catalog(), directory.people
        for position, (_, then) in enumerate(history, 1):
            if then == "next":
                continue
            directory.write(plain[written:position], position)
            written, expected = position, _in_memory(plain[:position], entities)
            for raw in [change for _, change in directory.replica.changes(0, 1000)]:
                catalog.apply(msgspec.json.decode(raw, type=CatalogEntity))
            assert [*_catalog_answers(catalog), *_people_answers(people)] == expected
            with directory.participants.reading():
                assert [*_catalog_answers(catalog), *_people_answers(people)] == expected


@given(histories)
def test_compaction_of_the_log_changes_no_answer(history: list[tuple[FeedRecord, str]]) -> None:
    """A directory that is built from a compacted log is the same, apart from a number of uses that the log has lost."""
    growing = _without_falling_uses([record for record, _ in history])
    compacted = [(record, "next") for record in _compacted(growing)]
    with TemporaryDirectory() as folder:
        assert _stored(Path(folder), compacted) == _in_memory(growing, _entities(growing))


def _without_falling_uses(history: Sequence[FeedRecord]) -> list[FeedRecord]:
    """The history in which the recorded uses of a link never fall, as they are written."""
    entities, highest, found = _entities(history), dict[str, int](), list[FeedRecord]()
    for record in history:
        entity = entities.get(record)
        if isinstance(entity, LinkUsed):
            if entity.uses < highest.get(entity.code, 0):
                continue
            highest[entity.code] = entity.uses
        found.append(record)
    return found
