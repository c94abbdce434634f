"""A copy of the device repository: from a model to its script and examples."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.javascript.repository import codec_file, definition
from ingest.javascript.settings import CodecError

DEVICE = """
name: One
firmwareVersions:
  - version: '1.0'
    profiles:
      EU863-870: {id: profile, codec: one-codec}
      US902-928: {id: profile, codec: one-codec}
"""
CODEC = """
uplinkDecoder:
  fileName: one.js
  examples:
    - description: full
      input: {fPort: 2, bytes: [0x04, 176, 250, 20]}
      output:
        data: {level: {mm: 1200}, bat: 2.5, t: 20}
      normalizedOutput:
        data: [{battery: 2.5}]
    - description: another port
      input: {fPort: 9, bytes: [1]}
      output:
        errors: [unknown port]
"""


@pytest.fixture
def devices(tmp_path: Path) -> Path:
    folder = tmp_path / "vendor" / "acme"
    folder.mkdir(parents=True)
    (folder / "one.yaml").write_text(DEVICE)
    (folder / "one-codec.yaml").write_text(CODEC)
    (folder / "one.js").write_text("")
    return tmp_path


@pytest.mark.parametrize("model", ["acme/one", "acme/one-codec"])
def test_a_model_leads_to_its_script_and_examples(devices: Path, model: str) -> None:
    found = definition(devices, model)
    assert found.script == devices / "vendor/acme/one.js"
    first, second = found.examples
    assert (first.title, first.payload, first.f_port) == ("full", bytes([4, 176, 250, 20]), 2)
    assert first.expected == {"data": {"level": {"mm": 1200}, "bat": 2.5, "t": 20}}
    assert first.normalized == [{"battery": 2.5}]
    assert (second.expected, second.normalized) == ({"errors": ["unknown port"]}, None)


def test_a_model_with_a_codec_for_each_firmware_asks_which(devices: Path) -> None:
    (devices / "vendor/acme/one.yaml").write_text(DEVICE + DEVICE[DEVICE.index("  -") :].replace("one-", "two-"))
    with pytest.raises(CodecError, match='write model = "acme/one-codec" or model = "acme/two-codec"'):
        definition(devices, "acme/one")


def test_a_key_that_stands_twice_is_remarked(devices: Path) -> None:
    file = devices / "vendor/acme/one-codec.yaml"
    file.write_text(CODEC + "  examples: []\n")
    assert codec_file(file).remarks == ("examples stands twice in one-codec.yaml; the first is lost",)


@pytest.mark.parametrize(
    "example", ["5", "{input: {bytes: [300]}}", "{input: {bytes: 5}}", "{input: {bytes: [1], fPort: x}}"]
)
def test_an_example_that_is_none_is_remarked_and_the_script_is_found(devices: Path, example: str) -> None:
    file = devices / "vendor/acme/one-codec.yaml"
    file.write_text("uplinkDecoder: {fileName: one.js, examples: [" + example + "]}")
    found = codec_file(file)
    assert (found.examples, found.remarks) == ((), ("example 1 has no list of bytes with an fPort",))


@pytest.mark.parametrize(
    ("model", "why"),
    [("nobody/one", "no vendor nobody"), ("acme/two", "two.yaml cannot be read")],
)
def test_a_model_that_is_not_there_says_so(devices: Path, model: str, why: str) -> None:
    with pytest.raises(CodecError, match=why):
        definition(devices, model)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: [", "is no YAML"),
        ("[" * 5_000, "is no YAML"),
        ("a: &a [1]\nb: *a", "aliases"),
        ("a: !!python/object/apply:os.system ['true']", "is no YAML"),
        ("uplinkDecoder: {}", "names no script"),
        ("uplinkDecoder: {fileName: ../../../../etc/passwd}", "outside"),
        ("# " + "x" * 2_000_001, "longer than 2 MB"),
        ("\x00", "is no YAML"),
    ],
    ids=range(8),
)
def test_a_file_that_is_none_says_why_and_runs_nothing(devices: Path, text: str, why: str) -> None:
    (devices / "vendor/acme/one-codec.yaml").write_text(text)
    with pytest.raises(CodecError, match=why):
        definition(devices, "acme/one")
