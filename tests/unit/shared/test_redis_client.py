"""Redis clients: TLS by the settings, and reasons that name the setting to correct."""

import ssl

import pytest
from redis.connection import SSLConnection
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from referral.config import Settings
from referral.redis_client import connect_async, connect_for_folds, connect_for_http, unavailable_reason


def tls_error() -> RedisConnectionError:
    """As redis-py raises it: the TLS error is the context."""
    try:
        try:
            raise ssl.SSLCertVerificationError("unable to get local issuer certificate")
        except ssl.SSLError as error:
            raise RedisConnectionError(str(error)) from error
    except RedisConnectionError as error:
        return error


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (AuthenticationError("invalid username-password pair"), "the user or the password of REFERRAL_REDIS"),
        (NoPermissionError("this user has no permissions"), "`referral redis acl`"),
        (tls_error(), "REFERRAL_REDIS_CA"),
        (RedisTimeoutError("Timeout reading from socket"), "Redis does not respond: TimeoutError"),
    ],
)
def test_the_reason_names_what_to_correct(error: RedisError, named: str) -> None:
    """For readiness."""
    assert named in unavailable_reason(error)


@pytest.mark.parametrize("connect", [connect_for_folds, connect_for_http, connect_async])
def test_every_client_verifies_certificate_and_host_name(connect: object) -> None:
    """With the authority of the settings; without one, that of the system."""
    settings = Settings(signing_key="k" * 32, redis="rediss://fold:secret@cache:6380/1", redis_ca="/etc/ca.pem")
    pool = connect(settings).connection_pool  # type: ignore[operator]
    assert pool.connection_class.__name__ == SSLConnection.__name__
    assert pool.connection_kwargs["ssl_ca_certs"] == "/etc/ca.pem"
    assert (pool.connection_kwargs["username"], pool.connection_kwargs["password"]) == ("fold", "secret")
    connection = SSLConnection(ssl_ca_certs="/etc/ca.pem")
    assert (connection.cert_reqs, connection.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert not {"ssl_cert_reqs", "ssl_check_hostname"} & pool.connection_kwargs.keys()
