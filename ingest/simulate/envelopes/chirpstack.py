"""ChirpStack v4, as recorded from v4.19: all zeros at the top are sent, those of a gateway's row are not."""

from __future__ import annotations

from base64 import b64encode
from typing import Final
from uuid import UUID

from ingest.networks.clock import rfc3339
from ingest.simulate.chance import octets
from ingest.simulate.frames import Frame
from ingest.simulate.transmission import BANDWIDTH_HZ, Reception, Transmission

_US: Final = 1_000
_S: Final = 1_000_000_000
_DEDUPLICATES_NS: Final = 214_000_000
_GPS_EPOCH_NS: Final = (315_964_800 - 18) * _S  # GPS time runs 18 leap seconds ahead since 2017

Json = dict[str, object]


def _uuid(*question: object) -> str:
    return str(UUID(bytes=octets(16, *question), version=4))


APPLICATION: Final = _uuid("application", "giessen")


def wrap(sent: Transmission) -> tuple[str, Json]:
    """Topic and message of an uplink or a join."""
    kind = "join" if sent.frame is None else "up"
    topic = f"application/{APPLICATION}/device/{sent.station.device.dev_eui}/event/{kind}"
    message: Json = {
        "deduplicationId": str(UUID(bytes=sent.octets(16, "deduplication"), version=4)),
        "time": _time(_event_ns(sent)),
        "deviceInfo": _device_info(sent),
        "devAddr": sent.dev_addr,
    }
    if sent.frame is not None:
        message |= _up(sent, sent.frame)
    return topic, message | {"regionConfigId": "eu868"}


def _up(sent: Transmission, frame: Frame) -> Json:
    lora = {"bandwidth": BANDWIDTH_HZ, "spreadingFactor": sent.spreading_factor, "codeRate": "CR_4_5"}
    return {
        "adr": True,
        "dr": 12 - sent.spreading_factor,
        "fCnt": sent.f_cnt,
        "fPort": frame.f_port,
        "confirmed": False,
        "data": b64encode(frame.payload).decode(),
        "rxInfo": [_row(sent, reception) for reception in sent.receptions],
        "txInfo": {"frequency": sent.frequency_hz, "modulation": {"lora": lora}},
    }


def _row(sent: Transmission, heard: Reception) -> Json:
    gateway = heard.gateway
    place = {"latitude": gateway.lat, "longitude": gateway.lon, "altitude": gateway.altitude_m}
    clock: Json = {}
    if gateway.gps:
        clock = {"gwTime": _time(_gateway_ns(sent)), "timeSinceGpsEpoch": _since_gps_epoch(_gateway_ns(sent))}
    row: Json = {
        "gatewayId": gateway.eui,
        "uplinkId": int.from_bytes(sent.octets(4, "uplink", gateway.eui)) or None,
        "gwTime": clock.get("gwTime"),
        "nsTime": _time(sent.at_ns + int.from_bytes(sent.octets(2, "way", gateway.eui))),
        "timeSinceGpsEpoch": clock.get("timeSinceGpsEpoch"),
        "rssi": heard.rssi or None,
        "snr": heard.snr or None,
        "location": {} if gateway.altitude_m is None else place | {"altitude": float(gateway.altitude_m)},
        "context": b64encode(sent.octets(4, "context", gateway.eui)).decode(),
        "crcStatus": "CRC_OK",
    }
    return {name: value for name, value in row.items() if value is not None}


def _device_info(sent: Transmission) -> Json:
    station = sent.station
    vendor, _, model = station.device.model.partition("_")
    return {
        "tenantId": _uuid("tenant", "giessen"),
        "tenantName": "Stadtwerke Simulation",
        "applicationId": APPLICATION,
        "applicationName": "giessen-sensorik",
        "deviceProfileId": _uuid("profile", station.device.model),
        "deviceProfileName": f"{vendor.capitalize()} {model.upper().replace('_', '-')}",
        "deviceName": station.device.name or station.device.dev_eui,
        "devEui": station.device.dev_eui,
        "deviceClassEnabled": "CLASS_A",
        "tags": {"asset": station.asset.id, "vendor": vendor},
    }


def _event_ns(sent: Transmission) -> int:
    """A gateway's own time if one has GPS, else the server's after it has waited for more gateways."""
    known = sent.frame is None or any(reception.gateway.gps for reception in sent.receptions)
    return _gateway_ns(sent) if known else sent.at_ns + _DEDUPLICATES_NS


def _gateway_ns(sent: Transmission) -> int:
    """A gateway tells microseconds, and a little before the server has the frame."""
    return sent.at_ns // _US * _US - 1_200 * _US


def _time(ns: int) -> str:
    return rfc3339(ns).replace("Z", "+00:00")


def _since_gps_epoch(ns: int) -> str:
    return f"{(ns - _GPS_EPOCH_NS) // _S}.{ns % _S // _US:06}s"
