"""Apache Kafka from its Maven jars: one broker or several, each of them its own controller (KRaft, combined mode)."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.servers.certificate import self_signed
from tests.servers.process import HOST, SERVERS, Process, accepts, free_port

VERSION = "4.1.2"
JARS = SERVERS / f"kafka-{VERSION}"

_PROPERTIES = """\
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={folder}/data
offsets.topic.replication.factor={replication}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={replication}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor={replication}
share.coordinator.state.topic.min.isr={in_sync}
min.insync.replicas={in_sync}
unclean.leader.election.enable=false
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
controller.quorum.election.timeout.ms=1000
controller.quorum.fetch.timeout.ms=2000
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
log.cleaner.dedupe.buffer.size=4194304
log.retention.check.interval.ms=1000
"""

_GUARDED = """\
listeners=PLAINTEXT://127.0.0.1:{{plain}},CONTROLLER://127.0.0.1:{{controller}},SASL_SSL://127.0.0.1:{port}
advertised.listeners=PLAINTEXT://127.0.0.1:{{plain}},SASL_SSL://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
  user_{username}="{password}";
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
"""

_LOGGING = """\
status=error
appender.out.type=Console
appender.out.name=OUT
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{HH:mm:ss.SSS} %p %c{1} %m%n
rootLogger.level=WARN
rootLogger.appenderRef.out.ref=OUT
logger.server.name=kafka.server.KafkaRaftServer
logger.server.level=INFO
"""


@dataclass(frozen=True, slots=True)
class Broker:
    """One of them. `process` may be killed and started again."""

    number: int
    port: int
    controller: int
    folder: Path
    process: Process


@dataclass(frozen=True, slots=True)
class Kafka:
    """A running cluster."""

    brokers: tuple[Broker, ...]

    @property
    def bootstrap(self) -> str:
        return ",".join(f"{HOST}:{broker.port}" for broker in self.brokers)


@cache
def version() -> str | None:
    """Of the jars; None also without a Java to run them."""
    here = any(JARS.glob("kafka_2.13-*.jar"))
    return VERSION if here and shutil.which("java") else None


@dataclass(frozen=True, slots=True)
class Guarded:
    """A broker that lets one user in, over TLS. `ca_file`: who vouches for it."""

    bootstrap: str
    ca_file: Path
    username: str = "city"
    password: str = "hush-hush"  # noqa: S105 of this broker, which lives for one test


@contextmanager
def guarded() -> Iterator[Guarded]:
    """Run one broker with a second listener: TLS with a certificate of its own, and a login."""
    with tempfile.TemporaryDirectory(prefix="kafka-tls-") as name:
        port, (certificate, key) = free_port(), self_signed(Path(name))
        made = Guarded(f"{HOST}:{port}", certificate)
        keystore = Path(name) / "server.pem"
        keystore.write_bytes(key.read_bytes() + certificate.read_bytes())
        more = _GUARDED.format(port=port, keystore=keystore, username=made.username, password=made.password)
        with running(1, more):
            yield made


@contextmanager
def running(number: int = 1, more: str = "") -> Iterator[Kafka]:
    """Run so many brokers with empty data; with three, two replicas must be in sync. `more`: properties that win."""
    if version() is None:
        raise FileNotFoundError("Kafka is missing; `make servers` gets it")
    with tempfile.TemporaryDirectory(prefix="kafka-") as name, ThreadPoolExecutor(number) as side_by_side:
        brokers = tuple(_broker(n + 1, Path(name) / str(n + 1)) for n in range(number))
        for broker in brokers:
            _configure(broker, brokers, more)
        list(side_by_side.map(_format, brokers))
        try:
            list(side_by_side.map(lambda broker: broker.process.start(), brokers))
            yield Kafka(brokers)
        finally:
            # All at once: one after another, the last would wait for its lost quorum.
            list(side_by_side.map(lambda broker: broker.process.stop(), brokers))


def _broker(number: int, folder: Path) -> Broker:
    folder.mkdir()
    port, controller = free_port(), free_port()
    process = Process(
        [*_java(folder), "kafka.Kafka", str(folder / "server.properties")], folder, lambda: accepts(port), seconds=90
    )
    return Broker(number, port, controller, folder, process)


def _configure(broker: Broker, brokers: Sequence[Broker], more: str) -> None:
    replication = min(3, len(brokers))
    text = _PROPERTIES.format(
        node=broker.number,
        voters=",".join(f"{one.number}@{HOST}:{one.controller}" for one in brokers),
        port=broker.port,
        controller=broker.controller,
        folder=broker.folder,
        replication=replication,
        in_sync=max(1, replication - 1),
    )
    (broker.folder / "server.properties").write_text(
        text + more.format(plain=broker.port, controller=broker.controller)
    )
    (broker.folder / "log4j2.properties").write_text(_LOGGING)


def _java(folder: Path) -> list[str]:
    return [
        *("java", "-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
        f"-Dlog4j2.configurationFile={folder}/log4j2.properties",
        *("-cp", f"{JARS}/*"),  # java, not a shell, expands the star
    ]


def _format(broker: Broker) -> None:
    properties = str(broker.folder / "server.properties")
    tool = [
        *_java(broker.folder),
        "kafka.tools.StorageTool",
        "format",
        "-t",
        "smartcity-tests-000001",
        "-c",
        properties,
    ]
    subprocess.run(tool, check=True, capture_output=True, timeout=90)
