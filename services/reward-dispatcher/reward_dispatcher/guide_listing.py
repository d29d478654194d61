"""Lists the files of guides in the catalog, so that every process knows which guides there are.

The ledger holds the reward of a guide that is missing, and link-issuer warns of it when a program is applied.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime

import structlog

from referral.catalog.follower import CatalogFollower
from referral.clock import Clock
from referral.events.entities import FOLDERS, MAX_GUIDES, RULE_CHANGE_DELAY, GuideChange, GuideListing
from referral.events.rewards import handover_of
from referral.events.timestamps import to_datetime
from reward_dispatcher.guide_files import GuideFiles

_INTERVAL_S = 2.0
_MIN_INTERVAL_S = 10.0  # between two listings of one program, in case two servers have different files
log = structlog.get_logger()


class GuideLister:
    """Writes a listing when the files of a program have changed. `run_once` does what the thread repeats."""

    def __init__(
        self, files: GuideFiles, follower: CatalogFollower, clock: Clock, write: Callable[[list[GuideListing]], object]
    ) -> None:
        self._files = files
        self._follower = follower
        self._clock = clock
        self._write = write
        self._written_s: dict[str, float] = {}
        self._stopping = threading.Event()

    def start(self) -> "GuideLister":
        """Starts the thread; returns itself."""
        threading.Thread(target=self._run, name="guides", daemon=True).start()
        return self

    def stop(self) -> None:
        """Ends the thread soon."""
        self._stopping.set()

    def run_once(self) -> list[GuideListing]:
        """Writes and returns the listings that differ from the catalog. Raises NotDurable, OSError."""
        if self._follower.stale_reason() is not None:
            return []
        view, folders = self._follower.view, self._files.programs()
        names = {FOLDERS: folders}
        for program in sorted({*folders, *filter(self._has_guides, view.programs())}):
            names[program] = self._files.names(program)
        now = to_datetime(self._clock.now_ms())
        changed = [
            next_listing(view.guide_listing(program), program, files, now)
            for program, files in names.items()
            if self._is_due(program) and view.guide_files(program) != files
        ]
        if changed:
            self._write(changed)
            self._written_s |= {one.program: time.monotonic() for one in changed}
        return changed

    def _run(self) -> None:
        while not self._stopping.wait(_INTERVAL_S):
            try:
                self.run_once()
            except Exception as error:  # noqa: BLE001 - the thread must outlive whatever Kafka or the file system raises
                log.warning("guides not listed", reason=f"{type(error).__name__}: {error}")

    def _is_due(self, program: str) -> bool:
        """Whether the program was not listed by this process just now."""
        return time.monotonic() - self._written_s.get(program, float("-inf")) >= _MIN_INTERVAL_S

    def _has_guides(self, program: str) -> bool:
        versions = self._follower.view.versions(program)
        return any(handover_of(rule.kind) == "file" for version in versions for rule in version.program.rewards)


def next_listing(known: GuideListing | None, program: str, files: tuple[str, ...], now: datetime) -> GuideListing:
    """The listing of a folder that has these files now. It keeps those of before, since older rewards are decided by them."""
    effective = now + RULE_CHANGE_DELAY
    if known is None:
        return GuideListing(recorded_at=now, program=program, files=files, since=effective)
    before = {*known.files}
    added, removed = tuple(sorted({*files} - before)), tuple(sorted(before - {*files}))
    changes = _bounded((*known.changes, GuideChange(at=effective, added=added, removed=removed)))
    return GuideListing(recorded_at=now, program=program, files=files, since=known.since, changes=changes)


def _bounded(changes: tuple[GuideChange, ...]) -> tuple[GuideChange, ...]:
    """The newest changes, with at most MAX_GUIDES names in all; the newest one in any case."""
    left, kept = MAX_GUIDES, list[GuideChange]()
    for change in reversed(changes):
        left -= len(change.added) + len(change.removed)
        if kept and left < 0:
            break
        kept.insert(0, change)
    return tuple(kept)
