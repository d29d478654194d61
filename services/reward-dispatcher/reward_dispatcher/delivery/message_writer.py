"""Writes messages to promoters in the language of each: texts, links and the way to unsubscribe."""

from flask import Flask

from referral.catalog.view import Catalog
from referral.clock import Clock
from referral.config import Settings
from referral.events.deliveries import PromoterMessage
from referral.events.ids import random_id
from referral.events.people import Profile
from referral.events.program import Program
from referral.events.timestamps import DAY_MS, to_datetime
from referral.pages.catalogues import Catalogues
from referral.pages.languages import Language, first_language, locale, match_language
from referral.tokens import TokenSigner, WalletToken
from reward_dispatcher.delivery.channels import WrittenMessage
from reward_dispatcher.delivery.promoter_facts import PromoterState
from reward_dispatcher.domain.next_milestone import MilestoneProgress, cap_room, next_milestone
from reward_dispatcher.pages.message_texts import MessageFacts, MessageText, unsubscribe_text, write_message

WALLET_DAYS = 30


class MessageWriter:
    """`catalog` has programs and codes. A message has the texts of the program that is in force when it is written."""

    def __init__(self, settings: Settings, catalog: Catalog, clock: Clock) -> None:
        self._settings = settings
        self._catalog = catalog
        self._clock = clock
        self._tokens = TokenSigner(settings.key_ring())
        self._app = Flask("messages")  # texts are looked up in the language of a request
        Catalogues(self._app, locale_selector=locale)

    def write(
        self, id: str, message: PromoterMessage, profile: Profile | None, state: PromoterState
    ) -> WrittenMessage | None:
        """Returns the message in words; None if nothing of what it is about is still true, or the program has ended."""
        terms = self._catalog.program_at(message.program, self._clock.now_ms())
        if terms is None:
            return None
        program = terms.program
        unsubscribe = f"{self._settings.public_url}/u/{self._tokens.sign_unsubscribe(program.id, message.person)}"
        with self._app.test_request_context(f"/?lang={message_language(profile, program)}"):
            facts = self._facts(message, program, profile, state)
            text: MessageText | None = write_message(message, facts)
            footer = unsubscribe_text(unsubscribe)
        if text is None:
            return None
        return WrittenMessage(
            id=id,
            content=message,
            subject=text.subject,
            text=text.text,
            url=facts.wallet,
            unsubscribe=unsubscribe,
            footer=footer,
        )

    def _facts(
        self, message: PromoterMessage, program: Program, profile: Profile | None, state: PromoterState
    ) -> MessageFacts:
        participant = self._catalog.participant(message.person)
        code = participant.code if participant is not None and participant.erased_at is None else None
        public = self._settings.public_url
        return MessageFacts(
            program=program,
            now_ms=self._clock.now_ms(),
            name=profile.display_name if profile else "",
            accounts=state.accounts,
            progress=self._progress(program, state),
            wallet=self._wallet_url(message),
            code=code,
            link=f"{public}/{code}" if code else "",
            poster=f"{public}/s/{code}/poster.png" if code else "",
        )

    def _progress(self, program: Program, state: PromoterState) -> MilestoneProgress | None:
        now = to_datetime(self._clock.now_ms())
        room = cap_room(program.caps.per_referrer, state.grants.counts, now, program.timezone)
        rules = (rule for rule in program.rewards if rule.to == "referrer")
        return next_milestone(rules, state.grants.conversions, room.ever)

    def _wallet_url(self, message: PromoterMessage) -> str:
        """A link of its own for each attempt: the first browser that opens it has the wallet."""
        now_ms = self._clock.now_ms()
        ends_ms = now_ms + WALLET_DAYS * DAY_MS
        token = WalletToken(random_id("wlk"), message.program, message.person, now_ms, ends_ms, ends_ms)
        return f"{self._settings.wallet_url}/w/{self._tokens.sign_wallet('wallet', token)}"


def message_language(profile: Profile | None, program: Program) -> Language:
    """The language of a person's messages: the one that they chose, otherwise the program's first."""
    chosen = match_language(profile.language) if profile and profile.language else None
    return chosen or first_language(program.name)
