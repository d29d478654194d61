"""docs/start-platform.md: its commands, pasted as they stand beside a system that runs, lead to the first rewarded referral."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from referral_tools.system import free_base
from tests.support.systems.command import run_command

pytestmark = pytest.mark.integration
PAGE = Path("docs/start-platform.md")


def _script(home: Path, base: int, shop: int) -> str:
    """The commands from the shop on. Addresses and folders are this system's own, and the shop runs in the tests' environment."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)[1:]
    text = "\n".join(blocks)
    for here, there in (
        ("127.0.0.1:8000", f"127.0.0.1:{base}"),
        ("127.0.0.1:5000", f"127.0.0.1:{shop}"),
        ("--port 5000", f"--port {shop}"),
        ("grep -q :5000", f"grep -q :{shop}"),
        (
            ".venv/bin/uv venv -q var/shop && .venv/bin/uv pip install -q --python var/shop flask ./clients/python",
            "export PYTHONPATH=clients/python",
        ),
        ("var/shop/bin/flask", f"{sys.executable} -m flask"),
        (".venv/bin/referral", f"{sys.executable} -m referral_tools"),
        ("var/", f"{home}/"),
    ):
        assert here in text, f"{PAGE} has no {here} any more"
        text = text.replace(here, there)
    background = f"run --port {shop} &\n"
    assert background in text
    return text.replace(background, f"run --port {shop} >/dev/null 2>&1 &\n")


def test_the_pages_commands_lead_to_the_first_rewarded_referral(tmp_path: Path) -> None:
    """Click, sign-up at the shop, referrer, the rewards of both, and a wallet."""
    base = free_base()
    with run_command(tmp_path, base):
        command = ["bash", "-euc", _script(tmp_path, base, free_base())]
        environ = os.environ | {"REFERRAL_PORT_BASE": str(base)}
        with subprocess.Popen(
            command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        ) as process:
            try:
                output, errors = process.communicate(timeout=240)
            finally:
                os.killpg(process.pid, signal.SIGTERM)  # the shop, which the page starts in the background
    lines = output.splitlines()
    assert "shop:amy" in lines, errors
    assert "['discount_code']" in lines
    assert "['guide']" in lines
    assert "/w/" in lines[-1]
