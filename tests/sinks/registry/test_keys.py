"""Tokens: shown once, kept as a hash, refused when wrong, revoked or of another role."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from sinks.errors import Invalid
from sinks.registry.store import SqlRegistry
from sinks.registry.tables import metadata
from tests.sinks.registry.cities import DAY, MAY, OFFENBACH


@pytest.fixture
def token(registry: SqlRegistry) -> str:
    registry.add_organisation(OFFENBACH)
    return registry.create_key("network server", "webhook", "offenbach", MAY)


def test_a_token_opens_its_key(registry: SqlRegistry, token: str) -> None:
    key = registry.check_key(token, "webhook")
    assert key is not None
    assert (key.name, key.role, key.organisation, key.created_ms) == ("network server", "webhook", "offenbach", MAY)


@pytest.mark.parametrize("role", ["reader", "admin", ""])
def test_a_token_opens_nothing_of_another_role(registry: SqlRegistry, token: str, role: str) -> None:
    assert registry.check_key(token, role) is None


def test_an_altered_token_is_refused(registry: SqlRegistry, token: str) -> None:
    head, secret = token.rsplit(".", 1)
    other = ("A" if secret[0] != "A" else "B") + secret[1:]
    wrong = [
        f"{head}.{other}",
        f"{head}.",
        head,
        f"{token}A",
        "",
        "x" * 100_000,
        f"sc1.{'0' * 16}.{secret}",
        "sc1..",
        "\ud800",
    ]
    assert [registry.check_key(each, "webhook") for each in wrong] == [None] * len(wrong)


def test_a_token_of_another_key_does_not_open_this_one(registry: SqlRegistry, token: str) -> None:
    other = registry.create_key("second", "webhook", None, MAY)
    mixed = ".".join([*token.split(".")[:2], other.split(".")[2]])
    assert registry.check_key(mixed, "webhook") is None


def test_a_revoked_key_opens_nothing(registry: SqlRegistry, token: str) -> None:
    [key] = registry.issued_keys()
    registry.revoke_key(key.id, MAY + DAY)
    assert registry.check_key(token, "webhook") is None
    assert registry.issued_keys()[0].revoked_ms == MAY + DAY


def test_revoking_again_keeps_the_first_time_and_the_revision(registry: SqlRegistry, token: str) -> None:
    key_id = token.split(".")[1]
    registry.revoke_key(key_id, MAY + DAY)
    before = registry.revision()
    registry.revoke_key(key_id, MAY + 2 * DAY)
    assert (registry.issued_keys()[0].revoked_ms, registry.revision()) == (MAY + DAY, before)


def test_a_key_that_is_not_there_cannot_be_revoked(registry: SqlRegistry) -> None:
    with pytest.raises(Invalid, match="there is no key 'abc'"):
        registry.revoke_key("abc", MAY)


def test_neither_token_nor_secret_is_anywhere_in_the_database(registry: SqlRegistry, token: str) -> None:
    with registry._database.reading() as connection:
        rows = [list(row) for table in metadata.sorted_tables for row in connection.execute(select(table))]
    assert token.split(".")[1] in json.dumps(rows)
    assert token.split(".")[2] not in json.dumps(rows)


def test_the_secret_is_not_in_the_file_either(sqlite_template: Path, tmp_path: Path) -> None:
    (tmp_path / "keys.db").write_bytes(sqlite_template.read_bytes())
    registry = SqlRegistry(f"sqlite:///{tmp_path / 'keys.db'}")
    secret = registry.create_key("reader", "reader", None, MAY).split(".")[2]
    found = [path.name for path in tmp_path.iterdir() if secret.encode() in path.read_bytes()]
    registry.close()
    assert found == []


@pytest.mark.parametrize(
    ("name", "role", "organisation", "word"),
    [
        ("x", "owner", None, "'webhook', 'reader' or 'admin'"),
        ("", "reader", None, "must not be empty"),
        ("x", "reader", "offenbahc", "did you mean offenbach"),
    ],
)
def test_a_wrong_key_names_its_rule(
    registry: SqlRegistry, name: str, role: str, organisation: str | None, word: str
) -> None:
    registry.add_organisation(OFFENBACH)
    with pytest.raises(Invalid, match=word):
        registry.create_key(name, role, organisation, MAY)
    assert registry.issued_keys() == []


def test_an_organisation_with_keys_is_not_removed(registry: SqlRegistry, token: str) -> None:
    assert token
    with pytest.raises(Invalid, match="still has keys"):
        registry.remove_organisation("offenbach")
