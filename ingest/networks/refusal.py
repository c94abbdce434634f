"""Why a message could not be unwrapped, and how a JSON body is read without surprises."""

from __future__ import annotations

import binascii
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class Code(StrEnum):
    """The second half of `unwrap/<code>`. A closed set: each of these is a metric label."""

    EMPTY = "empty"  # no body at all, or a list of nothing
    TOO_LARGE = "too_large"  # longer than the limit
    TOO_DEEP = "too_deep"  # nested beyond any real message
    NOT_UTF8 = "not_utf8"  # a text field is not UTF-8
    NOT_JSON = "not_json"  # binary, XML, plain text, NaN, broken JSON
    NOT_XML = "not_xml"  # broken XML, or XML with a document type
    NOT_PROTOBUF = "not_protobuf"  # binary, but not what the network server's schema says
    BAD_LINE = "bad_line"  # a line of `smartcity unwrap` that names no message
    UNKNOWN_NETWORK = "unknown_network"  # neither declared nor recognised
    UNKNOWN_EVENT = "unknown_event"  # the network server sent a kind we do not know
    NO_DEVICE = "no_device"  # nothing says which device it is
    BAD_EUI = "bad_eui"  # not 16 hex digits
    BAD_PAYLOAD = "bad_payload"  # the bytes are not what the format says (base64, hex)
    BAD_NUMBER = "bad_number"  # text, true, NaN or out of range where a number belongs
    BAD_FIELD = "bad_field"  # another field of the wrong type
    NO_VALUE = "no_value"  # plain JSON: none of the mapped values is there
    ENCRYPTED = "encrypted"  # the key is not at the network server


class Refused(Exception):
    """This message gives no frame. `detail` is one sentence for an operator and never quotes a payload or a key.

    `device`: what is known of the device (EUI or key), so that its dead letter can be found.
    """

    def __init__(self, code: Code, detail: str, device: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.device = device

    @property
    def reason(self) -> str:
        """As `Uplink.reason` holds it."""
        return f"unwrap/{self.code}: {self.detail}"


def read(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """The body as the decoder's type. Raises `Refused` and nothing else.

    Decoders here are lax about numbers in text ("868100000", "-107.0") and about nothing more: true is no number,
    NaN and Infinity are no JSON, a repeated key takes its last value.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Refused(_code(str(error)), f"A field has the wrong type or range: {error}.") from error
    except msgspec.DecodeError as error:
        raise Refused(Code.NOT_JSON, not_json(body, str(error))) from error
    except UnicodeDecodeError as error:
        raise Refused(Code.NOT_UTF8, "A text in the message is not UTF-8.") from error
    except RecursionError as error:
        raise Refused(Code.TOO_DEEP, "The message is nested deeper than any network server nests.") from error


def convert(value: Any, kind: type[T]) -> T:
    """Plain values as the type, as lax as `read`. Raises `Refused` and nothing else."""
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Refused(_code(str(error)), f"A field has the wrong type or range: {error}.") from error


_BY_FIELD = {
    "dev_eui": Code.BAD_EUI,
    "devEui": Code.BAD_EUI,
    "devEUI": Code.BAD_EUI,
    "hardware_serial": Code.BAD_EUI,
    "DevEUI": Code.BAD_EUI,
    "EUI": Code.BAD_EUI,
    "frm_payload": Code.BAD_PAYLOAD,
    "data": Code.BAD_PAYLOAD,
    "payload_raw": Code.BAD_PAYLOAD,
    "payload_hex": Code.BAD_PAYLOAD,
    "payload": Code.BAD_PAYLOAD,
    "PayloadData": Code.BAD_PAYLOAD,
    "dataFrame": Code.BAD_PAYLOAD,
}


def _code(message: str) -> Code:
    field = message.rpartition(".")[2].rstrip("`")
    number = message.startswith(("Expected `int", "Expected `float")) or "out of range" in message
    return Code.BAD_NUMBER if number else _BY_FIELD.get(field, Code.BAD_FIELD)


def not_json(body: bytes, error: str) -> str:
    """What an operator can do about a body that is not JSON."""
    first = body.lstrip()[:1]
    if first == b"<":
        return "The body is XML; let the network server send JSON."
    if first in b"{[":
        return f"The body is not valid JSON ({error}); NaN, Infinity and leading zeros are not JSON."
    if any(byte < 9 for byte in body[:64]):
        return "The body is binary and no known event; let the network server send JSON."
    return "The body is plain text and not JSON."


def base64_bytes(text: str) -> bytes:
    """Bytes of standard base64, strictly: a lenient reader turns any English sentence into bytes.

    Missing padding is added. Raises `Refused`.
    """
    try:
        return binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except ValueError as error:
        raise Refused(Code.BAD_PAYLOAD, f"The payload is not base64: {error}.") from error


def hex_bytes(text: str) -> bytes:
    """Bytes of hexadecimal digits in any case, without anything between them. Raises `Refused`."""
    try:
        return binascii.a2b_hex(text)
    except ValueError as error:
        raise Refused(Code.BAD_PAYLOAD, f"The payload is not hexadecimal: {error}.") from error
