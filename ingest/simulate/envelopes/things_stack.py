"""The Things Stack v3, as recorded from v3.32: keys in its order, zeros left out, EUIs in upper case."""

from __future__ import annotations

from base64 import b64encode
from typing import Final

from ingest.networks.clock import rfc3339
from ingest.simulate.chance import octets
from ingest.simulate.frames import Frame
from ingest.simulate.transmission import BANDWIDTH_HZ, Reception, Transmission

APPLICATION: Final = "offenbach-sensorik"
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MS: Final = 1_000_000
_DEDUPLICATES_NS: Final = 205 * _MS  # the network server waits so long for more gateways
_JOINS_NS: Final = 1_850 * _MS

Json = dict[str, object]


def wrap(sent: Transmission) -> tuple[str, Json]:
    """Topic and message of an uplink or a join."""
    device = f"eui-{sent.station.device.dev_eui}"
    topic = f"v3/{APPLICATION}/devices/{device}/{'join' if sent.frame is None else 'up'}"
    late_ns = _JOINS_NS if sent.frame is None else _DEDUPLICATES_NS
    message: Json = {
        "end_device_ids": {
            "device_id": device,
            "application_ids": {"application_id": APPLICATION},
            "dev_eui": sent.station.device.dev_eui.upper(),
            "join_eui": octets(8, "join_eui", sent.station.device.model).hex().upper(),
            "dev_addr": sent.dev_addr.upper(),
        },
        "correlation_ids": [
            "gs:uplink:" + _ulid(sent, "gs"),
            "rpc:/ttn.lorawan.v3.GsNs/HandleUplink:" + _ulid(sent, "ns"),
            "rpc:/ttn.lorawan.v3.NsAs/HandleUplink:" + _ulid(sent, "as"),
        ],
        "received_at": rfc3339(sent.at_ns + late_ns),
    }
    return topic, message | (_join(sent) if sent.frame is None else _up(sent, sent.frame))


def _join(sent: Transmission) -> Json:
    return {"join_accept": {"session_key_id": _session_key_id(sent), "received_at": rfc3339(sent.at_ns)}}


def _up(sent: Transmission, frame: Frame) -> Json:
    rows = [_row(sent, reception) for reception in sent.receptions]
    first = rows[0]
    return {
        "uplink_message": _without_zeros(
            session_key_id=_session_key_id(sent),
            f_port=frame.f_port,
            f_cnt=sent.f_cnt,
            frm_payload=b64encode(frame.payload).decode(),
            rx_metadata=rows,
            settings={
                "data_rate": {
                    "lora": {
                        "bandwidth": BANDWIDTH_HZ,
                        "spreading_factor": sent.spreading_factor,
                        "coding_rate": "4/5",
                    }
                },
                "frequency": str(sent.frequency_hz),
            }
            | {name: first[name] for name in ("timestamp", "time") if name in first},
            received_at=rfc3339(sent.at_ns),
            consumed_airtime=_duration(sent.airtime_us),
            network_ids={"net_id": "000000"},
        )
    }


def _row(sent: Transmission, heard: Reception) -> Json:
    gateway = heard.gateway
    time = rfc3339(sent.at_ns // _MS * _MS) if gateway.gps else ""
    place = {"latitude": gateway.lat, "longitude": gateway.lon, "altitude": gateway.altitude_m}
    return _without_zeros(
        gateway_ids={"gateway_id": gateway.name, "eui": gateway.eui.upper()},
        time=time,
        timestamp=sent.at_ns // 1000 % 2**32,
        rssi=heard.rssi,
        channel_rssi=heard.rssi,
        snr=_number(heard.snr),
        location=place | {"source": "SOURCE_REGISTRY"} if gateway.altitude_m is not None else None,
        uplink_token=b64encode(sent.octets(48, "token", gateway.eui)).decode(),
        gps_time=time,
        received_at=rfc3339(sent.at_ns - 1 * _MS - int.from_bytes(sent.octets(2, "way", gateway.eui))),
    )


def _without_zeros(**fields: object) -> Json:
    """Protobuf's JSON of Go: 0, "", false and null are not sent."""
    return {name: value for name, value in fields.items() if value}


def _number(value: float) -> float:
    """JSON of Go writes 4, not 4.0."""
    return int(value) if value.is_integer() else value


def _duration(us: int) -> str:
    seconds, rest = divmod(us, 1_000_000)
    return f"{seconds}.{rest:06}s" if rest % 1000 else f"{seconds}.{rest // 1000:03}s"


def _session_key_id(sent: Transmission) -> str:
    return b64encode(octets(16, "session_key_id", sent.station.device.dev_eui, sent.session)).decode()


def _ulid(sent: Transmission, what: str) -> str:
    """26 characters of Crockford's base 32: 48 bits of milliseconds, 80 of chance."""
    number = sent.at_ns // _MS << 80 | int.from_bytes(sent.octets(10, "ulid", what))
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
