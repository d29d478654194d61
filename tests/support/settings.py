"""Settings, API keys and example files that tests share."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from referral.config import Settings
from referral.events.entities import ApiKey
from referral.http.bearer_token import secret_digest

ROOT = Path(__file__).parents[2]
GLOW_FILE = ROOT / "examples" / "programs" / "glow.yaml"
GUIDES = ROOT / "examples" / "guides"

SIGNING_KEY = "a-signing-key-that-only-tests-use-and-that-is-long-enough"
# For an app whose broker and Redis are not needed: nothing listens on port 1.
UNREACHABLE = Settings(
    signing_key=SIGNING_KEY, kafka="127.0.0.1:1", redis="redis://127.0.0.1:1/0", log_level="error", directory="memory"
)


def without_log(settings: Settings) -> Settings:
    """Returns the same settings with a broker that does not listen, and the time that services wait for it by default."""
    return replace(settings, kafka=UNREACHABLE.kafka, ack_timeout_ms=UNREACHABLE.ack_timeout_ms)


API_SECRET = "rk_a-secret-that-only-tests-use-0123456789"
AUTHORIZATION = {"Authorization": f"Bearer {API_SECRET}"}


def api_key(
    name: str,
    *scopes: str,
    programs: tuple[str, ...] = (),
    revoked: bool = False,
    expires_at: datetime | None = None,
    secret: str | None = None,
) -> ApiKey:
    """Returns an API key as the catalog holds it; its secret is `rk_` and its name unless another is given."""
    return ApiKey(
        recorded_at=datetime(2026, 11, 1, tzinfo=UTC),
        id=f"key_{name}",
        digest=secret_digest(secret or f"rk_{name}"),
        name=name,
        scopes=scopes,
        programs=programs,
        revoked=revoked,
        expires_at=expires_at,
    )
