"""The attribution rules of programs, compiled once per program version and found by time or by version number."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from conversion_tracker.attribution.attribution_rules import AttributionRules, OrderThreshold, attribution_rules
from referral.catalog.view import Catalog
from referral.events.entities import ProgramVersion
from referral.events.rewards import handover_of


@dataclass(frozen=True, slots=True)
class ProgramRules:
    """The rules of all versions of one program, in the order in which they took effect."""

    versions: list[ProgramVersion]
    effective_times: list[datetime]
    rules: list[AttributionRules]
    by_number: dict[int, AttributionRules]
    known_from: datetime  # the second in which the first version was recorded
    order_thresholds: list[tuple[datetime, OrderThreshold]]  # with the time from which each has been in force
    rewards_orders_since: datetime | None = None  # when the first version with a reward for orders took effect
    hands_out_codes_since: datetime | None = None  # when the first version with a reward that has a code took effect

    def in_force_at(self, moment: datetime) -> AttributionRules | None:
        """Returns the rules in force at a time; None before the first version."""
        index = bisect_right(self.effective_times, moment)
        return self.rules[index - 1] if index else None

    def order_thresholds_by(self, moment: datetime) -> list[OrderThreshold]:
        """Returns the thresholds in force at any time up to `moment`.

        An order that meets none of them cannot qualify the referral of a person who followed by then.
        """
        return [threshold for since, threshold in self.order_thresholds if since <= moment]

    def rewards_orders_by(self, moment: datetime) -> bool:
        """Returns whether a version in force at any time up to `moment` rewards the orders of referred people."""
        return self.rewards_orders_since is not None and self.rewards_orders_since <= moment

    def hands_out_codes_by(self, moment: datetime) -> bool:
        """Returns whether a version in force at any time up to `moment` rewards people with codes."""
        return self.hands_out_codes_since is not None and self.hands_out_codes_since <= moment

    def of_version(self, version: int) -> AttributionRules | None:
        """Returns the rules of a version; None for version 0, which means that none were in force."""
        return self.by_number.get(version)


class CompiledRules:
    """The compiled rules of all programs: a cache over the catalog, refreshed when a program's versions change."""

    def __init__(self) -> None:
        self._programs: dict[str, ProgramRules] = {}

    def of_program(self, program: str, catalog: Catalog) -> ProgramRules | None:
        """Returns the rules of a program; None if the program is unknown."""
        versions = catalog.versions(program)
        known = self._programs.get(program)
        if known is not None and known.versions is versions:
            return known
        return self._compile(program, versions) if versions else None

    def _compile(self, program: str, versions: list[ProgramVersion]) -> ProgramRules:
        rules = [attribution_rules(version) for version in versions]
        thresholds = [
            (version.effective_from, rule.order_threshold)
            for version, rule in zip(versions, rules, strict=True)
            if rule.order_threshold
        ]
        compiled = self._programs[program] = ProgramRules(
            versions=versions,
            effective_times=[version.effective_from for version in versions],
            rules=rules,
            by_number={rule.version: rule for rule in rules},
            known_from=min(version.recorded_at for version in versions).replace(microsecond=0),
            order_thresholds=thresholds,
            rewards_orders_since=_since(versions, _rewards_orders),
            hands_out_codes_since=_since(versions, _hands_out_codes),
        )
        return compiled


def _since(versions: list[ProgramVersion], has: Callable[[ProgramVersion], bool]) -> datetime | None:
    return next((version.effective_from for version in versions if has(version)), None)


def _hands_out_codes(version: ProgramVersion) -> bool:
    return any(handover_of(rule.kind) == "code" for rule in version.program.rewards)


def _rewards_orders(version: ProgramVersion) -> bool:
    return any(rule.on == "order.qualified" for rule in version.program.rewards)
