"""Requests to link-issuer about programs."""

from datetime import datetime
from pathlib import Path

import httpx
import msgspec

from referral.events.program import Program
from referral_tools.service_client import ServiceClient, decode_response, path


class ProgramVersionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a program in a response."""

    program: Program
    version: int
    effective_from: datetime
    recorded_at: datetime


class _Versions(msgspec.Struct):
    items: list[ProgramVersionAnswer]


def put_program(service: ServiceClient, program: str, file: Path, *, dry_run: bool) -> httpx.Response:
    """Applies a file, and returns the response."""
    parameters = {"dry_run": "true"} if dry_run else {}
    content = {"Content-Type": "application/yaml"}
    return service.request(
        "PUT", path("programs", program), content=file.read_bytes(), headers=content, params=parameters
    )


def list_versions(service: ServiceClient, program: str) -> list[ProgramVersionAnswer]:
    """All versions of a program, the newest first. Ends the command if the service returns an error."""
    found: _Versions = decode_response(service.request_ok("GET", path("programs", program, "versions")), _Versions)
    return found.items
