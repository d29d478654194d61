"""The demo from beginning to end: boot, play, wait, recompute, compare, show, stay."""

import time
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import yaml
from rich.console import Console

from link_issuer.programs.yaml_form import read_yaml
from referral.clock import FileClock
from referral.events.program import Program
from referral.events.timestamps import to_ms
from referral.verification.draw_proof import DrawFile
from referral_tools.campaign.client import Client
from referral_tools.campaign.mailbox import Mailboxes, run_mailboxes
from referral_tools.campaign.model import CampaignModel
from referral_tools.campaign.player import Player
from referral_tools.campaign.receiver import run_receiver
from referral_tools.campaign.simulation import Simulation
from referral_tools.campaign.staged_program import DRAW, draw_secret, staged_program
from referral_tools.demo.closing_checks import compare_closings, last_closed_month, verify_closings
from referral_tools.demo.comparison import ComparisonResult
from referral_tools.demo.data_folder import CLOCK, empty_folder
from referral_tools.demo.figure_checks import compare_figures
from referral_tools.demo.fold_wait import FoldWaiter
from referral_tools.demo.insight_checks import check_insights, compare_insights
from referral_tools.demo.log_readings import LogReadings
from referral_tools.demo.measured_ledger import budget_limits, measured_ledger
from referral_tools.demo.progress import show_phase, show_progress
from referral_tools.demo.report import (
    CampaignSpan,
    Verified,
    show_addresses,
    show_scenes,
    show_start,
    show_summary,
    show_verdict,
    summary,
    write,
)
from referral_tools.demo.system_figures import SystemFigures
from referral_tools.demo.wechat_account import wechat_player, wechat_stand_in, with_account
from referral_tools.draw_file import fetch_draw
from referral_tools.oracle import Oracle
from referral_tools.published_figures.claims_page import published_page
from referral_tools.published_figures.measure import PlayedCampaign, measure_claims
from referral_tools.published_figures.retention import retention
from referral_tools.published_figures.seeds import followers_without_sharing, play_seeds
from referral_tools.reconciliation import reconcile
from referral_tools.run_file import RUN_FILE
from referral_tools.service_client import ServiceClient
from referral_tools.stack.ports import refuse_taken
from referral_tools.system import PORTS, System
from referral_tools.wechat_stand_in.account import Account

_DELIVERED_WITHIN_S = 120.0  # the next message, on a busy machine
_LOOK_S = 0.2
_LOOK_MOVES_MS = 10_000
_SETTLE = timedelta(hours=1)
_SET_UP = timedelta(hours=2)  # between the program's first version and the first follow


