"""A whole system to break: every service process, a keeper that brings the dead back, and the comparison with the oracle."""

import signal
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import httpx
from redis import Redis

from link_issuer.programs.yaml_form import read
from referral.events.program import Program
from referral.program_file.check import check
from referral_tools.demo.fold_wait import FoldWaiter
from referral_tools.oracle import Figures, Oracle
from referral_tools.stack.ports import free_ports
from referral_tools.stack.process import Process
from referral_tools.system import TABLE, System, free_base, is_reachable
from tests.support.chaos.event_feed import Feed
from tests.support.waiting import until

GLOW = Path("examples/programs/glow.yaml")
FOLDS = ("attribute", "screen", "decide", "ledger", "boards", "growth", "activity")
_ROWS = {row.name: row for row in TABLE}


class World:
    """The system under attack. All processes are started and ended by the thread that made it."""

    def __init__(self, home: Path) -> None:
        self.system = System(
            home, free_base(), {"REFERRAL_LOG_LEVEL": "warning", "REFERRAL_PARTITIONS": "4"}, Path("var")
        )
        self.processes: dict[str, Process] = {}
        self.deaths = 0
        self._serial = 0
        self._altered: set[str] = set()

    def __enter__(self) -> "World":
        self.system.__enter__()
        self.processes = dict(self.system.processes)
        self.key = self.system.make_key("chaos")
        self.http = httpx.Client(headers={"Authorization": f"Bearer {self.key}"}, timeout=10)
        return self

    def __exit__(self, *error: object) -> None:
        for process in self.processes.values():
            process.kill()
        self.system.stop()

    def new_program(self) -> str:
        """Applies the seed programme under an id of its own, in force at once."""
        self._serial += 1
        content = read(GLOW.read_text()).content
        assert isinstance(content, dict)
        # Everybody comes within one minute here, and the oracle holds nobody.
        unhurried = content["screening"] | {"velocity_per_minute": {"action": "ignore"}}
        rules = content | {"id": f"prg_chaos{self._serial}", "screening": unhurried}
        answer = self.http.put(f"{self.system.services['link-issuer']}/v1/programs/{rules['id']}", json=rules)
        assert answer.status_code in (200, 201), answer.text
        self.rules = rules
        in_force = datetime.fromisoformat(answer.json()["effective_from"])
        until(lambda: datetime.now(UTC) > in_force, 10)
        return str(rules["id"])

    def restart(self, name: str, environ: Mapping[str, str] | None = None, wrap: tuple[str, ...] = ()) -> None:
        """Starts a process anew, with other settings or under another module."""
        (self._altered.add if environ or wrap else self._altered.discard)(name)
        self.processes[name].kill()
        self.processes[name] = self.system.process(_ROWS[name], environ, wrap).start()

    def until_ready(self, *names: str) -> None:
        """Returns once these processes are ready: folds have their partitions, services answer.

        Whatever dies meanwhile (at a failpoint, a tick suffices) comes back, as it would under an orchestrator.
        """
        for name in names:
            until(lambda name=name: self._ready_or_revived(name), 90)  # type: ignore[misc]

    def _ready_or_revived(self, name: str) -> bool:
        self.revive()
        return self.ready(name)

    def ready(self, name: str) -> bool:
        """Whether a process says that it is ready."""
        return is_reachable(f"{self.system.address(name)}/readyz")

    def revive(self) -> None:
        """Brings the dead back, as an orchestrator would, with what they were started with."""
        for process in self.processes.values():
            if not process.alive:
                self.deaths += 1
                process.start()

    def kill(self, name: str) -> None:
        """SIGKILL."""
        self.processes[name].kill()

    def signal(self, name: str, number: signal.Signals) -> None:
        """SIGSTOP or SIGCONT."""
        self.processes[name].signal(number)

    def second(self, name: str) -> None:
        """A second worker of a fold, in a slot of its own."""
        row = _ROWS[name]
        (port,) = free_ports(1)
        environ = {"REFERRAL_WORKER": "2", "REFERRAL_METRICS_PORT": str(port)}
        self.processes[f"{name}-2"] = self.system.process(row, environ).start()

    def flush(self) -> None:
        """FLUSHALL: Redis forgets everything at once."""
        with Redis.from_url(self.system.stack.redis) as redis:
            redis.flushall()

    def places(self) -> int:
        """How many referrers the all-time board of the program shows."""
        board = f"{self.system.services['leaderboard']}/v1/programs/{self.rules['id']}/boards/referrals?period=all"
        return len(self._get(board)["entries"])

    def attack(self, feed: Feed, blow: Callable[[], None], rest: float = 0.25) -> None:
        """Lets the feed play in a thread while blows fall, `rest` seconds apart; ends when all was accepted."""
        failed: list[BaseException] = []

        def play() -> None:
            try:
                feed.play()
            except BaseException as error:  # noqa: BLE001 - it is raised again below, in the test's own thread
                failed.append(error)
                feed.done.set()

        player = threading.Thread(target=play, daemon=True)
        player.start()
        while not feed.done.wait(rest):
            blow()
            self.revive()
        player.join()
        if failed:
            raise failed[0]

    def settle(self, but: tuple[str, ...] = ()) -> None:
        """All processes as they should be (`but` those as they are), and everything folded."""
        for name in list(self.processes):
            if name.endswith("-2"):
                self.processes.pop(name).terminate()
            elif name in self._altered and name not in but:
                self.restart(name)
        self.revive()
        self.until_ready(*self.processes)
        with FoldWaiter(self.system.settings) as watch:
            watch.until_folded()

    def mend_and_compare(self, feed: Feed, but: tuple[str, ...] = ()) -> tuple[dict[str, object], dict[str, object]]:
        """Figures after everything has settled; mutants named in `but` stay what they are."""
        self.settle(but)
        return self.figures(feed)

    def figures(self, feed: Feed) -> tuple[dict[str, object], dict[str, object]]:
        """(the system's figures over HTTP, the oracle's) of the feed's program."""
        program = _program(self.rules)
        return self._shown(program), _told(Oracle(program).facts(feed.journal))

    def _shown(self, program: Program) -> dict[str, object]:
        board, rewards = self.system.services["leaderboard"], self.system.services["reward-dispatcher"]
        insights = self._get(f"{board}/v1/programs/{program.id}/insights")
        entries = self._get(f"{board}/v1/programs/{program.id}/boards/referrals?period=all&limit=100")["entries"]
        summary = self._get(f"{rewards}/v1/programs/{program.id}/rewards/summary")
        return {
            "board": [(one["rank"], one["external_id"], one["score"]) for one in entries],
            "followers": insights["followers"],
            "referred": insights["referred"],
            "posts": insights["posts"],
            "rewards": {
                rule: sum(n for s, n in by.items() if s != "revoked") for rule, by in summary["by_rule"].items()
            },
        }

    def _get(self, url: str) -> dict:  # type: ignore[type-arg]
        answer = self.http.get(url)
        assert answer.status_code == 200, f"{url}: {answer.status_code} {answer.text}"
        return answer.json()  # type: ignore[no-any-return]


def _told(figures: Figures) -> dict[str, object]:
    return {
        "board": [(one.rank, one.external_id, one.score) for one in figures.boards.get("all", [])],
        "followers": figures.followers,
        "referred": figures.referred,
        "posts": figures.posts,
        "rewards": dict(figures.rewards_by_rule),
    }


def _program(rules: dict[str, object]) -> Program:
    program = check(rules).program
    assert program is not None
    return program
