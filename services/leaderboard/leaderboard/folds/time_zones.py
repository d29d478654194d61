"""The time zone in which a program's days begin and end."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from referral.catalog.view import Catalog


class ProgramTimeZones:
    """Caches time zones. That of a program never changes (it is its first version's), so the cache cannot change a decision."""

    def __init__(self) -> None:
        self._cache: dict[str, str] = {}

    def zone_of(self, program: str, catalog: Catalog) -> str:
        """Returns the IANA name. Raises LookupError for an unknown program or time zone."""
        zone = self._cache.get(program)
        if zone is None:
            zone = self._cache[program] = _zone(program, catalog)
        return zone


def _zone(program: str, catalog: Catalog) -> str:
    versions = catalog.versions(program)
    if not versions:
        raise LookupError(f"the catalog has no program {program}")
    zone = versions[0].program.timezone
    try:
        return ZoneInfo(zone).key
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise LookupError(f"{zone!r} is not a time zone: {error}") from error
