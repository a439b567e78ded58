"""`python -m threshold_service.score` on files as operators have them: what it reads, refuses, and says."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from threshold_service import score
from threshold_service.recording import read_recording

pytestmark = pytest.mark.unit
BEGAN = datetime(2026, 3, 1, tzinfo=UTC)


def file(folder: Path, n: int = 600, every_s: float = 300.0, **columns: object) -> Path:
    rng = np.random.default_rng(1)
    times = [(BEGAN + timedelta(seconds=every_s * i)).isoformat() for i in range(n)]
    value = rng.normal(20.0, 1.0, n)
    value[n * 3 // 4] += 30.0
    made = {"when": times, "value": value} | columns
    pyarrow.csv.write_csv(pa.table(made), folder / "a.csv")
    return folder / "a.csv"


def run(source: Path, *more: str, time: str = "when") -> tuple[int, pa.Table | None]:
    out = source.with_name("out.parquet")
    out.unlink(missing_ok=True)
    code = score.main([f"--time={time}", f"--out={out}", *more, str(source)])
    return code, pyarrow.parquet.read_table(out) if out.exists() else None


def test_it_adds_four_columns_and_keeps_the_others(tmp_path: Path) -> None:
    code, table = run(file(tmp_path))
    assert code == 0 and table is not None
    assert table.column_names == ["when", "value", "score", "tier", "event", "top"]
    scores, tiers = np.array(table["score"]), np.array(table["tier"])
    assert int(scores.argmax()) == 450 and tiers[450] == 1 and table["top"][450].as_py() == "value"
    assert table["event"][450].as_py() and not table["event"][0].as_py()
    assert scores.min() == 0.0 and scores.max() < 1.0 and not scores[:100].any()


def test_it_scores_each_resident_as_if_alone(tmp_path: Path) -> None:
    both = file(tmp_path, who=["a", "b"] * 300)
    _, together = run(both, "--resident=who")
    assert together is not None
    alone = together.filter(pa.array([True, False] * 300)).drop_columns(["score", "tier", "event", "top", "who"])
    pyarrow.csv.write_csv(alone, tmp_path / "b.csv")
    _, one = run(tmp_path / "b.csv")
    assert one is not None
    assert np.array(one["score"]).tolist() == np.array(together["score"])[::2].tolist()
    events = {event for event in together["event"].to_pylist() if event}
    assert all(len({w for w, e in zip(together["who"].to_pylist(), together["event"].to_pylist(), strict=True)
                    if e == event}) == 1 for event in events)  # fmt: skip


@pytest.mark.parametrize("kind", ["seconds", "milliseconds", "nanoseconds", "datetime", "text", "zoned"])
def test_it_reads_times_in_every_usual_form(tmp_path: Path, kind: str) -> None:
    began, step = BEGAN.timestamp(), 300
    seconds = np.array([began + step * i for i in range(200)])
    column = {
        "seconds": seconds, "milliseconds": (seconds * 1e3).astype(np.int64), "text": None, "zoned": None,
        "nanoseconds": (seconds * 1e9).astype(np.int64), "datetime": (seconds * 1e6).astype("datetime64[us]"),
    }[kind]  # fmt: skip
    if column is None:
        texts = [BEGAN + timedelta(seconds=step * i) for i in range(200)]
        column = [f"{t:%Y-%m-%d %H:%M:%S}" if kind == "text" else (t + timedelta(hours=2)).strftime(
            "%Y-%m-%dT%H:%M:%S+02:00") for t in texts]  # fmt: skip
    pyarrow.parquet.write_table(pa.table({"when": column, "v": np.arange(200.0)}), tmp_path / "a.parquet")
    read = read_recording(tmp_path / "a.parquet", "when", None, ())
    np.testing.assert_allclose(read.times, seconds)


def test_it_judges_rows_in_the_order_of_their_times(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, ordered = run(file(tmp_path))
    assert ordered is not None
    shuffled = np.random.default_rng(2).permutation(600)
    pyarrow.csv.write_csv(ordered.drop_columns(["score", "tier", "event", "top"]).take(shuffled), tmp_path / "a.csv")
    capsys.readouterr()
    _, other = run(tmp_path / "a.csv")
    assert other is not None and "not in the order" in capsys.readouterr().out
    assert np.array(other["score"]).tolist() == np.array(ordered["score"])[shuffled].tolist()


def test_it_says_what_it_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    n = 600
    holes = np.where(np.arange(n) == 300, np.inf, np.random.default_rng(3).normal(size=n))
    source = file(
        tmp_path, note=["x"] * n, flat=np.full(n, 4.0), holes=holes, empty=np.full(n, np.nan),
        **{"quality.face": np.ones(n)},
    )  # fmt: skip
    code, table = run(source)
    said = capsys.readouterr().out
    assert code == 0 and table is not None and np.isfinite(np.array(table["score"])).all()
    for words in (
        "not watched: note", "1 infinite", "never changes (it speaks as soon as it does): flat",
        "without any value, not watched: empty", "context by its name, not watched: quality.face",
    ):  # fmt: skip
        assert words in said
    assert "next:" in said


def test_it_gives_no_score_to_rows_without_time_or_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = file(tmp_path)
    lines = source.read_text().splitlines()
    lines[500] = ',"21.0"'
    lines[501] = lines[501].split(",")[0] + ","
    lines[502] = lines[503].split(",")[0] + "," + lines[502].split(",")[1]
    source.write_text("\n".join(lines) + "\n")
    _, table = run(source)
    said = capsys.readouterr().out
    assert table is not None and table["score"][499].as_py() == 0.0 and table["score"][500].as_py() == 0.0
    for words in ("1 rows have no readable time", "1 rows have no value at all", "1 rows repeat the time"):
        assert words in said


@pytest.mark.parametrize(
    ("more", "time", "says"),
    [
        ((), "stamp", "no column 'stamp': it has when, value"),
        ((), "word", "600 of 600 rows hold no time, the first is 'soon'"),
        (("--resident=nobody",), "when", "no column 'nobody'"),
        (("--column=word",), "when", "column 'word' holds string: expected numbers"),
        (("--budget=often",), "when", "such as 7/week"),
        (("--budget=0/week",), "when", "such as 7/week"),
        (("--out=scored.txt",), "when", "ends in .parquet or .csv"),
        (("--policy=nowhere.toml",), "when", "policy file 'nowhere.toml'"),
    ],
)
def test_it_refuses_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], time: str, says: str
) -> None:
    code, table = run(file(tmp_path, word=["soon"] * 600), *more, time=time)
    assert code == 2 and table is None and says in capsys.readouterr().err


def test_it_refuses_files_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.parquet").write_bytes(b"no parquet")
    (tmp_path / "empty.csv").write_text("when,value\n")
    (tmp_path / "words.csv").write_text("when,word\n2026-01-01,a\n2026-01-02,b\n")
    (tmp_path / "own.csv").write_text("when,score\n2026-01-01,1\n2026-01-02,2\n")
    for name, says in (
        ("none.csv", "there is no file"), ("bad.parquet", "cannot be read"), ("empty.csv", "holds no rows"),
        ("words.csv", "nothing to watch"), ("own.csv", "rename it"),
    ):  # fmt: skip
        assert run(tmp_path / name)[0] == 2
        assert says in capsys.readouterr().err


def test_it_scores_its_own_output_alike(tmp_path: Path) -> None:
    _, table = run(file(tmp_path))
    assert table is not None
    pyarrow.parquet.write_table(table, tmp_path / "again.parquet")
    _, again = run(tmp_path / "again.parquet")
    assert again is not None and again.equals(table)


def test_it_draws_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(file(tmp_path), f"--plot={tmp_path / 'p.png'}")[0] == 0
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    assert "plotted: value" in capsys.readouterr().out


def test_it_says_that_a_file_is_too_short_to_learn_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, table = run(file(tmp_path, n=40))
    assert code == 0 and table is not None and not np.array(table["score"]).any()
    assert "too few rows" in capsys.readouterr().out


def test_it_says_where_a_budget_is_larger_than_the_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(file(tmp_path, every_s=86_400.0))[0] == 0
    assert "more than one event in 50 rows" in capsys.readouterr().out
