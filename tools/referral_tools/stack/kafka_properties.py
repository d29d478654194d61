"""The configuration of a local broker, which is also a controller: alone, or one of several that replicate to each other."""

from collections.abc import Sequence
from pathlib import Path

from referral.log.topic_differences import smallest_in_sync
from referral_tools.stack.ports import BrokerPorts
from referral_tools.stack.security import KAFKA_ADMIN, StackSecurity

MOST_REPLICAS = 3

# A killed broker may register again only when its last session has timed out: by default 9 s, too long for tests.
_PROPERTIES = """\
process.roles=broker,controller
node.id={number}
controller.quorum.{quorum}
controller.listener.names=CONTROLLER
listeners={protocol}://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={protocol}://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
log.dirs={data}
auto.create.topics.enable=false
broker.heartbeat.interval.ms=1000
metadata.max.idle.interval.ms=5000
broker.session.timeout.ms=3000
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=8
offsets.topic.replication.factor={replication}
min.insync.replicas={in_sync}
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor={replication}
transaction.state.log.min.isr={in_sync}
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor={replication}
share.coordinator.state.topic.min.isr={in_sync}
log.retention.check.interval.ms=300000
log.cleaner.backoff.ms=2000
log.cleaner.dedupe.buffer.size=16777216
"""
_OPEN = "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\n"
# The controller listens on the loopback interface only, with a password of its own: SCRAM users are stored in what it controls.
_SECURED = """\
listener.security.protocol.map=CONTROLLER:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
inter.broker.listener.name=SASL_SSL
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
sasl.enabled.mechanisms=SCRAM-SHA-512,SCRAM-SHA-256
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={scram} username="admin" password="{password}";
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config={scram};
sasl.mechanism.controller.protocol=PLAIN
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config={plain} username="admin" password="{password}" user_admin="{password}";
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin
allow.everyone.if.no.acl.found=false
"""
_SCRAM_MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule required"
_PLAIN_MODULE = "org.apache.kafka.common.security.plain.PlainLoginModule required"


def broker_properties(
    number: int, quorum: Sequence[BrokerPorts], data: Path, security: StackSecurity | None = None
) -> str:
    """The configuration of broker `number` (from 1) of those that listen on the ports of `quorum`; `data` is its folder."""
    ports = quorum[number - 1]
    replication = min(MOST_REPLICAS, len(quorum))
    common = _PROPERTIES.format(
        number=number,
        quorum=_quorum(quorum),
        protocol="PLAINTEXT" if security is None else "SASL_SSL",
        broker=ports.broker,
        controller=ports.controller,
        data=data.resolve(),
        replication=replication,
        in_sync=smallest_in_sync(replication),
    )
    return common + (_OPEN if security is None else _secured(security))


def _quorum(quorum: Sequence[BrokerPorts]) -> str:
    """The rest of the setting that names the controllers.

    One may change its port when it starts again. Of several, each must know where the others are, and they are named with their
    numbers: then all may have other ports when they start again on their data.
    """
    addresses = [f"127.0.0.1:{ports.controller}" for ports in quorum]
    if len(addresses) == 1:
        return f"bootstrap.servers={addresses[0]}"
    return "voters=" + ",".join(f"{number}@{address}" for number, address in enumerate(addresses, start=1))


def _secured(security: StackSecurity) -> str:
    return _SECURED.format(
        scram=_SCRAM_MODULE,
        plain=_PLAIN_MODULE,
        password=security.kafka_users[KAFKA_ADMIN],
        keystore=security.keystore,
        ca=security.ca,
    )
