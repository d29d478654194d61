"""docs/adapters.md: its commands, pasted as they stand beside a system that runs, connect four platforms."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conversion_tracker.ingest.adapters.wechat.encrypted_mode import is_encoding_aes_key
from referral_tools.system import free_base
from tests.support.systems.command import run_command
from tests.support.waiting import wait_until

pytestmark = pytest.mark.integration
PAGE = Path("docs/adapters.md")


def _blocks(home: Path, base: int) -> list[str]:
    """The commands; only the ports and the folder are this system's own."""
    text = PAGE.read_text("utf-8").replace("localhost:800", f"localhost:{base // 10}")
    for here, there in (
        ("var/run/8000/", f"{home}/"),
        ("var/run.json", f"{home}/run.json"),
        (".venv/bin/referral", f"{sys.executable} -m referral_tools"),
    ):
        text = text.replace(here, there)
    return re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def _paste(*blocks: str, environ: dict[str, str]) -> list[str]:
    done = subprocess.run(
        ["bash", "-euc", "\n".join(blocks)],
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done
    return done.stdout.splitlines()


def _json(line: str) -> Any:
    return json.loads(line)


def test_the_pages_commands_connect_four_platforms(tmp_path: Path) -> None:
    """WeChat's follow names who brought it, CloudEvents come in all modes, stores report orders, a shop sees what does not map."""
    base = free_base()
    with run_command(tmp_path, base):
        first, token, wechat, ask, aes, cloudevents, store, shop = _blocks(tmp_path, base)
        environ = {"REFERRAL_URL": f"http://localhost:{base}"}
        echo, reply = _paste(first, token, wechat, environ=environ)
        assert echo == "hello"
        assert "欢迎！" in reply
        [key] = _paste(first, aes, 'printf "%s\\n" "$KEY43"', environ=environ)
        assert is_encoding_aes_key(key)
        wait_until(lambda: _referrer(_paste(first, ask, environ=environ)) == "xhs:amy")
        told = [_json(line) for line in _paste(first, cloudevents, environ=environ)]
        assert [answer["accepted"] for answer in told] == [1, 1, 1]
        assert [(one["index"], one["pointer"]) for one in told[1]["rejected"]] == [(1, "/subject")]
        assert _json(_paste(first, store, environ=environ)[-1])["accepted"] == 2
        answer = _json(_paste(first, shop, environ=environ)[-1])
        assert (answer["accepted"], answer["rejected"][0]["pointer"]) == (1, "/events/1/order/total")
        assert [(one["reason"], one["pointer"]) for one in answer["ignored"]] == [("unmapped_type", "/events/2/topic")]


def _referrer(lines: list[str]) -> str | None:
    found = _json(lines[0])
    return (found.get("referrer") or {}).get("external_id")
