"""A local copy of the public device repository: where the script of a model is, and its examples.

Form: `vendor/<vendor>/<model>.yaml` names for each firmware and region a codec, `<codec>.yaml` beside it the script and
examples. Source: README of TheThingsNetwork/lorawan-devices.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, NamedTuple

from .settings import CodecError

_LONGEST_YAML: Final = 2_000_000
_MOST_EXAMPLES: Final = 500


class Example(NamedTuple):
    """A frame with what its author expects: `data` or `errors`, and `normalized` where it is given."""

    title: str
    payload: bytes
    f_port: int
    expected: dict[str, Any]
    normalized: Any = None


class Definition(NamedTuple):
    """A codec of the repository. `remarks`: what is odd about its file."""

    script: Path
    examples: tuple[Example, ...]
    remarks: tuple[str, ...] = ()


def definition(repository: Path, model: str) -> Definition:
    """The codec of `vendor/model`, which may name the codec's own file too. Raises `CodecError`."""
    vendor, _, name = model.partition("/")
    folder = repository / "vendor" / vendor
    if not folder.is_dir():
        raise CodecError(f"{repository} has no vendor {vendor}: is it a copy of the device repository?")
    found, _ = _mapping(folder / f"{name}.yaml")
    return codec_file(folder / f"{name if 'uplinkDecoder' in found else _codec(model, found)}.yaml")


def _codec(model: str, device: dict[str, Any]) -> str:
    """The one codec of all firmware and regions."""
    versions = _list(device.get("firmwareVersions"))
    profiles = [profile for version in versions for profile in _dict(_dict(version).get("profiles")).values()]
    codecs = sorted({str(_dict(profile)["codec"]) for profile in profiles if "codec" in _dict(profile)})
    vendor = model.partition("/")[0]
    if not codecs:
        raise CodecError(f"{model} names no codec in the device repository")
    if len(codecs) > 1:
        chosen = " or ".join(f'model = "{vendor}/{codec}"' for codec in codecs)
        raise CodecError(f"{model} has a codec for each firmware: write {chosen}")
    return codecs[0]


def codec_file(file: Path) -> Definition:
    """Script and examples of a codec's YAML file. Raises `CodecError`."""
    found, remarks = _mapping(file)
    uplink = _dict(found.get("uplinkDecoder"))
    name = uplink.get("fileName")
    if not isinstance(name, str):
        raise CodecError(f"{file} names no script at uplinkDecoder.fileName")
    script = (file.parent / name).resolve()
    if not script.is_relative_to(file.parent.parent.resolve()):
        raise CodecError(f"{file} names a script outside of its folder: {name}")
    given = _list(uplink.get("examples"))[:_MOST_EXAMPLES]
    examples = [_example(str(n), _dict(example)) for n, example in enumerate(given, 1)]
    unread = tuple(
        f"example {n} has no list of bytes with an fPort" for n, one in enumerate(examples, 1) if one is None
    )
    return Definition(script, tuple(one for one in examples if one is not None), remarks + unread)


def _example(number: str, given: dict[str, Any]) -> Example | None:
    asked = _dict(given.get("input"))
    try:
        payload, port = bytes(_list(asked.get("bytes"))), int(asked.get("fPort", 1))
    except (TypeError, ValueError):
        return None
    if not isinstance(asked.get("bytes"), list):
        return None
    normal = _dict(given.get("normalizedOutput")).get("data")
    return Example(str(given.get("description", number)), payload, port, _dict(given.get("output")), normal)


def _mapping(file: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """A YAML file that is a mapping, and its keys that stand twice, of which YAML keeps the last."""
    try:
        import yaml  # noqa: PLC0415 of the extra [js]
    except ImportError:
        raise CodecError("the device repository needs PyYAML: pip install 'open-smartcity-sensors[js]'") from None
    twice: list[str] = []

    class Loader(yaml.SafeLoader):
        """Without aliases, by which a small file says a billion things."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("aliases (*name) are not read")
            return super().compose_node(parent, index)

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 the loader's own
            keys = [key.value for key, _ in node.value if isinstance(key.value, str)]
            twice.extend(sorted({key for key in keys if keys.count(key) > 1}))
            return super().construct_mapping(node, deep)

    # A time stays the text that it is in the codec's own result.
    Loader.yaml_implicit_resolvers = {
        first: [known for known in resolvers if known[0] != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        if file.stat().st_size > _LONGEST_YAML:
            raise CodecError(f"{file} is longer than 2 MB")
        found = yaml.load(file.read_text("utf-8"), Loader)  # noqa: S506 a safe loader made safer
    except OSError as error:
        raise CodecError(f"{file} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise CodecError(f"{file} is no YAML that is read here: {' '.join(str(error).split())[:300]}") from error
    return _dict(found), tuple(f"{key} stands twice in {file.name}; the first is lost" for key in twice)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
