"""The front door as a child process: nginx with the configuration of ops/nginx, the same as in docker-compose.yml."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from referral_tools.stack.jars import require
from referral_tools.stack.process import Process

_CONFIGURATION = Path(__file__).resolve().parents[3] / "ops/nginx"
_TEMPLATE = _CONFIGURATION / "templates/front-door.conf.template"
# Requests of one client at the same time: more than a batch client needs, less than the threads of a service.
REQUESTS_PER_CLIENT = 128


def front_door(home: Path, port: int, services: Mapping[str, str], max_body: int) -> Process:
    """nginx before these services (address by name), listening on 127.0.0.1:`port`, not started. Its files are under `home`.

    Raises MissingProgram if nginx is not installed.
    """
    folder = home.resolve() / "nginx"
    (folder / "conf.d").mkdir(parents=True, exist_ok=True)
    shutil.copy(_CONFIGURATION / "nginx.conf", folder)
    (folder / "conf.d/front-door.conf").write_text(render(f"127.0.0.1:{port}", services, max_body))
    command = [_nginx(), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    return Process("front-door", command, home / "logs" / "front-door.log")


def render(listen: str, services: Mapping[str, str], max_body: int) -> str:
    """The configuration with its settings filled in, as envsubst does in the container. nginx's own variables stay."""
    settings = {
        "FRONT_LISTEN": listen,
        "FRONT_MAX_BODY": str(max_body),
        "FRONT_REQUESTS_PER_CLIENT": str(REQUESTS_PER_CLIENT),
        **{name.upper().replace("-", "_"): address.removeprefix("http://") for name, address in services.items()},
    }
    text = _TEMPLATE.read_text()
    for name, value in settings.items():
        text = text.replace(f"${{{name}}}", value)
    return text


def _nginx() -> str:
    """The path of nginx, which Debian installs in a folder that may not be in PATH. Raises MissingProgram."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin") or require("nginx", "nginx-light")
