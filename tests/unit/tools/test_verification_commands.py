"""`referral board verify` and `referral draw verify`, and the script of docs/closings.md: what holds, and what was changed."""

import json
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner

from leaderboard.domain.closed_board import BLOCK, block_roots, join_parts, leaves, proof_path
from referral.events.standings import PartEntry
from referral.verification.merkle_tree import root_of
from referral.verification.weighted_draw import RULE, draw_entries
from referral_tools.cli import main

DOCS = Path(__file__).resolve().parents[3] / "docs" / "closings.md"
ROUND, SIGNATURE = (
    657413,
    "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b",
)
BOARD = {"program": "prg_glow", "metric": "referrals", "kind": "follower", "period": "2026-11"}


def entries(size: int) -> list[PartEntry]:
    """Returns the entries of a board, the best first."""
    return [PartEntry(f"psn_{index:016}", 1 + (size - index) // 3, 1_700_000_000 + index) for index in range(size)]


def files(size: int, index: int) -> tuple[dict[str, object], dict[str, object]]:
    """Returns the proof of the entry at an index, and the closing."""
    blocks = join_parts([entries(size)])
    roots = block_roots(blocks)
    entry = blocks[index // BLOCK].entries[index % BLOCK]
    path = proof_path(blocks[index // BLOCK], index // BLOCK, index % BLOCK, roots)
    root = {"entries": size, "root": root_of(roots).hex()}
    own = {"participant": entry.participant, "score": entry.score, "reached_at": entry.reached_at}
    return (
        {**BOARD, **root, **own, "rank": index + 1, "path": [one.hex() for one in path]},
        {**BOARD, **root, "type": "board.closed", "top": [], "occurred_at": "2026-12-01T16:01:00Z"},
    )


def write(folder: Path, name: str, content: object) -> str:
    """Writes a JSON file; returns its name."""
    (folder / name).write_text(json.dumps(content))
    return str(folder / name)


def verify_by_command(proof: str, closing: str) -> tuple[int, str]:
    """Exit code and output of `referral board verify`."""
    result = CliRunner().invoke(main, ["board", "verify", proof, closing])
    return result.exit_code, result.output


def verify_by_script(folder: Path, proof: str, closing: str) -> tuple[int, str]:
    """The same by the script of the documentation, without any package."""
    script = re.search(r"```python\n(.+?)```", DOCS.read_text(), re.DOTALL)
    assert script is not None
    (folder / "verify.py").write_text(script[1])
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(folder / "verify.py"), proof, closing],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("size", "index"), [(1, 0), (2, 1), (7, 6), (9, 8), (9, 0), (1024, 1023), (1025, 1024), (2500, 2047), (2500, 2499)]
)
def test_a_proof_is_accepted_by_the_command_and_by_the_script(tmp_path: Path, size: int, index: int) -> None:
    """Offline, for the first, the last, and those beside the limits of blocks."""
    proof, closing = files(size, index)
    names = write(tmp_path, "proof.json", proof), write(tmp_path, "closing.json", closing)
    code, output = verify_by_command(*names)
    assert (code, f"number {index + 1} of {size}" in output) == (0, True), output
    assert verify_by_script(tmp_path, *names) == (0, f"valid: rank {index + 1} of {size}\n")


CHANGES = [
    ("rank", 2),
    ("participant", "psn_0000000000000009"),
    ("score", 9),
    ("reached_at", 1),
    ("entries", 8),
    ("period", "2026-12"),
    ("root", "00" * 32),
    ("path", []),
]


@pytest.mark.parametrize(("field", "value"), CHANGES)
def test_a_changed_proof_is_refused_by_both(tmp_path: Path, field: str, value: object) -> None:
    """Whatever was changed."""
    proof, closing = files(9, 4)
    names = write(tmp_path, "proof.json", proof | {field: value}), write(tmp_path, "closing.json", closing)
    assert verify_by_command(*names)[0] == 1
    assert verify_by_script(tmp_path, *names)[0] == 1


def test_what_is_no_proof_is_refused_with_its_place(tmp_path: Path) -> None:
    """The message names the file and the field."""
    proof, closing = files(3, 0)
    name = write(tmp_path, "proof.json", proof | {"rank": "first"})
    code, output = verify_by_command(name, write(tmp_path, "closing.json", closing))
    assert code == 1
    assert "proof.json" in output
    assert "$.rank" in output


def draw_file(**secret: str) -> dict[str, object]:
    """Returns a draw among nine people, by the published round of quicknet or by a secret."""
    people = entries(9)
    (block,) = join_parts([people])
    hashes = leaves(block, 1)
    last = hashes[-1]
    if secret:
        random = sha256(bytes.fromhex(secret["secret"]) + last).digest()
        source: dict[str, object] = {**secret, "secret_hash": sha256(bytes.fromhex(secret["secret"])).hexdigest()}
    else:
        random, source = sha256(bytes.fromhex(SIGNATURE)).digest(), {"round": ROUND, "signature": SIGNATURE}
    drawn = [people[index].participant for index in draw_entries([one.score for one in people], 5, random)]
    record = {
        "program": "prg_glow",
        "draw": "spring",
        "metric": "referrals",
        "period": "2023-08",
        "committed_at": "2023-09-01T00:00:00Z",
        "root": root_of(hashes).hex(),
        "entries": 9,
        "tickets": sum(one.score for one in people),
        "winner_places": 2,
        "alternate_places": 3,
        "rule": RULE,
        "last_leaf": last.hex(),
        "randomness": random.hex(),
        "winners": drawn[:2],
        "alternates": drawn[2:],
        **source,
    }
    return {"record": record, "entries": [[one.participant, one.score, one.reached_at] for one in people]}


def verify_draw(folder: Path, content: object) -> tuple[int, str]:
    """Exit code and output of `referral draw verify`."""
    result = CliRunner().invoke(main, ["draw", "verify", write(folder, "draw.json", content)])
    return result.exit_code, result.output


def test_a_draw_by_a_published_round_is_accepted(tmp_path: Path) -> None:
    """A real round of quicknet, offline."""
    code, output = verify_draw(tmp_path, draw_file())
    assert (code, output.startswith("valid: 2 winners and 3 alternates of 9 entries")) == (0, True), output


def test_a_draw_by_a_secret_is_accepted(tmp_path: Path) -> None:
    """The way without drand."""
    assert verify_draw(tmp_path, draw_file(secret="6a" * 32))[0] == 0


def flipped(value: str, bit: int) -> str:
    """A hexadecimal text with one bit changed."""
    return f"{int(value, 16) ^ 1 << bit:0{len(value)}x}"


@pytest.mark.parametrize("field", ["root", "last_leaf", "randomness", "signature"])
@pytest.mark.parametrize("bit", [0, 1, 100, 255])
def test_one_flipped_bit_of_a_draw_is_refused(tmp_path: Path, field: str, bit: int) -> None:
    """Of any hash, and of the signature."""
    content = draw_file()
    record = content["record"]
    assert isinstance(record, dict)
    record[field] = flipped(record[field], bit)
    assert verify_draw(tmp_path, content)[0] == 1


CHANGED_DRAWS = [
    ("round", ROUND + 1),
    ("tickets", 1),
    ("entries", 8),
    ("winner_places", 1),
    ("alternate_places", 4),
    ("rule", "by-hand"),
    ("winners", ["psn_0000000000000000", "psn_0000000000000001"]),
    ("alternates", []),
    ("committed_at", "2026-12-01T00:00:00Z"),
    ("secret_hash", "00" * 32),
    ("randomness", None),
]


@pytest.mark.parametrize(("field", "value"), CHANGED_DRAWS)
def test_a_changed_draw_is_refused(tmp_path: Path, field: str, value: object) -> None:
    """Also a round that was published before the entries were committed to."""
    content = draw_file()
    record = content["record"]
    assert isinstance(record, dict)
    record[field] = value
    code, output = verify_draw(tmp_path, content)
    assert code == 1, output


def test_a_changed_entry_is_refused(tmp_path: Path) -> None:
    """One ticket more for one person."""
    content = draw_file()
    content["entries"][3][1] += 1  # type: ignore[index]
    assert "the entries do not have the root" in verify_draw(tmp_path, content)[1]
