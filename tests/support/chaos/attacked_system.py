"""A whole system to attack: every service process, restarts of dead ones, and the comparison with the oracle."""

import signal
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import httpx

from link_issuer.programs.yaml_form import read_yaml
from referral.events.program import Program
from referral.program_file.check import check_program_file
from referral.redis_client import connect_for_folds
from referral_tools.demo.fold_wait import FoldWaiter
from referral_tools.oracle import Figures, Oracle
from referral_tools.stack.ports import free_ports
from referral_tools.stack.process import Process
from referral_tools.system import System, free_base
from tests.support.chaos.event_feed import EventFeed
from tests.support.redis_servers import empty
from tests.support.settings import GLOW_FILE
from tests.support.waiting import wait_until

_OVERRIDES = {"REFERRAL_LOG_LEVEL": "warning", "REFERRAL_PARTITIONS": "4", "REFERRAL_ERASE_WITHIN_S": "8"}
FOLDS = ("attribute", "screen", "decide", "ledger", "pools", "boards", "growth", "activity", "experiments")


class AttackedSystem:
    """The system under attack. Only the thread that created it starts and ends processes."""

    def __init__(self, home: Path, *, cluster: bool = False, **settings: str) -> None:
        self.system = System(home, free_base(), {**_OVERRIDES, **settings}, Path("var"), cluster=cluster)
        self._rows = {row.name: row for row in self.system.rows}
        self.processes: dict[str, Process] = {}
        self.deaths = 0
        self._serial = 0
        self._altered: set[str] = set()
        self._added: set[str] = set()

    def __enter__(self) -> "AttackedSystem":
        self.system.__enter__()
        self.processes = dict(self.system.processes)
        self.key = self.system.make_key("chaos")
        self.http = httpx.Client(headers={"Authorization": f"Bearer {self.key}"}, timeout=150)
        return self

    def __exit__(self, *error: object) -> None:
        for process in self.processes.values():
            process.kill()
        self.system.stop()

    def new_program(self) -> str:
        """Applies the example program under a new id, in force at once; returns the id."""
        self._serial += 1
        content = read_yaml(GLOW_FILE.read_text("utf-8")).content
        assert isinstance(content, dict)
        # All events of a test fall within one minute, and the oracle holds no conversions.
        screening = content["screening"] | {"velocity_per_minute": {"action": "ignore"}}
        rules = content | {"id": f"prg_chaos{self._serial}", "screening": screening}
        answer = self.http.put(f"{self.system.services['link-issuer']}/v1/programs/{rules['id']}", json=rules)
        assert answer.status_code in (200, 201), answer.text
        self.rules = rules
        in_force = datetime.fromisoformat(answer.json()["effective_from"])
        wait_until(lambda: datetime.now(UTC) > in_force)
        return str(rules["id"])

    def restart(self, name: str, environ: Mapping[str, str] | None = None, wrap: tuple[str, ...] = ()) -> None:
        """Restarts a process, with other settings or wrapped by another module."""
        (self._altered.add if environ or wrap else self._altered.discard)(name)
        self.processes[name].kill()
        self.processes[name] = self.system.process(self._rows[name], environ, wrap).start()

    def wait_until_ready(self, *names: str) -> None:
        """Returns once these processes are ready; those that die at a failpoint are restarted, as by an orchestrator."""
        for name in names:
            wait_until(lambda name=name: self._restart_and_check(name))  # type: ignore[misc]

    def _restart_and_check(self, name: str) -> bool:
        self.restart_dead()
        return self.is_ready(name)

    def is_ready(self, name: str) -> bool:
        """Returns whether a process is ready."""
        return self.system.is_ready(name)

    def restart_dead(self) -> None:
        """Restarts dead processes with the same settings; `deaths` counts them."""
        for process in self.processes.values():
            if not process.alive:
                self.deaths += 1
                process.start()

    def kill(self, name: str) -> None:
        """Kills a process (SIGKILL)."""
        self.processes[name].kill()

    def signal(self, name: str, number: signal.Signals) -> None:
        """Sends SIGSTOP or SIGCONT to a process."""
        self.processes[name].signal(number)

    def start_second_worker(self, name: str) -> None:
        """Starts a second worker of a fold."""
        row = self._rows[name]
        (port,) = free_ports(1)
        environ = {"REFERRAL_WORKER": "2", "REFERRAL_METRICS_PORT": str(port)}
        self._added.add(f"{name}-2")
        self.processes[f"{name}-2"] = self.system.process(row, environ).start()

    def flush(self) -> None:
        """Empties Redis."""
        with connect_for_folds(self.system.settings) as redis:
            empty(redis)

    def board_size(self) -> int:
        """Returns the number of referrers on the program's all-time board."""
        board = f"{self.system.services['leaderboard']}/v1/programs/{self.rules['id']}/boards/referrals?period=all"
        return len(self._get(board)["entries"])

    def attack(self, feed: EventFeed, inject_fault: Callable[[], None], pause_s: float = 0.25) -> None:
        """Runs the feed in a thread and injects faults, `pause_s` seconds apart, until all events are accepted."""
        failed: list[BaseException] = []

        def play() -> None:
            try:
                feed.play()
            except BaseException as error:  # noqa: BLE001 - it is raised again below, in the test's own thread
                failed.append(error)
                feed.done.set()

        player = threading.Thread(target=play, daemon=True)
        player.start()
        while not feed.done.wait(pause_s):
            inject_fault()
            self.restart_dead()
        player.join()
        if failed:
            raise failed[0]

    def restore(self, except_for: tuple[str, ...] = ()) -> None:
        """Restores all processes (`except_for` these) to their settings; returns once everything is folded."""
        for name in list(self.processes):
            if name in self._added:
                self._added.remove(name)
                self.processes.pop(name).terminate()
            elif name in self._altered and name not in except_for:
                self.restart(name)
        self.restart_dead()
        self.wait_until_ready(*self.processes)
        with FoldWaiter(self.system.settings) as watch:
            watch.until_folded()

    def figures(self, feed: EventFeed) -> tuple[dict[str, object], dict[str, object]]:
        """Returns the figures of the feed's program: the system's over HTTP, and the oracle's."""
        program = _program(self.rules)
        return self._read_figures(program), _oracle_figures(Oracle(program, self.person_id).facts(feed.journal))

    def person_id(self, external_id: str) -> str:
        """Returns the person id of an external id in the program."""
        people = f"{self.system.services['conversion-tracker']}/v1/programs/{self.rules['id']}/people"
        return str(self._get(f"{people}/{external_id}")["id"])

    def _read_figures(self, program: Program) -> dict[str, object]:
        board, rewards = self.system.services["leaderboard"], self.system.services["reward-dispatcher"]
        insights = self._get(f"{board}/v1/programs/{program.id}/insights")
        entries = self._get(f"{board}/v1/programs/{program.id}/boards/referrals?period=all&limit=100")["entries"]
        summary = self._get(f"{rewards}/v1/programs/{program.id}/rewards/summary")
        return {
            "board": [(one["rank"], one["external_id"], one["score"]) for one in entries],
            "followers": insights["followers"],
            "referred": insights["referred"],
            "posts": insights["posts"],
            "rewards": _above_zero(
                {rule: sum(n for s, n in by.items() if s != "revoked") for rule, by in summary["by_rule"].items()}
            ),
        }

    def _get(self, url: str) -> dict:  # type: ignore[type-arg]
        answer = self.http.get(url)
        assert answer.status_code == 200, f"{url}: {answer.status_code} {answer.text}"
        return answer.json()  # type: ignore[no-any-return]


def _oracle_figures(figures: Figures) -> dict[str, object]:
    return {
        "board": [(one.rank, one.external_id, one.score) for one in figures.boards.get("all", [])],
        "followers": figures.followers,
        "referred": figures.referred,
        "posts": figures.posts,
        "rewards": _above_zero(figures.rewards_by_rule),
    }


def _above_zero(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def _program(rules: dict[str, object]) -> Program:
    program = check_program_file(rules).program
    assert program is not None
    return program
