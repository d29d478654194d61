"""Response bodies about programs."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from referral.events.entities import ProgramVersion
from referral.events.section import with_defaults
from referral.http.paging import Page
from referral.http.responses import Timestamp

ProgramFileJson = Annotated[dict[str, Any], Meta(extra_json_schema={"$ref": "#/components/schemas/ProgramFile"})]


class ProgramWarning(Struct):
    """Advice: what could be better about a valid program."""

    code: Annotated[str, Meta(description="Stable name of the rule.", examples=["one_sided_reward"])]
    pointer: Annotated[str, Meta(description="JSON pointer into the program.", examples=["/rewards"])]
    detail: str


class ProgramVersionResponse(Struct):
    """A version of a program."""

    program: ProgramFileJson
    version: Annotated[int, Meta(examples=[1])]
    effective_from: Annotated[Timestamp, Meta(description="Events from this time on are judged by this version.")]
    recorded_at: Timestamp
    warnings: Annotated[list[ProgramWarning] | UnsetType, Meta(description="Only when applied.")] = UNSET
    is_new: Annotated[
        bool | UnsetType, Meta(description="Only when applied: whether the rules differ from the previous version's.")
    ] = UNSET
    dry_run: Annotated[bool | UnsetType, Meta(description="Only when applied.")] = UNSET


class ProgramVersions(Page[ProgramVersionResponse]):
    """All versions of a program, the newest first."""


class ProgramSummary(Struct):
    """A program in a list: its name, and the newest version of its rules."""

    id: Annotated[str, Meta(examples=["prg_glow"])]
    name: dict[str, str]
    version: Annotated[int, Meta(examples=[1])]
    effective_from: Timestamp


class Programs(Page[ProgramSummary]):
    """A page of programs, by id."""


def version_response(version: ProgramVersion) -> ProgramVersionResponse:
    """The body that describes a version, without the fields of an application."""
    return ProgramVersionResponse(
        program=_program_json(version),
        version=version.version,
        effective_from=version.effective_from,
        recorded_at=version.recorded_at,
    )


def program_summary(newest: ProgramVersion) -> ProgramSummary:
    """The body that describes a program in a list."""
    return ProgramSummary(
        id=newest.program.id,
        name=newest.program.name,
        version=newest.version,
        effective_from=newest.effective_from,
    )


def etag(version: ProgramVersion) -> dict[str, str]:
    """The ETag header of a version, for If-Match."""
    return {"ETag": f'"{version.version}"'}


def _program_json(version: ProgramVersion) -> dict[str, Any]:
    program = with_defaults(version.program)
    assert isinstance(program, dict)  # noqa: S101 - a struct becomes a mapping  # nosec B101
    return program
