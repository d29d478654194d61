"""The demo from beginning to end: boot, play, wait, recompute, compare, show, stay."""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import yaml
from rich.console import Console

from link_issuer.programs.yaml_form import read_yaml
from referral.clock import FileClock
from referral.events.timestamps import to_ms
from referral_tools.campaign.client import Client
from referral_tools.campaign.model import CampaignModel
from referral_tools.campaign.player import Player
from referral_tools.campaign.receiver import run_receiver
from referral_tools.campaign.simulation import Simulation
from referral_tools.demo.comparison import ComparisonResult
from referral_tools.demo.data_folder import CLOCK, empty_folder
from referral_tools.demo.figure_checks import compare_figures
from referral_tools.demo.fold_wait import FoldWaiter
from referral_tools.demo.log_readings import LogReadings
from referral_tools.demo.measured_ledger import budget_limits, measured_ledger
from referral_tools.demo.progress import show_phase, show_progress
from referral_tools.demo.report import (
    CampaignSpan,
    show_addresses,
    show_scenes,
    show_start,
    show_summary,
    show_verdict,
    summary,
    write,
)
from referral_tools.demo.system_figures import SystemFigures
from referral_tools.oracle import Oracle
from referral_tools.reconciliation import reconcile
from referral_tools.run_file import RUN_FILE
from referral_tools.service_client import ServiceClient
from referral_tools.stack.ports import refuse_taken
from referral_tools.system import PORTS, System

_DELIVERED_WITHIN_S = 120.0  # the next message, on a busy machine
_LOOK_S = 0.2
_SET_UP = timedelta(hours=2)  # between the program's first version and the first follow


@dataclass(frozen=True, slots=True)
class Demo:
    """A campaign on fresh data in `home`; it ends at the last midnight of the program's zone."""

    home: Path
    port_base: int
    program: Path
    seed: int = 7
    model: CampaignModel = field(default_factory=CampaignModel)
    console: Console = field(default_factory=Console)

    def run(self, *, stay: bool) -> bool:
        """Whether the system and the oracle agree. Stays up until Ctrl-C if requested."""
        started = time.monotonic()
        clock = self._prepare()
        simulated = {"REFERRAL_CLOCK": f"file:{self._clock_file}"}
        with System(self.home, self.port_base, simulated, compact=True) as system:
            running = system.describe(system.make_key())
            with running.written_to(RUN_FILE, self.home / RUN_FILE.name):
                show_start(self.console, running, self._program_id, time.monotonic() - started)
                reader = ServiceClient(system.front, running.api_key)
                with Client(system.front, running.api_key) as client:
                    verdict = self._verify(system, client, reader, clock, started)
                if stay:
                    show_addresses(self.console, system, running)
                    system.wait()
        return verdict.agrees

    def _prepare(self) -> FileClock:
        """Empties the data folder, and sets the clock to when the campaign is set up. Raises NotADemoFolder."""
        refuse_taken(tuple(self.port_base + port for port in PORTS))
        empty_folder(self.home)
        clock = FileClock(self._clock_file)
        clock.set(to_ms(self._end - timedelta(days=self.model.days) - _SET_UP))
        return clock

    def _verify(
        self, system: System, client: Client, reader: ServiceClient, clock: FileClock, started: float
    ) -> ComparisonResult:
        """Plays, waits, recomputes, compares; shows the table and writes the summary."""
        program = client.apply(self._program_id, self.program.read_text())
        figures_now = SystemFigures(client, program.id)
        with FoldWaiter(system.settings) as watch, run_receiver() as receiver:
            webhook, receiver.secret = client.register_webhook(program.id, receiver.url)
            player = Player(client, clock, self._document, watch.until_folded, receiver)
            steps = list(Simulation(self.model, program, self.seed, self._end).steps())
            played = player.play(show_progress(steps, self.console, lambda: figures_now.insights().followers))
            clock.set(0)
            with show_phase(self.console, "Waiting until every fact is counted and every webhook message is accepted"):
                self._wait_for_deliveries(figures_now, webhook, watch)
        log = LogReadings(system.settings, program.id)
        played.journal.conversions = log.conversions()
        with show_phase(self.console, "Computing every figure again from what was accepted"):
            figures = Oracle(program, figures_now.person_id).facts(played.journal)
        ledger = measured_ledger(
            log.rewards(),
            budget_limits(program, steps),
            log.pools(),
            played.scenes,
            receiver,
            figures_now.webhook(webhook),
            reconcile(system.settings, reader, program.id),
        )
        with show_phase(self.console, "Comparing figures, boards, wallets and balances"):
            verdict = compare_figures(figures_now, figures, played, ledger, self.seed)
        show_verdict(self.console, verdict)
        found = summary(verdict, figures_now, self._span, played, figures, ledger, time.monotonic() - started)
        show_summary(self.console, found)
        show_scenes(self.console, ledger)
        write(found, self.home / "summary.json")
        return verdict

    def _wait_for_deliveries(self, figures_now: SystemFigures, webhook: str, watch: FoldWaiter) -> None:
        """Returns once everything is folded and no message waits for an attempt, or once two minutes pass without a delivery."""
        watch.until_folded()
        least, deadline = figures_now.webhook(webhook).waiting, time.monotonic() + _DELIVERED_WITHIN_S
        while (waiting := figures_now.webhook(webhook).waiting) and time.monotonic() < deadline:
            if waiting < least:
                least, deadline = waiting, time.monotonic() + _DELIVERED_WITHIN_S
            time.sleep(_LOOK_S)
        watch.until_folded()

    @property
    def _document(self) -> dict[str, object]:
        return msgspec.convert(read_yaml(self.program.read_text()).content, dict[str, object])

    @property
    def _span(self) -> CampaignSpan:
        first = self._end.date() - timedelta(days=self.model.days)
        days = [(first + timedelta(days=day)).isoformat() for day in range(self.model.days)]
        return CampaignSpan(days, self.model.base_followers)

    @property
    def _clock_file(self) -> Path:
        return self.home.resolve() / CLOCK

    @property
    def _program_id(self) -> str:
        return str(yaml.safe_load(self.program.read_text())["id"])

    @property
    def _end(self) -> datetime:
        zone = ZoneInfo(yaml.safe_load(self.program.read_text())["timezone"])
        return datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0)
