"""Programs as link-issuer tells and takes them."""

from datetime import datetime
from pathlib import Path

import httpx
import msgspec

from referral.events.program import Program
from referral_tools.service_client import ServiceClient, decode_response, path


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a program, as it is answered."""

    program: Program
    version: int
    effective_from: datetime
    recorded_at: datetime


class _Versions(msgspec.Struct):
    items: list[Applied]


def put(service: ServiceClient, program: str, file: Path, *, dry_run: bool) -> httpx.Response:
    """The answer to applying a file."""
    parameters = {"dry_run": "true"} if dry_run else {}
    content = {"Content-Type": "application/yaml"}
    return service.request(
        "PUT", path("programs", program), content=file.read_bytes(), headers=content, params=parameters
    )


def versions_of(service: ServiceClient, program: str) -> list[Applied]:
    """All versions of a program, the newest first. Ends the command where the service refuses."""
    found: _Versions = decode_response(service.request_ok("GET", path("programs", program, "versions")), _Versions)
    return found.items
