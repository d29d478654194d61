"""The files of guides: one folder for each program inside REFERRAL_GUIDES, so that no program can name another one's file.

A file that a symbolic link leads out of its program's folder is not found. Links inside it work: Kubernetes mounts files that way.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from referral.events.reward_rules import POOL_NAME

MAX_FILES = 1000
_PROGRAM = re.compile(r"prg_[a-z0-9_]{1,60}")


class GuideFiles:
    """Reads the folder; a change of files is seen at the next call."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def find(self, program: str, name: str) -> Path | None:
        """Returns the file of this name in the program's own folder, or None if there is none."""
        folder = self._folder(program)
        if folder is None or not POOL_NAME.fullmatch(name):
            return None
        try:
            file = (folder / name).resolve(strict=True)
        except (OSError, RuntimeError):  # missing, or a loop of links
            return None
        return file if file.is_file() and file.is_relative_to(folder) else None

    def programs(self) -> tuple[str, ...]:
        """Returns the ids of the programs that have a folder, sorted, 1,000 at most."""
        folders = (one.name for one in self._root.iterdir() if one.is_dir() and self._folder(one.name) is not None)
        return tuple(sorted(folders)[:MAX_FILES])

    def names(self, program: str) -> tuple[str, ...]:
        """Returns the names of the program's files, sorted, 1,000 at most."""
        return tuple(sorted(self._names(program))[:MAX_FILES])

    def place(self, program: str, name: str) -> str:
        """Returns where a missing file belongs, and where it is in the layout without folders for programs if it is there."""
        place = f"{program}/{name} in the folder REFERRAL_GUIDES"
        if POOL_NAME.fullmatch(name) and (self._root / name).is_file():
            return f"{place}: move {name} there, as each program has a folder of its own"
        return place

    def misplaced(self) -> tuple[str, ...]:
        """Returns the names of files beside the folders of programs, which belong to no program; 1,000 at most."""
        return tuple(sorted(one.name for one in self._root.iterdir() if one.is_file())[:MAX_FILES])

    def _names(self, program: str) -> Iterator[str]:
        folder = self._folder(program)
        if folder is not None and folder.is_dir():
            yield from (one.name for one in folder.iterdir() if self.find(program, one.name) is not None)

    def _folder(self, program: str) -> Path | None:
        """The program's folder; None if the id is invalid or a link leads elsewhere."""
        folder = self._root / program
        if not _PROGRAM.fullmatch(program) or folder.resolve() != folder:
            return None
        return folder
