"""The spool keeps samples until they are durable, and says what it could not keep."""

import threading
from pathlib import Path
from time import sleep

import numpy as np
import pytest

from edge_agent.spool import Row, Spool
from edge_agent.spool_errors import Damaged
from services.vocabulary import Absence, Cue, CueName, Gap, Sense

pytestmark = pytest.mark.unit


def row(time: float, *cues: Cue) -> Row:
    return Row(0, time, np.array([time, np.nan], np.float32), cues=cues, gaps=(Gap(Sense.FACE, Absence.NOT_IN_VIEW),))


def test_it_gives_back_what_was_written_across_a_restart(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db")
    groan = Cue(CueName.VOCALISATION_UNRESOLVED, 0.5, -0.25, -21.5, 1.5, 0.5, 0.25)
    spool.append([row(1.0), row(2.0, Cue(CueName.CRY, 0.75, -0.5), groan)])
    epoch = spool.epoch
    spool.close()
    again = Spool(tmp_path / "spool.db")
    batch = again.read(after=0, limit=10, channels=2)
    assert batch is not None
    assert again.epoch == epoch
    assert batch.sequences.tolist() == [1, 2]
    assert np.isnan(batch.values[:, 1]).all()
    assert batch.cues == ((1, Cue(CueName.CRY, 0.75, -0.5)), (1, groan))
    assert batch.gaps[0] == (0, Gap(Sense.FACE, Absence.NOT_IN_VIEW))


def test_it_never_gives_a_sequence_twice_even_when_all_was_acknowledged(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db")
    spool.append([row(1.0), row(2.0)])
    assert spool.forget(2, spool.epoch) == 2
    spool.close()
    assert Spool(tmp_path / "spool.db").append([row(3.0)]) == 3


def test_it_drops_the_oldest_samples_without_cues_first_and_counts_them(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", max_rows=3)
    spool.append([row(1.0, Cue(CueName.SCREAM, 0.9))])
    for time in (2.0, 3.0, 4.0, 5.0):
        spool.append([row(time)])
    batch = spool.read(after=0, limit=10, channels=2)
    assert batch is not None
    assert batch.times.tolist() == [1.0, 4.0, 5.0]
    assert spool.dropped == 2


def test_it_treats_cameras_alike_although_one_hears_a_little_all_day(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", max_rows=100)
    values = np.zeros(2, np.float32)
    radio = (Cue(CueName.LAUGHTER, 0.4),)
    for second in range(200):
        spool.append([Row(0, float(second), values, cues=radio), Row(1, float(second), values)])
    batch = spool.read(after=0, limit=1000, channels=2)
    assert batch is not None
    assert batch.seats.tolist().count(0) == batch.seats.tolist().count(1) == 50
    assert batch.times.min() == 150.0


def test_it_writes_what_many_cameras_say_at_once_in_one_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool, commits = Spool(tmp_path / "spool.db"), list[int]()
    write = spool._insert

    def counted(records: list[tuple[object, ...]]) -> None:
        commits.append(len(records))
        write(records)

    monkeypatch.setattr(spool, "_insert", counted)
    given: list[int] = []
    cameras = [threading.Thread(target=lambda: given.append(spool.append([row(1.0), row(2.0)]))) for _ in range(20)]
    with spool._lock:  # as while the disk is slow
        for camera in cameras:
            camera.start()
        while len(spool._arrived) < len(cameras):
            sleep(0.001)
    for camera in cameras:
        camera.join()
    assert commits == [40]
    assert sorted(given) == list(range(2, 42, 2))


def test_it_starts_a_new_epoch_when_its_file_is_deleted_while_running(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db")
    spool.append([row(1.0)])
    epoch = spool.epoch
    (tmp_path / "spool.db").unlink()
    assert spool.append([row(2.0)]) == 1
    assert spool.epoch != epoch


def test_it_carries_its_facts_over_when_its_file_is_deleted(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db")
    spool.keep_fact("schema", "[]")
    spool.append([row(1.0)])
    (tmp_path / "spool.db").unlink()
    spool.append([row(2.0)])
    assert spool.fact("schema") == "[]"
    assert (spool.newest, spool.dropped, len(spool)) == (1, 0, 1)


def test_it_forgets_nothing_for_an_acknowledgement_of_another_epoch(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db")
    former = spool.epoch
    spool.append([row(1.0)])
    (tmp_path / "spool.db").unlink()
    spool.append([row(2.0), row(3.0)])
    assert spool.forget(1, former) == 0
    assert spool.read(0, 10, 2, former) is None
    assert len(spool) == 2
    assert spool.forget(1, spool.epoch) == 1


def test_it_keeps_its_samples_and_sequences_under_a_renewed_epoch(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db")
    spool.append([row(1.0), row(2.0)])
    spool.forget(1, spool.epoch)
    former = spool.epoch
    renewed = spool.renew()
    spool.close()
    again = Spool(tmp_path / "spool.db")
    assert again.epoch == renewed != former
    assert (len(again), again.oldest, again.newest) == (1, 2, 2)


def test_it_waits_for_the_disk_at_every_commit(tmp_path: Path) -> None:
    """SQLite's number for FULL is 2: a sequence that was sent is on the disk and never given to another sample."""
    spool = Spool(tmp_path / "spool.db")
    assert spool._db.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_damaged_file_is_set_aside_and_another_begun(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    path.write_bytes(b"no database at all" * 500)
    spool = Spool(path)
    assert spool.append([row(1.0)]) == 1
    assert (tmp_path / "spool.db.damaged").read_bytes().startswith(b"no database")
    spool.close()


def test_a_file_of_another_name_is_never_moved_away(tmp_path: Path) -> None:
    path = tmp_path / "minutes.txt"
    path.write_bytes(b"no database at all" * 500)
    with pytest.raises(Damaged, match=r"minutes\.txt"):
        Spool(path)
    assert path.exists()


def test_a_file_that_is_damaged_while_it_is_written_is_set_aside_and_what_comes_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    spool = Spool(path, ballast_bytes=0)
    spool.append([row(float(at)) for at in range(3000)])
    spool.close()
    spool = Spool(path, ballast_bytes=0)
    former = spool.epoch
    with path.open("r+b") as file:  # what a dying card leaves: pages of nonsense behind an intact first one
        file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - 4096))
    spool.append([row(5000.0)])
    spool.read(0, 10_000, 2)
    spool.append([row(5001.0)])
    found = spool.read(0, 10_000, 2)
    assert found is not None
    assert found.times.tolist()[-1] == 5001.0
    assert spool.epoch != former
    assert (tmp_path / "spool.db.damaged").exists()
    spool.close()
