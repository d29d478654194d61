"""A key that is bound to programs reaches no other program, at any route of any service."""

from collections.abc import Iterator
from importlib import import_module

import pytest

from referral.http.openapi_annotations import annotations
from tests.support.defined_tests import defined_tests
from tests.support.settings import UNREACHABLE

SERVICES = (
    "link_issuer.http_api.app",
    "conversion_tracker.app",
    "reward_dispatcher.http_api.app",
    "leaderboard.http_api.app",
)
LINKS = ("tests/integration/link_issuer/test_programs.py", "test_a_key_of_another_program_reaches_none_of_its_codes")
LISTED = (
    "tests/integration/link_issuer/test_programs.py",
    "test_a_key_lists_the_programs_it_has_access_to_page_by_page",
)
EVENTS = (
    "tests/integration/conversion_tracker/test_ingest.py",
    "test_the_api_key_must_be_known_have_the_scope_and_be_valid_for_the_program",
)
REVIEWS = ("tests/integration/test_review.py", "_is_refused")
OPERATORS = ("tests/integration/link_issuer/test_sign_in.py", "test_a_key_of_another_program_reaches_no_operator")
AUDIT = (
    "tests/integration/link_issuer/test_sign_in.py",
    "test_the_audit_log_is_read_by_page_actor_program_and_time",
)
REWARDS = (
    "tests/integration/reward_dispatcher/test_redemptions.py",
    "test_a_key_of_another_program_reaches_no_reward_code_or_webhook",
)
BOUNCES = (
    "tests/integration/reward_dispatcher/test_bounces.py",
    "test_nobody_closes_the_mailbox_of_another_person",
)
# Routes that find their program in another way than by a part of the path, each with the test of its check.
OTHERS = {
    "/v1/participants/<participant>/links": LINKS,
    "/v1/participants/<participant>/share-kit": LINKS,
    "/v1/links/<code>": LINKS,
    "/v1/links/<code>/disable": LINKS,
    "/v1/shares": LINKS,
    "/v1/programs": LISTED,
    "/v1/events": EVENTS,
    "/v1/adapters/cloudevents": EVENTS,
    "/v1/conversions/<conversion>/release": REVIEWS,
    "/v1/conversions/<conversion>/reject": REVIEWS,
    "/v1/codes/<code>": REWARDS,
    "/v1/bounces": BOUNCES,
    "/v1/redemptions": REWARDS,
    "/v1/redemptions/holds": REWARDS,
    "/v1/redemptions/holds/<hold_id>/capture": REWARDS,
    "/v1/redemptions/holds/<hold_id>/release": REWARDS,
    "/v1/redemptions/<redemption_id>/reverse": REWARDS,
    "/v1/redemptions/<redemption_id>/refunds": REWARDS,
    "/v1/redemptions/<redemption_id>/reinstate": REWARDS,
    "/v1/operators": OPERATORS,
    "/v1/operators/<operator>": OPERATORS,
    "/v1/operators/<operator>/reset": OPERATORS,
    "/v1/audit": AUDIT,
    "/v1/rewards/<reward_id>": REWARDS,
    "/v1/rewards/<reward_id>/history": REWARDS,
    "/v1/rewards/<reward_id>/<any(approve,fulfil,hold,release,revoke,restore):action>": REWARDS,
    "/v1/webhooks": REWARDS,
    "/v1/webhooks/<webhook_id>": REWARDS,
    "/v1/webhooks/<webhook_id>/rotate": REWARDS,
    "/v1/webhooks/<webhook_id>/test": REWARDS,
    "/v1/webhooks/<webhook_id>/deliveries": REWARDS,
    "/v1/webhooks/<webhook_id>/deliveries/<message>/replay": REWARDS,
    "/v1/webhooks/<webhook_id>/recover": REWARDS,
    "/v1/webhooks/<webhook_id>/replay-missing": REWARDS,
    "/v1/webhooks/<webhook_id>/stats": REWARDS,
}


def routes_with_a_key() -> Iterator[tuple[str, bool]]:
    """Every route that requires an API key, and whether its path has the program, which `requires` checks."""
    for module in SERVICES:
        app = import_module(module).app(UNREACHABLE)
        for rule in app.url_map.iter_rules():
            if "scope" in annotations(app.view_functions[rule.endpoint]):
                yield rule.rule, "program" in rule.arguments
        app.extensions["referral"].close()


def test_every_route_checks_the_program_of_the_key() -> None:
    """By its path, or by a check of its own that a test holds. A new route without a program in its path needs a row here."""
    known = set(routes_with_a_key())
    assert len(known) > 30
    assert {rule for rule, has_program in known if not has_program} == set(OTHERS)


@pytest.mark.parametrize(("path", "test"), sorted(set(OTHERS.values())))
def test_the_tests_of_these_checks_exist(path: str, test: str) -> None:
    """A test that was renamed is renamed here as well."""
    assert test in defined_tests(path)
