"""The rules by which a line is decided whose program version cannot process it, once the program was corrected.

A version that is beyond the bounds of program files (it was stored before the bound) is replaced by the first valid version after
it, for lines recorded after the correction took effect. So a line leads to the same result whenever it is folded.
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from referral.catalog.view import Catalog
from referral.events.entities import RULE_CHANGE_DELAY, ProgramVersion
from referral.events.program import Program
from referral.events.timestamps import to_ms
from referral.log.errors import LogUnavailable

Decided = TypeVar("Decided")

_DELAY_MS = RULE_CHANGE_DELAY // RULE_CHANGE_DELAY.resolution // 1000


class RepairedRules:
    """Finds the corrected rules of programs. Remembers which versions are valid, as they never change."""

    def __init__(self) -> None:
        self._validity: dict[str, tuple[list[ProgramVersion], list[bool]]] = {}

    def decide(
        self,
        decide: Callable[[Catalog], Decided],
        program: str,
        recorded_at_ms: int,
        catalog: Catalog,
        error: Exception,
    ) -> Decided | Exception:
        """What `decide` returns by the corrected rules of a line recorded at a time; its error, or `error` without correction."""
        corrected = self.catalog_at(program, recorded_at_ms, catalog)
        if corrected is None:
            return error
        try:
            return decide(corrected)
        except LogUnavailable:
            raise
        except Exception as still:  # noqa: BLE001 - a line that no rule can process is set aside, and the others go on
            return still

    def catalog_at(self, program: str, recorded_at_ms: int, catalog: Catalog) -> Catalog | None:
        """The catalog with the corrected versions of a program that a line recorded at a time is decided by; None without any."""
        versions = catalog.versions(program) if program else []
        validity = self._valid_versions(program, versions)
        if all(validity):
            return None
        known = [
            version
            for version, is_valid in zip(versions, validity, strict=True)
            if is_valid and to_ms(version.recorded_at) + _DELAY_MS <= recorded_at_ms
        ]
        repaired = [
            version if is_valid else _repaired(version, known)
            for version, is_valid in zip(versions, validity, strict=True)
        ]
        return None if repaired == versions else catalog.with_versions(program, repaired)

    def _valid_versions(self, program: str, versions: list[ProgramVersion]) -> list[bool]:
        """Whether each version is within the bounds of program files."""
        remembered = self._validity.get(program)
        if remembered is None or remembered[0] is not versions:
            remembered = self._validity[program] = versions, [_is_valid(version) for version in versions]
        return remembered[1]


def _repaired(version: ProgramVersion, known: list[ProgramVersion]) -> ProgramVersion:
    """The version with the rules of the first valid one after it; itself if there is none."""
    later = [one for one in known if one.version > version.version]
    if not later:
        return version
    first = min(later, key=lambda one: one.version)
    return msgspec.structs.replace(version, program=first.program)


def _is_valid(version: ProgramVersion) -> bool:
    try:
        msgspec.convert(msgspec.to_builtins(version.program), Program)
    except msgspec.ValidationError:
        return False
    return True
