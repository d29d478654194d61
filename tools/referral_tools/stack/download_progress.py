"""The progress of a Maven download, read from Maven's output: one line that changes; without a terminal, a line every 10 MB."""

import re
import sys
from types import TracebackType
from typing import Self, TextIO

_DOWNLOADED = re.compile(r"Downloaded from .*\(([0-9.]+) ?(B|kB|MB|GB)\b")
_BYTES = {"B": 1, "kB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}
_STEP = 10_000_000


class DownloadProgress:
    """Counts what Maven has downloaded. A context manager: begins and ends the line on the screen."""

    def __init__(self, title: str, screen: TextIO = sys.stderr) -> None:
        self._title, self._screen = title, screen
        self._bytes, self._shown = 0.0, 0.0

    def __enter__(self) -> Self:
        self._show(f"{self._title} …")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._screen.isatty():
            print(file=self._screen)

    def read(self, line: str) -> None:
        """Adds the size that a line of Maven's output reports, if it reports one."""
        match = _DOWNLOADED.search(line)
        if match is None:
            return
        self._bytes += float(match[1]) * _BYTES[match[2]]
        if self._screen.isatty() or self._bytes - self._shown >= _STEP:
            self._shown = self._bytes
            self._show(f"{self._title}: {self._bytes / 1e6:.0f} MB")

    def _show(self, text: str) -> None:
        if self._screen.isatty():
            print(f"\r\x1b[K{text}", end="", file=self._screen, flush=True)
        else:
            print(text, file=self._screen, flush=True)
