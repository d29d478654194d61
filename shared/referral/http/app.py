"""The app factory of every HTTP service."""

from collections.abc import Mapping, Sequence

from flask import Flask
from msgspec import Struct
from werkzeug.middleware.proxy_fix import ProxyFix

from referral.catalog.follower import CatalogFollower
from referral.clock import clock_from
from referral.config import Settings
from referral.http import docs_page, final_slash, health, openapi, problems
from referral.http.bounded_body import BodyReaders
from referral.http.context import Context
from referral.http.health import Check, LogCheck
from referral.http.ignored_proxies import warn_of_shared_address
from referral.http.json_body import Blueprint
from referral.http.key_uses import KeyUses
from referral.http.miss_guard import MissGuard
from referral.http.rate_limit import RateLimiter
from referral.http.service import Service
from referral.log.acls import topic_operations
from referral.pages import design
from referral.people.pseudonym_key_check import PseudonymKeyCheck
from referral.people.pseudonyms import Pseudonyms
from referral.redis_client import connect_for_http
from referral.telemetry.metrics import export_build_info


def create_app(
    service: str,
    settings: Settings,
    *,
    title: str,
    blueprints: Sequence[Blueprint],
    checks: Mapping[str, Check] | None = None,
    follower: CatalogFollower | None = None,
    webhook_messages: Sequence[type[Struct]] = (),
) -> Flask:
    """Returns a Flask app with these blueprints, problems and error pages, API keys, rate limits, health, metrics and OpenAPI.

    `checks` are the service's own readiness checks, `webhook_messages` what it sends to webhooks. Unless a `follower` is passed, a
    thread starts to follow the catalog: create the app in the process that serves it, and call
    `app.extensions["referral"].close()` at its end.
    """
    context = _context(settings, follower)
    warn_of_shared_address(settings.http_host, settings.proxies)
    app = Service(service, context.limiter, settings.proxies)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body
    app.extensions["referral"] = context
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, settings.proxies, settings.proxies)  # type: ignore[method-assign]
    problems.register(app)
    final_slash.register(app)
    app.register_blueprint(health.ops_blueprint(_checks(service, context) | dict(checks or {}), context.gauges))
    docs_page.register(app, openapi.build_api(app, title, blueprints, webhook_messages))
    export_build_info(service)
    return design.init_app(app)


def _context(settings: Settings, follower: CatalogFollower | None) -> Context:
    following = follower or CatalogFollower(settings).start()
    redis = connect_for_http(settings)
    limiter = RateLimiter(settings, redis, following.view.has_api_key)
    guard = MissGuard(following, limiter, settings.http_threads)
    key_ring = settings.key_ring()
    key_check = PseudonymKeyCheck(key_ring, following.view.snapshot())
    context = Context(
        settings,
        clock_from(settings.clock),
        following,
        redis,
        limiter,
        BodyReaders(settings.http_threads),
        KeyUses(redis),
        key_ring,
        Pseudonyms(key_ring, key_check.guard(following.people.epoch)),
        key_check,
        following.people.with_refresh(guard.refresh),
        following.view.with_refresh(guard.refresh),
    )
    context.gauges["catalog_entities"] = lambda: len(context.catalog)
    context.gauges["catalog_age_seconds"] = following.age
    context.on_close(context.redis.close)
    if follower is None:
        context.on_close(following.stop)
    return context


def _checks(service: str, context: Context) -> dict[str, Check]:
    return {
        "log": LogCheck(context.settings, topic_operations(service)),
        "catalog": context.follower.stale_reason,
        "redis": health.redis_check(context.redis),
        "pseudonyms": context.pseudonym_key.reason,
    }
