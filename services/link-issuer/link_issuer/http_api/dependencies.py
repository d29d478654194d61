"""What the views of this service use beside the shared context: one instance per process, an extension of the app."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import msgspec
from flask import Flask, current_app

from link_issuer.click_limit import ClickLimit
from link_issuer.closed_mailbox_reader import ClosedMailboxReader
from link_issuer.console_parts import ConsoleParts, Part
from link_issuer.domain.experiment_assignment import DecisionLookup
from link_issuer.group_visit_limit import GroupVisitLimit
from link_issuer.http_api.redirect.redirect_resolver import RedirectResolver
from link_issuer.join_mails import JoinMails
from link_issuer.join_rate_limit import JoinMailLimit, JoinRateLimit
from link_issuer.operators import Operators
from link_issuer.person_parts import PersonParts
from link_issuer.pictures import Pictures
from link_issuer.privacy.erasure import Erasure
from link_issuer.privacy.follow_up_schedule import FollowUpSchedule
from link_issuer.privacy.follow_up_worker import FollowUpWorker
from link_issuer.program_drafts import ProgramDrafts
from link_issuer.scene_requests import SceneRequests
from link_issuer.share_rate_limit import ShareRateLimit
from link_issuer.sign_in import SignIn
from link_issuer.store import Store
from link_issuer.studio_parts import StudioParts
from link_issuer.usage_counter import UsageCounter
from referral.banned_people import BannedPeople
from referral.console.audit_log import AuditLog
from referral.console.audit_reader import AuditReader
from referral.console.guard import init_console
from referral.console.session_store import SessionStore
from referral.decided_experiments import DecidedExperiments
from referral.events.facts import ClickReclassed, ContentShared, fact_key
from referral.http.concurrency_limit import ConcurrencyLimit
from referral.http.context import Context
from referral.log.reader_pool import LogReaderPool
from referral.telemetry.metrics import counter
from referral.tokens import TokenSigner
from referral.topics import EVENTS

_NAME = "link-issuer"
MAX_EXPORTS = 2  # at the same time: each reads the log
MAX_PASSWORDS = 4  # hashed at the same time: each takes 19 MiB and a processor for 50 ms


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Clients and settings of the views. `public_url` is where people reach this service, without a trailing slash."""

    store: Store
    redirect_resolver: RedirectResolver
    usage_counter: UsageCounter
    share_rate_limit: ShareRateLimit
    join_rate_limit: JoinRateLimit
    join_mail_limit: JoinMailLimit
    join_mails: JoinMails
    scene_requests: SceneRequests
    closed_mailboxes: ClosedMailboxReader
    group_visit_limit: GroupVisitLimit
    pictures: Pictures
    public_url: str
    erasure: Erasure
    exports: ConcurrencyLimit
    operators: Operators
    audit: AuditLog
    audit_reader: AuditReader
    passwords: ConcurrencyLimit
    sign_in: SignIn
    console_parts: ConsoleParts
    person_parts: PersonParts
    banned: BannedPeople
    experiments: DecidedExperiments
    drafts: ProgramDrafts
    studio_parts: StudioParts

    @property
    def signer(self) -> TokenSigner:
        """Signs click and share tokens."""
        return self.redirect_resolver.signer

    def send(self, line: ContentShared) -> None:
        """Returns once the log has the fact. Raises NotDurable or Overloaded."""
        self.redirect_resolver.publisher.publish(EVENTS, [(fact_key(line), msgspec.json.encode(line))])
        counter("ingest_accepted").inc()

    def send_all(self, lines: Sequence[ClickReclassed]) -> None:
        """Returns once the log has all lines. Raises NotDurable or Overloaded; then some may have been written."""
        if lines:
            keyed = [(fact_key(line), msgspec.json.encode(line)) for line in lines]
            self.redirect_resolver.publisher.publish(EVENTS, keyed)

    def decided_variants(self, program: str) -> DecisionLookup:
        """Finds the variants that experiments of a program were decided for."""
        return partial(self.experiments.variant, program)

    def link_url(self, code: str) -> str:
        """The link of a code, which people share."""
        return f"{self.public_url}/{code}"

    def share_page_url(self, code: str) -> str:
        """The URL of a code's share page."""
        return f"{self.public_url}/s/{code}"


