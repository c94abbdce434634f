"""What a network server's message says about one radio frame."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Outcome(StrEnum):
    """What a message turned out to be. A closed set: each of these is a metric label."""

    DATA = "data"
    NO_PAYLOAD = "no_payload"
    SIMULATED = "simulated"
    DERIVED = "derived"
    JOIN = "join"
    STATUS = "status"
    QUEUED = "queued"
    SENT = "sent"
    ACK = "ack"
    NACK = "nack"
    TXACK = "txack"
    FAILED = "failed"
    ERROR = "error"
    LOG = "log"
    LOCATION = "location"
    ALARM = "alarm"
    INTEGRATION = "integration"
    DEAD_LETTER = "dead_letter"


class TimeSource(StrEnum):
    """Whose clock an event time came from, best first."""

    NETWORK = "network"  # the network server received the frame
    GPS = "gps"  # a gateway disciplined by GPS
    APPLICATION = "application"  # the application server or platform
    GATEWAY = "gateway"  # a gateway's own clock, within an hour of the arrival
    ARRIVAL = "arrival"  # we received the message


class Gateway(Struct, frozen=True, gc=False):
    """One distinct gateway that heard the frame, with its best row. `rssi` in dBm, `snr` in dB; None is unknown."""

    id: str
    rssi: float | None = None
    snr: float | None = None


class Uplink(Struct, frozen=True, gc=False):
    """One frame or event found in a message.

    `dev_eui`: 16 lower-case hex digits; `device_key` identifies the device where there is no EUI. `f_port`,
    `f_cnt`: None is unknown
    (a missing zero has been restored where the format drops zeros). `payload`: the application's bytes, None for
    events without any.
    `received_ns`: Unix nanoseconds of the reception, by `time_source`. `gateways`: distinct, best first
    (SNR, then RSSI, then id), so `gateways[0]` is the pair to store. `best_rssi`, `best_snr`: the highest of each over
    all rows, which may stand at different gateways or antennas. `session`: changes with every join.
    `dedup_key`: the network server's own id of the frame, or a hash of what makes it one.
    `decoded`: ready values by quantity key, from sources that send values instead of bytes.
    `reason`: `<code>: <sentence>`; the code is `unwrap/<code>` where we refuse something (see `refusal.Code`), else the
    server's own code of a log line or failure.
    """

    network: str
    outcome: Outcome
    dev_eui: str | None = None
    device_key: str | None = None
    f_port: int | None = None
    f_cnt: int | None = None
    payload: bytes | None = None
    received_ns: int | None = None
    time_source: TimeSource | None = None
    spreading_factor: int | None = None
    gateways: tuple[Gateway, ...] = ()
    best_rssi: float | None = None
    best_snr: float | None = None
    session: str | None = None
    dedup_key: str | None = None
    flags: tuple[str, ...] = ()
    reason: str | None = None
    status: dict[str, float | str | bool] | None = None
    decoded: dict[str, float | None] | None = None
    model: str | None = None
