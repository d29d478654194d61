"""The creator at the desk: pastes comments, looks at what each line becomes, adds it; and pastes the same once more."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from referral_tools.campaign.client import Client, DeskRow
from referral_tools.campaign.paste_text import PasteText, paste_text
from referral_tools.campaign.script import LiveValues, PlannedComment
from referral_tools.oracle import ExpectedDesk, Journal

_OPEN = ("similar_code", "uncertain_code")


@dataclass(slots=True)
class DeskResult:
    """How many facts pastes made, and must make; how many rows were decided by hand; what second pastes added, which must be 0."""

    pastes: int = 0
    facts: int = 0
    expected: int = 0
    decided: int = 0
    second_paste: int = 0


class DeskPlayer:
    """Pastes comments. `settled` returns when the system has digested all."""

    def __init__(
        self, client: Client, program: str, zone: ZoneInfo, journal: Journal, settled: Callable[[], None]
    ) -> None:
        self._client, self._program, self._zone = client, program, zone
        self._journal, self._settled = journal, settled
        self._expected = ExpectedDesk(program, journal)
        self.result = DeskResult()

    def play(self, planned: Sequence[PlannedComment], live: LiveValues, now: datetime) -> None:
        """Pastes comments twice. The journal gets what they must become, whatever the desk answers."""
        self._settled()
        comments = [live.fill_comment(one) for one in planned]
        codes = {one.code for one in live.enrolled.values()}
        paste = paste_text(comments, self._zone, codes, as_table=self.result.pastes % 2 == 1)
        self.result.pastes += 1
        ticked = self._ticked(paste)
        self.result.decided += sum("choices" in row for row in ticked)
        self.result.facts += self._add(ticked)
        facts = self._expected.paste(comments, now)
        self.result.expected += len(facts)
        self._journal.facts.extend(facts)
        self._journal.received.update((fact.id, now) for fact in facts)
        self._settled()
        self._paste_again(paste, ticked)

    def _paste_again(self, paste: PasteText, ticked: Sequence[DeskRow]) -> None:
        """Neither the preview of the same text may have anything new, nor the rows that were sent add anything."""
        rows = self._client.check_paste(self._program, paste.body, paste.content_type)
        self.result.second_paste += sum(row["status"] == "new" for row in rows)
        self.result.second_paste += self._add(ticked)

    def _ticked(self, paste: PasteText) -> list[DeskRow]:
        """The rows of the preview that are new, and those whose code the creator chooses: the one that is meant."""
        rows = self._client.check_paste(self._program, paste.body, paste.content_type)
        return [ticked for row in rows if (ticked := self._tick(row, paste)) is not None]

    def _tick(self, row: DeskRow, paste: PasteText) -> DeskRow | None:
        if row["status"] == "new":
            return row
        comment = paste.lines.get(int(str(row["line"])))
        if row.get("reason") not in _OPEN or comment is None or not comment.code:
            return None
        return row | {"status": "new", "code": comment.code}

    def _add(self, rows: Sequence[DeskRow]) -> int:
        return self._client.add_rows(self._program, rows) if rows else 0
