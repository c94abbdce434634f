"""From what a message says of a frame or an event to its `Uplink`: the rules that network servers share."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from sinks.model import Envelope

from .clock import choose
from .identity import content_key, frame_key
from .model import Outcome, TimeSource, Uplink
from .radio import Row, heard

Times = Sequence[tuple[int | None, TimeSource]]


class Frame(Struct, gc=False, kw_only=True):
    """One radio frame, in our words; None is unknown. Fields as in `Uplink`.

    `times`: best first, as `choose` takes them. `frame_id`: the server's own id of the frame, where it has one.
    """

    dev_eui: str | None = None
    device_key: str | None = None
    f_port: int | None = None
    f_cnt: int | None = None
    payload: bytes = b""
    times: Times = ()
    rows: Sequence[Row] = ()
    spreading_factor: int | None = None
    session: str | None = None
    frame_id: str | None = None


def uplink(network: str, frame: Frame, envelope: Envelope) -> Uplink:
    """Data if it has a payload on another port than 0, which carries MAC commands. An unknown port may be any."""
    f_port, payload = frame.f_port, frame.payload
    outcome = Outcome.DATA if payload and f_port != 0 else Outcome.NO_PAYLOAD
    received, source, flags = choose(frame.times, envelope)
    links = heard(frame.rows)
    parts = (frame.dev_eui, frame.device_key, frame.session, f_port, frame.f_cnt, payload, received, outcome.value)
    return Uplink(
        network,
        outcome,
        frame.dev_eui,
        frame.device_key,
        f_port,
        frame.f_cnt,
        payload if payload or f_port else None,
        received,
        source,
        frame.spreading_factor,
        links.gateways,
        links.best_rssi,
        links.best_snr,
        frame.session,
        frame_key(network, frame.frame_id, outcome, payload) if frame.frame_id else content_key(network, *parts),
        flags,
    )


def event(network: str, outcome: Outcome, frame: Frame, envelope: Envelope) -> Uplink:
    """What is no uplink. Of the frame only device, times, session and id are taken; its counters are a downlink's.

    Without an id the counters and the payload, whatever they are, tell events of one time apart.
    """
    received, source, flags = choose(frame.times, envelope)
    counted = (frame.f_port, frame.f_cnt, frame.payload)
    parts = (frame.dev_eui, frame.device_key, frame.session, received, outcome.value, *counted)
    return Uplink(
        network,
        outcome,
        frame.dev_eui,
        frame.device_key,
        received_ns=received,
        time_source=source,
        session=frame.session,
        dedup_key=frame_key(network, frame.frame_id, outcome, b"") if frame.frame_id else content_key(network, *parts),
        flags=flags,
    )


def flagged(envelope: Envelope, flag: str) -> Envelope:
    """The envelope with one more flag, once."""
    return envelope if flag in envelope.flags else replace(envelope, flags=(*envelope.flags, flag))


def readings(network: str, frame: Frame, decoded: dict[str, float | None], envelope: Envelope) -> Uplink:
    """Values by quantity instead of a payload; of the frame only device and times are taken."""
    received, source, flags = choose(frame.times, envelope)
    parts = (frame.dev_eui, frame.device_key, received, sorted(decoded.items()))
    return Uplink(
        network,
        Outcome.DATA,
        frame.dev_eui,
        frame.device_key,
        received_ns=received,
        time_source=source,
        dedup_key=content_key(network, *parts),
        flags=flags,
        decoded=decoded,
    )
