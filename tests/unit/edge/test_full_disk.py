"""On a disk that is truly full the spool gives up old samples, keeps the cues, and can still drain."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge_agent.spool import Row, Spool
from services.vocabulary import Cue, CueName

pytestmark = pytest.mark.unit

SIZE = 3 * 1024 * 1024
RESERVE = 1024 * 1024


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for 3 MiB: a file system of its own, or (without the right to mount) a limit on each file.

    A limit on each file is harsher: no reserve beside the file helps then, and new samples may be the ones that go.
    """
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(tmp_path)], capture_output=True, check=False
    )
    if mounted.returncode == 0:
        yield tmp_path
        subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)
        return
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE, before[1]))
    yield tmp_path
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def row(cue: bool) -> Row:
    return Row(0, 1.0, np.zeros(40, np.float32), cues=(Cue(CueName.SCREAM, 0.9),) if cue else ())


def test_it_keeps_every_cue_and_the_newest_samples_and_counts_the_rest(small: Path) -> None:
    spool = Spool(small / "spool.db", ballast_bytes=RESERVE)
    written = 20_000
    for start in range(0, written, 10):
        spool.append([row(i % 100 == 99) for i in range(start, start + 10)])
    assert spool.dropped > 1000
    assert spool.dropped + len(spool) == written
    batch = spool.read(0, written, 40)
    assert batch is not None
    assert len(batch) == len(spool)
    assert len(spool) > 5000
    if small.is_mount():
        assert int(batch.sequences[-1]) == written
        assert len(batch.cues) == written // 100


def test_it_drains_and_keeps_facts_when_something_else_fills_the_disk(small: Path) -> None:
    spool = Spool(small / "spool.db", ballast_bytes=RESERVE)
    spool.append([row(False) for _ in range(1000)])
    _fill(small)
    for _ in range(300):
        spool.append([row(False)])
    spool.keep_fact("clock", "boot 1.0")
    assert spool.forget(900, spool.epoch) > 0
    assert spool.oldest > 900
    assert spool.fact("clock") == "boot 1.0"
    epoch, held, dropped = spool.epoch, len(spool), spool.dropped
    spool.close()
    again = Spool(small / "spool.db", ballast_bytes=RESERVE)
    assert (again.epoch, len(again), again.dropped) == (epoch, held, dropped)


def test_it_counts_what_it_cannot_keep_and_goes_on_when_there_is_room_again(tmp_path: Path) -> None:
    """A child process, because a limit on files cannot be put back for certain in this one."""
    script = f"""
import resource, signal
import numpy as np
from pathlib import Path
from edge_agent.spool import Row, Spool
from edge_agent.spool_errors import NoRoom
row = Row(0, 1.0, np.zeros(40, np.float32))
spool = Spool(Path({str(tmp_path)!r}) / "spool.db", ballast_bytes=0)
spool.append([row] * 10)
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))
for _ in range(5):
    spool.append([row])
try:
    spool.keep_fact("clock", "x")
    raise SystemExit("a fact was kept on a full disk")
except NoRoom as error:
    assert "free room" in str(error), error
assert spool.forget(4, spool.epoch) == 0
assert (len(spool), spool.dropped, spool.newest) == (10, 5, 15), (len(spool), spool.dropped, spool.newest)
resource.setrlimit(resource.RLIMIT_FSIZE, limits)
spool.append([row])
assert spool.forget(4, spool.epoch) == 4
spool.close()
again = Spool(Path({str(tmp_path)!r}) / "spool.db")
assert (len(again), again.dropped, again.newest) == (7, 5, 16), (len(again), again.dropped, again.newest)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_it_opens_on_a_full_disk_by_giving_its_reserve_back(small: Path) -> None:
    spool = Spool(small / "spool.db", ballast_bytes=RESERVE)
    spool.append([row(True)] * 10)
    spool.close()
    _fill(small)
    again = Spool(small / "spool.db", ballast_bytes=RESERVE)
    again.append([row(True)])
    assert len(again) == 11


def _fill(folder: Path) -> None:
    """Leave no byte free (where files have a limit instead, fill a file to it)."""
    with (folder / "other").open("wb", buffering=0) as file:
        try:
            while True:
                assert os.write(file.fileno(), b"x" * 4096) > 0
        except OSError as error:
            assert error.errno in (28, 27, 122), error
