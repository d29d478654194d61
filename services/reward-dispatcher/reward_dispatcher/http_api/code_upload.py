"""One upload: its lines are read, checked and written in segments while the body arrives, in bounded memory."""

from array import array
from base64 import b64encode
from collections.abc import Iterable

from referral.events.pools import SEGMENT_CODES, CodesUploaded
from referral.events.timestamps import to_datetime
from referral.http.context import context
from referral.http.idempotency import KEY_REUSED
from referral.http.problems import Problem
from reward_dispatcher.domain.receipts import MAX_REFUSED, Receipt, RefusedCode
from reward_dispatcher.domain.uploaded_codes import LineMistake, UploadedCode, read_code
from reward_dispatcher.http_api.code_lines import NumberedLine
from reward_dispatcher.http_api.dependencies import dependencies
from reward_dispatcher.http_api.pool_requests import PoolRequest
from reward_dispatcher.http_api.responses import LineVerdict
from reward_dispatcher.http_api.upload_journal import UploadJournal

MAX_CODES_PER_UPLOAD = 1_000_000
MAX_LINES_PER_UPLOAD = 2_000_000
_WAVE = 8  # segments that are sent together


class CodeUpload:
    """Reads lines, and writes what is a code. `mistakes` counts the lines that are none, `named` has the first of them."""

    def __init__(self, program: str, pool: str) -> None:
        self.mistakes = 0
        self.named: list[LineMistake] = []
        self._program = program
        self._pool = pool
        self._journal = UploadJournal()
        self._request = PoolRequest(program, self._journal.request, context().settings.ack_timeout_ms / 1000)
        self._numbers = array("L")  # of the line of each code
        self._codes: list[UploadedCode] = []
        self._wave: list[CodesUploaded] = []
        self._wave_codes: list[list[str]] = []
        self._segments = 0

    @property
    def count(self) -> int:
        """How many codes there were so far."""
        return len(self._numbers)

    def read(self, lines: Iterable[NumberedLine]) -> Receipt:
        """Returns the receipt once every code is durable and decided.

        Raises Problem 413 above a limit and 422 without any code, both of what was read so far; NotDurable, Overloaded.
        """
        try:
            for number, line in lines:
                self._read_line(number, line)
            self._close_segment()
            self._send()
            self._journal.require_end()
        except Problem as problem:
            if problem.status < 500 and problem.code != KEY_REUSED:
                self._journal.forget()
            raise
        if not self._segments:
            return Receipt(self._pool)
        return self._request.receipt()

    def verdicts(self, receipt: Receipt) -> list[LineVerdict]:
        """Why lines were not added, the first of them, by line."""
        verdicts = [LineVerdict(one.line, "invalid", f"line {one.line} {one.detail}") for one in self.named]
        verdicts += [self._verdict(one) for one in receipt.named]
        return sorted(verdicts, key=lambda one: one.line)[:MAX_REFUSED]

    def _read_line(self, number: int, line: str) -> None:
        if number > MAX_LINES_PER_UPLOAD:
            raise self._too_many(f"{MAX_LINES_PER_UPLOAD:,} lines")
        code = read_code(number, line)
        if isinstance(code, UploadedCode):
            if self.count >= MAX_CODES_PER_UPLOAD:
                raise self._too_many(f"{MAX_CODES_PER_UPLOAD:,} codes")
            self._numbers.append(number)
            self._codes.append(code)
            if len(self._codes) == SEGMENT_CODES:
                self._close_segment()
        elif code is not None:
            self.mistakes += 1
            if len(self.named) < MAX_REFUSED:
                self.named.append(code)

    def _close_segment(self) -> None:
        if not self._codes:
            return
        codes, hashes = dependencies().codes, dependencies().hasher
        line = CodesUploaded(
            occurred_at=to_datetime(context().clock.now_ms()),
            program=self._program,
            pool=self._pool,
            request=self._request.id,
            index=self._segments,
            sealed=codes.seal_segment(self._program, self._pool, [one.code for one in self._codes]),
            hashes=b64encode(hashes.hashes(self._program, (one.form for one in self._codes))).decode(),
        )
        self._wave.append(line)
        self._wave_codes.append([one.code for one in self._codes])
        self._codes, self._segments = [], self._segments + 1
        if len(self._wave) == _WAVE:
            self._send()

    def _send(self) -> None:
        wave, self._wave = self._wave, []
        codes, self._wave_codes = self._wave_codes, []
        if wave:
            self._journal.add(codes)
            self._request.write(wave)

    def _verdict(self, refused: RefusedCode) -> LineVerdict:
        line = self._numbers[refused.index * SEGMENT_CODES + refused.offset]
        if not refused.pool:
            return LineVerdict(line, "duplicate", f"line {line} is in this pool already")
        detail = f"line {line} is in pool {refused.pool} already, and a code belongs to one pool: remove it"
        return LineVerdict(line, "other_pool", detail)

    def _too_many(self, limit: str) -> Problem:
        detail = (
            f"An upload has at most {limit}. Split the file; what was read so far may have been added, and never twice."
        )
        return Problem(413, "too_many_codes", detail)
