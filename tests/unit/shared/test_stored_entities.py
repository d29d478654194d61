"""Catalog records: what was stored under older bounds stays readable."""

from typing import Any

import msgspec
import pytest
from hypothesis import given

from referral.catalog.stored_entities import INVALID_RECORD, decode_entity
from referral.events.entities import ProgramVersion
from referral.events.timestamps import to_datetime
from referral.program_file.check import check_program_file
from tests.support.builders.program_files import MINIMAL_FILE, program_files

REWARD = {"id": "x", "to": "referrer", "on": "conversion.cleared", "kind": "early_access"}


def _record(program: object, **change: object) -> bytes:
    at = "2026-11-01T00:00:00Z"
    return msgspec.json.encode(
        {"type": "program", "program": program, "version": 1, "recorded_at": at, "effective_from": at} | change
    )


@pytest.mark.parametrize(
    ("change", "read"),
    [
        ({"rewards": [REWARD | {"expires_days": 3_650_000}]}, lambda p: p.rewards[0].expires_days == 3_650_000),
        ({"rewards": [REWARD | {"id": f"r{n}"} for n in range(500)]}, lambda p: len(p.rewards) == 500),
        ({"codes": {"blocklist": [f"w{n}" for n in range(5000)]}}, lambda p: len(p.codes.blocklist) == 5000),
        ({"holding_days": 10**12, "ends_at": "9999-12-31T23:59:59Z"}, lambda p: p.holding_days == 10**12),
        (
            {"challenges": [{"id": "a", "hashtag": "#a", "starts": "9999-12-01", "days": 10**6}]},
            lambda p: p.challenges[0].days == 10**6,
        ),
        (
            {"attribution": {"min_amount": "99.90", "window_days": 10**9}},
            lambda p: str(p.attribution.min_amount) == "99.90",
        ),
    ],
)
def test_a_stored_version_beyond_the_bounds_of_today_is_read_as_it_was_written(change: Any, read: Any) -> None:
    """No process loses a program because a bound was introduced later."""
    entity = decode_entity(_record(MINIMAL_FILE | change))
    assert isinstance(entity, ProgramVersion)
    assert read(entity.program)
    assert entity.program.timezone == "Asia/Shanghai"


@given(program_files)
def test_without_bounds_a_program_is_read_as_with_them(content: dict[str, Any]) -> None:
    """The path for older versions reads every section and type exactly as the decoder of today does."""
    program = check_program_file(content).program
    assert program is not None
    at = to_datetime(0)
    written = ProgramVersion(program=program, version=1, recorded_at=at, effective_from=at)
    document = msgspec.json.decode(msgspec.json.encode(written)) | {"version": 0}  # versions are at least 1
    assert decode_entity(msgspec.json.encode(document)) == msgspec.structs.replace(written, version=0)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe",
        b"[1]",
        b'{"type":"program"}',
        _record("text"),
        _record(MINIMAL_FILE | {"colour": "red"}),
        _record(MINIMAL_FILE | {"holding_days": "7"}),
        _record(MINIMAL_FILE | {"rewards": [REWARD | {"expires_days": 10**7, "kind": "cash"}]}),
        b'{"type":"participant"}',
        b'{"type":"program","program":' + b"[" * 100_000,
    ],
)
def test_a_record_that_is_no_entity_is_recognized(raw: bytes) -> None:
    """The reader of the catalog skips it with a line in the log."""
    with pytest.raises(INVALID_RECORD):
        decode_entity(raw)