@dataclass(frozen=True, slots=True)
class Demo:
    """A campaign on fresh data in `home` that ends with `last_day`; by default the last one that is over for an hour.

    `figures_page` is where to write the published claims beside what was measured.
    """

    home: Path
    port_base: int
    program: Path
    seed: int = 7
    last_day: date | None = None
    figures_page: Path | None = None
    model: CampaignModel = field(default_factory=CampaignModel)
    console: Console = field(default_factory=Console)

    def run(self, *, stay: bool) -> bool:
        """Whether the system and the oracle agree. Stays up until Ctrl-C if requested."""
        started = time.monotonic()
        clock = self._prepare()
        with (
            run_mailboxes() as mailboxes,
            wechat_stand_in(clock) as (account, wechat_api),
            System(
                self.home, self.port_base, self._environment(wechat_api) | mailboxes.settings(), compact=True
            ) as system,
        ):
            running = system.describe(system.make_key())
            with running.written_to(RUN_FILE, self.home / RUN_FILE.name):
                show_start(self.console, running, self._program_id, time.monotonic() - started)
                reader = ServiceClient(system.front, running.api_key)
                with Client(system.front, running.api_key) as client:
                    verdict = self._verify(system, client, reader, clock, account, started, mailboxes)
                clock.set(0)
                if stay:
                    show_addresses(self.console, system, running)
                    system.wait()
        return verdict.agrees

    def _environment(self, wechat_api: str) -> dict[str, str]:
        """The settings of the simulation, for all processes."""
        return {"REFERRAL_CLOCK": f"file:{self._clock_file}", "REFERRAL_WECHAT_API": wechat_api}

    def _prepare(self) -> FileClock:
        """Empties the data folder, and sets the clock to when the campaign is set up. Raises NotADemoFolder."""
        refuse_taken(tuple(self.port_base + port for port in PORTS))
        empty_folder(self.home)
        clock = FileClock(self._clock_file)
        clock.set(to_ms(self._end - timedelta(days=self.model.days) - _SET_UP))
        return clock

    def _verify(
        self,
        system: System,
        client: Client,
        reader: ServiceClient,
        clock: FileClock,
        account: Account,
        started: float,
        mailboxes: Mailboxes,
    ) -> ComparisonResult:
        """Plays, waits, recomputes, compares; shows the table and writes the summary."""
        document = self._document
        program = client.apply(self._program_id, msgspec.json.encode(document).decode())
        figures_now = SystemFigures(client, program.id)
        with FoldWaiter(system.settings) as watch, run_receiver() as receiver:
            webhook, receiver.secret = client.register_webhook(program.id, receiver.url)
            steps = list(Simulation(self.model, program, self.seed, self._end).steps())
            wechat = wechat_player(system, client, program.id, account, clock, len(steps))
            player = Player(client, clock, document, watch.until_folded, receiver, wechat)
            played = player.play(show_progress(steps, self.console, lambda: figures_now.insights().followers))
            log = LogReadings(system.settings, program.id)
            with show_phase(self.console, "Waiting until every fact is counted and every webhook message is accepted"):
                watch.until_folded()
                draw = self._hold_draw(client, reader, program, log)
                self._wait_for_deliveries(figures_now, webhook, watch, clock)
                watch.tick(clock, to_ms(self._comparison_time))
        with show_phase(self.console, "Verifying closed boards and proofs of ranks"):
            closings = verify_closings(figures_now, program, log.closed_boards(), log.board_steps(), draw, self.seed)
        played.journal.conversions, played.journal.looks = log.conversions(), log.looks(program)
        played.journal.draws, played.journal.clock = list(closings.draws), self._comparison_time
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
            insights = check_insights(figures_now, figures.insights, self._first_day, self._end.date())
            compare_insights(verdict, insights)
            compare_closings(verdict, closings, figures.boards, self._comparison_time)
        show_verdict(self.console, verdict)
        verified, seconds = Verified(closings, insights, mailboxes), time.monotonic() - started
        found = summary(verdict, figures_now, self._span, played, figures, ledger, verified, seconds)
        show_summary(self.console, found)
        show_scenes(self.console, ledger)
        write(found, self.home / "summary.json")
        if self.figures_page is not None:
            with show_phase(self.console, "Measuring the published claims, and playing the campaign with other seeds"):
                campaign = self._played_campaign(program, log)
                people = sorted({place.participant for place in figures.boards.get("all", ())})
                claims = measure_claims(figures_now, campaign, people)
            page = published_page(claims, self.seed, campaign.last_day, found.insights_checked, agree=found.agree)
            self.figures_page.write_text(page, encoding="utf-8")
        return verdict

    def _played_campaign(self, program: Program, log: LogReadings) -> PlayedCampaign:
        start = self._end - timedelta(days=self.model.days)
        return PlayedCampaign(
            model=self.model,
            first_day=self._first_day,
            last_day=self._end.date() - timedelta(days=1),
            followers_before=self.model.base_followers,
            retention=retention(log.verdicts(), start, self._end),
            without_sharing=followers_without_sharing(self.model, program, self.seed, self._end),
            seeds=play_seeds(self.model, program, self._end),
        )

    def _hold_draw(
        self, client: Client, reader: ServiceClient, program: Program, log: LogReadings
    ) -> tuple[DrawFile, bytes] | None:
        """Holds the draw of the last month with a closed board, with its secret; None if the program has no such draw."""
        month = last_closed_month(log.closed_boards())
        if month is None or not any(draw.id == DRAW for draw in program.draws):
            return None
        secret = draw_secret(self.seed)
        client.hold_draw(program.id, DRAW, month, secret)
        return fetch_draw(reader, program.id, DRAW, month), secret

    def _wait_for_deliveries(
        self, figures_now: SystemFigures, webhook: str, watch: FoldWaiter, clock: FileClock
    ) -> None:
        """Returns once everything is folded and no message waits for an attempt, or once two minutes pass without a delivery.

        Time goes on, for attempts that are due later, up to the moment at which everything is compared.
        """
        watch.until_folded()
        least, deadline = figures_now.webhook(webhook).waiting, time.monotonic() + _DELIVERED_WITHIN_S
        while (waiting := figures_now.webhook(webhook).waiting) and time.monotonic() < deadline:
            if waiting < least:
                least, deadline = waiting, time.monotonic() + _DELIVERED_WITHIN_S
            clock.set(min(clock.now_ms() + _LOOK_MOVES_MS, to_ms(self._comparison_time)))
            time.sleep(_LOOK_S)
        watch.until_folded()

    @property
    def _document(self) -> dict[str, object]:
        document = msgspec.convert(read_yaml(self.program.read_text()).content, dict[str, object])
        return with_account(staged_program(document, self.model, self.seed, self._first_day))

    @property
    def _first_day(self) -> date:
        return self._end.date() - timedelta(days=self.model.days)

    @property
    def _comparison_time(self) -> datetime:
        """When everything is compared: the clock is stopped, so that both sides count the same windows."""
        return self._end + _SETTLE

    @property
    def _span(self) -> CampaignSpan:
        days = [(self._first_day + timedelta(days=day)).isoformat() for day in range(self.model.days)]
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
        last = self.last_day or (datetime.now(zone) - _SETTLE).date() - timedelta(days=1)
        return datetime.combine(last + timedelta(days=1), datetime.min.time(), zone)