def init_app(app: Flask) -> Flask:
    """Adds the dependencies to an app made by `create_app`, and returns it."""
    shared: Context = app.extensions["referral"]
    store = Store(shared.follower, shared.catalog_writer(), shared.people_writer(), shared.redis)
    resolver = _redirect_resolver(shared)
    audit = AuditLog(resolver.publisher, shared.clock)
    log_readers = LogReaderPool(shared.settings, clients=2)
    shared.on_close(log_readers.close)
    join_mails = JoinMails(shared.settings)
    shared.on_close(join_mails.stop)
    scene_requests = SceneRequests()
    shared.on_close(scene_requests.stop)
    init_console(app, audit)
    app.extensions[_NAME] = Dependencies(
        store=store,
        redirect_resolver=resolver,
        usage_counter=UsageCounter(shared.redis),
        share_rate_limit=ShareRateLimit(shared.redis),
        join_rate_limit=JoinRateLimit(shared.redis),
        join_mail_limit=JoinMailLimit(shared.redis),
        join_mails=join_mails,
        scene_requests=scene_requests,
        closed_mailboxes=ClosedMailboxReader(shared.redis, shared.settings.partitions),
        group_visit_limit=GroupVisitLimit(shared.redis),
        pictures=Pictures(),
        public_url=shared.settings.public_url.rstrip("/"),
        erasure=_erasure(shared),
        exports=ConcurrencyLimit("exports of people", MAX_EXPORTS),
        operators=Operators(store, shared.follower, shared.key_ring, shared.pseudonyms, shared.clock),
        audit=audit,
        audit_reader=AuditReader(log_readers),
        console_parts=_console_parts(shared),
        person_parts=_person_parts(shared),
        sign_in=SignIn(shared.key_ring, SessionStore(shared.redis)),
        banned=BannedPeople(shared.redis, shared.settings.partitions),
        experiments=DecidedExperiments(shared.redis, shared.settings.partitions),
        drafts=ProgramDrafts(shared.redis),
        studio_parts=_studio_parts(shared),
        passwords=ConcurrencyLimit("passwords being checked", MAX_PASSWORDS),
    )
    return app


def _console_parts(shared: Context) -> ConsoleParts:
    settings = shared.settings
    addresses: dict[Part, str] = {
        "review": settings.conversion_tracker,
        "rewards": settings.reward_dispatcher,
        "boards": settings.leaderboard,
    }
    parts = ConsoleParts(addresses, settings.proxies)
    shared.on_close(parts.close)
    return parts


def _person_parts(shared: Context) -> PersonParts:
    settings = shared.settings
    parts = PersonParts(
        {"referrals": settings.conversion_tracker, "rewards": settings.reward_dispatcher}, settings.proxies
    )
    shared.on_close(parts.close)
    return parts


def _studio_parts(shared: Context) -> StudioParts:
    settings = shared.settings
    parts = StudioParts(settings.conversion_tracker, settings.reward_dispatcher, settings.proxies)
    shared.on_close(parts.close)
    return parts


def _erasure(shared: Context) -> Erasure:
    schedule = FollowUpSchedule(shared.redis, shared.settings)
    writers = shared.people_writer(), shared.catalog_writer()
    erasure = Erasure(shared.follower, writers, shared.redis, schedule, shared.clock)
    shared.on_close(FollowUpWorker(erasure, schedule, shared.settings.erase_within_s).start().stop)
    return erasure


def _redirect_resolver(shared: Context) -> RedirectResolver:
    signer, limit = TokenSigner(shared.key_ring), ClickLimit(shared.settings.clicks_per_minute)
    return RedirectResolver(shared.clock, signer, shared.publisher(), limit)


def dependencies() -> Dependencies:
    """The dependencies of the app that handles this request."""
    current: Dependencies = current_app.extensions[_NAME]
    return current
