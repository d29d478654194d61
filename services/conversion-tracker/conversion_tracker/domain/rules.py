"""What of a program bears on attribution, made ready for judging."""

from dataclasses import dataclass

from referral.events.entities import ProgramVersion
from referral.events.moment import to_ms
from referral.events.program import Model

DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Rules:
    """One version's rules. `ranks` gives a kind of evidence its place, 0 for the strongest; kinds not in it do not count."""

    version: int
    window_ms: int
    model: Model
    ranks: dict[str, int]
    restores: bool  # whether a second follow brings the referral back
    ends_ms: int | None


def rules_of(version: ProgramVersion) -> Rules:
    """The rules of a program version."""
    attribution, ends_at = version.program.attribution, version.program.ends_at
    return Rules(
        version=version.version,
        window_ms=attribution.window_days * DAY_MS,
        model=attribution.model,
        ranks={kind: rank for rank, kind in enumerate(attribution.evidence)},
        restores=attribution.refollow == "restore",
        ends_ms=to_ms(ends_at) if ends_at else None,
    )
