from __future__ import annotations

import multiprocessing
from contextlib import closing
from pathlib import Path
from typing import get_args

import pytest

from sinks.errors import Refused
from sinks.model import Organisation
from sinks.storage import Storage, StoreKind, StoreSettings

TOKENS = {"write_token": "one-word", "read_token": "another"}


def storage(tmp_path: Path, kind: str) -> Storage:
    return Storage(data=tmp_path, store=StoreSettings.model_validate({"kind": kind, "influxdb": TOKENS}))


@pytest.mark.parametrize("kind", get_args(StoreKind))
def test_every_kind_of_store_opens_under_its_own_name_with_a_reader(tmp_path: Path, kind: str) -> None:
    chosen = storage(tmp_path, kind)
    store, reader = chosen.open_store(), chosen.open_reader()
    assert store.name == kind  # the books and the status line find each other by it
    store.close()
    reader.close()


def test_a_token_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one-word\n")
    files = {"write_token_file": tmp_path / "token", "read_token_file": tmp_path / "none"}
    chosen = Storage(data=tmp_path, store=StoreSettings.model_validate({"kind": "influxdb", "influxdb": files}))
    chosen.open_store().close()
    with pytest.raises(Refused, match="none cannot be read"):
        chosen.open_reader()


def test_a_data_folder_that_cannot_be_made_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Refused, match="choose another data folder"):
        Storage(data=tmp_path / "file" / "data").open_registry()


def test_a_registry_url_goes_before_the_data_folder(tmp_path: Path) -> None:
    chosen = Storage.model_validate({"data": tmp_path / "a", "registry_url": f"sqlite:///{tmp_path}/b.db"})
    chosen.open_registry().close()
    assert (tmp_path / "b.db").exists()
    assert not (tmp_path / "a").exists()


def test_the_intake_may_be_the_first_that_asks_for_the_registry(tmp_path: Path) -> None:
    with closing(storage(tmp_path, "embedded").open_places()) as places:
        assert (places.revision(), list(places.iter_places())) == (0, [])


def _first_places(data: Path) -> None:
    Storage(data=data).open_places().close()


def test_processes_that_start_at_once_all_find_the_places(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    starts = [spawn.Process(target=_first_places, args=(tmp_path / "data",)) for _ in range(3)]
    for start in starts:
        start.start()
    for start in starts:
        start.join(60)
    assert [start.exitcode for start in starts] == [0] * 3


def test_places_are_those_of_the_registry_s_own_url(tmp_path: Path) -> None:
    chosen = Storage.model_validate({"data": tmp_path / "a", "registry_url": f"sqlite:///{tmp_path}/b.db"})
    with closing(chosen.open_registry()) as registry:
        registry.add_organisation(Organisation("offenbach", "Offenbach"))
        with closing(chosen.open_places()) as places:
            assert places.revision() == registry.revision()
