"""Access rules at Kafka and Redis: derived from the topic table and the names of keys, each process only what it needs."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from referral.fold.lag import FOLDS, FoldSource
from referral.fold.state_keys import key_prefix
from referral.log.acls import CONSUMER_GROUPS, SERVICES, access_rules, acl_commands, topic_operations
from referral.redis_acls import OPERATOR, USERS, acl_file
from referral.topics import TOPICS
from referral_tools.cli import main
from referral_tools.system import TABLE

SERVICE_OF = {"ct": "conversion-tracker", "rd": "reward-dispatcher", "lb": "leaderboard", "li": "link-issuer"}
BY_PROCESS = {user.process: user for user in USERS}
ROWS = {row.name: row for row in TABLE}
_KEY = re.compile(r"""["'](?P<prefix>http|li|ct|rd|lb):(?P<rest>[^"']*)["']""")


def matches(pattern: str, key: str) -> bool:
    """Whether a Redis key pattern covers a key; only `*` at the end is used."""
    return key.startswith(pattern.removesuffix("*"))


def test_a_service_reads_what_it_consumes_writes_what_it_produces_and_sees_the_rest() -> None:
    """A rule for each pair of service and topic, and none that the table does not give."""
    rules: dict[tuple[str, str], set[str]] = {}
    for rule in access_rules():
        if rule.resource == "topic":
            rules.setdefault((rule.service, rule.name), set()).add(rule.operation)
    for service in SERVICES:
        for topic in TOPICS.values():
            wanted = {"READ"} if service in topic.consumers else set()
            wanted |= {"WRITE"} if service in topic.producers else set()
            assert rules[service, topic.name] == (wanted or {"DESCRIBE"})


def test_every_producer_and_consumer_of_the_table_is_a_service_with_rules() -> None:
    """A new service in the table without a user would be refused by the broker."""
    named = {service for topic in TOPICS.values() for service in (*topic.producers, *topic.consumers)}
    assert named <= set(SERVICES) == {row.service for row in TABLE}


def test_every_fold_has_the_consumer_group_of_its_service_and_so_has_the_delivery_worker() -> None:
    """Groups are named like the folds; a group of another service is not readable."""
    groups = {(SERVICE_OF[fold.service], fold.fold) for fold in FOLDS} | {("reward-dispatcher", "delivery")}
    assert {(service, group) for service, names in CONSUMER_GROUPS.items() for group in names} == groups


def test_a_fold_reads_its_source_by_the_rules_of_its_service() -> None:
    """Otherwise the process would never become ready."""
    for fold in FOLDS:
        assert "READ" in topic_operations(SERVICE_OF[fold.service])[fold.source]


def test_the_rules_are_printed_as_commands_with_prefix_and_users() -> None:
    """One command for each user and resource."""
    users = {service: f"shop-{service}" for service in SERVICES}
    commands = acl_commands("shop.", users)
    assert "--add --allow-principal User:shop-leaderboard --operation Read --topic shop.conversions" in commands
    assert "--add --allow-principal User:shop-leaderboard --operation Read --group shop.boards" in commands
    both = "--add --allow-principal User:shop-link-issuer --operation Read --operation Write --topic shop.catalog"
    assert both in commands
    assert len(commands) == len({(rule.service, rule.resource, rule.name) for rule in access_rules()})
    printed = CliRunner().invoke(main, ["topics", "acls", "--user", "link-issuer=li", "--bootstrap", "kafka:9092"])
    assert printed.stdout.startswith("kafka-acls.sh --bootstrap-server kafka:9092 --command-config admin.properties")
    assert "User:li " in printed.stdout
    assert len(printed.stdout.splitlines()) == len(commands)


@pytest.mark.parametrize("pair", ["link-issuer", "nobody=x", "link-issuer="])
def test_a_user_of_an_unknown_service_is_refused(pair: str) -> None:
    """A typing mistake would otherwise leave a service without rules."""
    refused = CliRunner().invoke(main, ["topics", "acls", "--user", pair])
    assert refused.exit_code == 2
    assert "conversion-tracker" in refused.output


def test_redis_has_a_user_for_every_process() -> None:
    """Named like the processes of the system."""
    assert BY_PROCESS.keys() == ROWS.keys()


@pytest.mark.parametrize("fold", FOLDS, ids=lambda fold: fold.fold)
def test_only_a_fold_writes_its_state(fold: FoldSource) -> None:
    """Its own user and no other; its service may read it."""
    for partition in (0, 7, 1023):
        key = key_prefix(fold.service, fold.fold, partition) + "person:x"
        assert [user.process for user in USERS if any(matches(one, key) for one in user.writes)] == [fold.fold]
        readers = [user.process for user in USERS if any(matches(one, key) for one in user.reads)]
        # The worker sends what is due, and writes messages to promoters from their rewards and grants.
        worker = ["delivery"] if fold.fold in ("deliveries", "ledger", "decide") else []
        assert readers == [SERVICE_OF[fold.service], *worker]


def _literal_keys() -> list[tuple[str, str]]:
    """Every Redis key that the sources name, with the service that owns the file (`shared` for all)."""
    roots = {"shared": Path("shared/referral/http")} | {
        service: Path("services") / service / service.replace("-", "_") for service in SERVICES
    }
    return [
        (service, f"{found['prefix']}:{found['rest'].split('{')[0] or '{'}".replace("::", ":"))
        for service, root in roots.items()
        for file in sorted(root.rglob("*.py"))
        for found in _KEY.finditer(file.read_text("utf-8"))
        if "//" not in found["rest"]
    ]


def test_every_key_that_a_service_names_is_writable_for_one_of_its_users() -> None:
    """A new kind of key needs a rule, or the process that writes it is refused in production only."""
    keys = _literal_keys()
    assert {("shared", "http:idempotency:"), ("link-issuer", "li:uses:")} <= set(keys)
    for service, key in keys:
        processes = (
            [row.name for row in TABLE if row.serves]
            if service == "shared"
            else [row.name for row in TABLE if row.service == service]
        )
        allowed = [one for name in processes for one in BY_PROCESS[name].writes]
        assert any(matches(one, key) or one.startswith(key) for one in allowed), f"{service} names {key}"


def test_the_acl_file_switches_the_default_user_off_and_shows_no_password(tmp_path: Path) -> None:
    """Passwords are written as hashes; whoever reads the file cannot connect with it."""
    secrets = {
        f"REFERRAL_REDIS_PASSWORD_{name.upper().replace('-', '_')}": f"secret-of-{name:-<20}"
        for name in (*BY_PROCESS, OPERATOR)
    }
    written = CliRunner().invoke(main, ["redis", "acl", "--output", str(tmp_path / "users.acl")], env=secrets)
    assert written.exit_code == 0, written.output
    lines = (tmp_path / "users.acl").read_text().splitlines()
    assert lines[0] == "user default off resetkeys resetchannels -@all"
    assert [line.split()[1] for line in lines[1:]] == [*BY_PROCESS, OPERATOR]
    assert not any("secret-of" in line for line in lines)
    assert all(re.fullmatch(r"user \S+ on #[0-9a-f]{64} .*", line) for line in lines[1:])


def test_a_missing_or_short_password_is_named(tmp_path: Path) -> None:
    """All of them at once; no file is written."""
    refused = CliRunner().invoke(
        main,
        ["redis", "acl", "--output", str(tmp_path / "users.acl")],
        env={"REFERRAL_REDIS_PASSWORD_LEDGER": "short"},
    )
    assert refused.exit_code == 1
    assert "REFERRAL_REDIS_PASSWORD_LEDGER" in refused.output
    assert "REFERRAL_REDIS_PASSWORD_LINK_ISSUER" in refused.output
    assert not (tmp_path / "users.acl").exists()


def test_a_user_may_not_run_commands_of_administrators() -> None:
    """Dangerous commands are excluded after data commands are included: the order decides."""
    for line in acl_file(dict.fromkeys((*BY_PROCESS, OPERATOR), ">x")).splitlines()[1:-1]:
        words = line.split()
        assert words.index("-@dangerous") > words.index("+@write")
        assert words.index("-@admin") > words.index("+@connection")
        assert {"-scan", "-function", "-script|flush", "resetchannels"} <= set(words)
        assert "+@all" not in words
        assert "~*" not in words
