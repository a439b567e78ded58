"""Films become pictures while a corpus is built: which, how they are said, and what is no film. Kind: unit."""

import io
import struct
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from edge_agent.evidence.settings import EvidenceSettings
from tests.unit.training.dataset_folders import FOLDERS, film, jpg, write
from training.corpus.assets import AssetStore
from training.corpus.building import Built, CorpusSettings, SourceSettings, build
from training.corpus.errors import AssetInvalid, CorpusError, RecipeInvalid
from training.corpus.example import Example, Role, Split
from training.corpus.films import MOST, QUALITY, WIDTH_PX, Films, cut, moments
from training.corpus.items import Shown
from training.corpus.leakage import Why, sieved
from training.corpus.licences import Use
from training.corpus.parts import Modality, Recorded, Text
from vlm_service.dialogue import Frame
from vlm_service.dialogue.messages import Message as Live
from vlm_service.settings import VlmSettings

pytestmark = pytest.mark.unit
FILMED = ("MERR", "Omni-Emotion-SRE", "MAFW", "SSBD+", "DEEMO", "egoEMOTION")


def counting(file: Path, seconds: int = 8, size: tuple[int, int] = (64, 48), codec: str = "mpeg4") -> Path:
    """A film of five frames a second in which each second is brighter than the one before; `size` in pixels."""
    width, height = size
    with av.open(str(file), "w") as out:
        stream = out.add_stream(codec, rate=5)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for k in range(seconds * 5):
            picture = np.full((height, width, 3), 20 + 25 * (k // 5), np.uint8)
            picture[: height // 4] = 255  # a bright edge above, so that what is turned can be told
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    return file


def shown(file: Path, start_s: float = 0.0, end_s: float | None = None) -> Shown:
    return Shown(file, Modality.VIDEO, start_s, end_s)


def pixels(asset: str, store: AssetStore) -> np.ndarray:
    return np.asarray(Image.open(store.path(asset)).convert("L")).astype(int)


def built(root: Path, *datasets: str, films: Films | None = None, use: Use = Use.EVALUATION) -> Built:
    for dataset in datasets:
        if not (root / dataset).exists():
            FOLDERS[dataset][0](root / dataset)
    sources = tuple(SourceSettings(dataset=one, folder=root / one) for one in datasets)
    of = CorpusSettings(use=use, source=sources, films=films or Films())
    return build(of, root / "out", lambda what, fields: None)


@pytest.mark.parametrize("dataset", FILMED)
def test_it_leaves_no_film_in_an_example_and_shows_what_is_said_before_it(tmp_path: Path, dataset: str) -> None:
    made = built(tmp_path, dataset)
    for example in made.corpus.examples():
        parts = next(one.parts for one in example.messages if one.role is Role.USER)
        recorded = [part for part in parts if isinstance(part, Recorded)]
        assert recorded and {one.modality for one in recorded} == {Modality.IMAGE} and len(example.films) == 1
        assert not made.corpus.assets.path(example.films[0]).exists(), "the film itself is not kept"
        for before, part in pairwise(parts):
            assert not isinstance(part, Recorded) or isinstance(before, Text)


def test_it_says_pictures_of_a_film_as_the_live_service_says_its_own(tmp_path: Path) -> None:
    FOLDERS["MAFW"][0](tmp_path / "MAFW")
    counting(tmp_path / "MAFW/clips/00001.mp4")
    of = built(tmp_path, "MAFW", films=Films(frames=2)).corpus
    example = next(one for one in of.examples() if one.source.item == "00001.mp4")
    said = "".join(one.text if isinstance(one, Text) else "[picture]" for one in example.messages[0].parts)
    jpegs = [of.assets.path(one.asset).read_bytes() for one in example.messages[0].parts if isinstance(one, Recorded)]
    frames = tuple(Frame(one, before, False) for one, before in zip(jpegs, (6.0, 2.0), strict=True))
    live = Live("user", said.partition("\nPictures")[0], frames).parts()
    wanted = "".join(one.get("text", "[picture]") for one in live if isinstance(one, dict))
    for live_words, words in (("6 s before the event opened", "2.0 s after the film began"),
                              ("2 s before the event opened", "6.0 s after the film began")):  # fmt: skip
        assert live_words in wanted
        wanted = wanted.replace(live_words, words)
    assert said == wanted


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "mpeg4"), ("a.avi", "mpeg4"), ("a.mkv", "libx264")])
def test_it_takes_what_is_on_the_screen_at_the_middles_of_equal_parts(tmp_path: Path, name: str, codec: str) -> None:
    store = AssetStore(tmp_path / "assets")
    file = counting(tmp_path / name, codec=codec)
    _, pictures = cut(shown(file), Films(frames=4), store)
    assert [one.start_s for one in pictures] == pytest.approx([1.0, 3.0, 5.0, 7.0], abs=0.05)
    below = [pixels(one.asset, store)[-8:].mean() for one in pictures]
    assert below == pytest.approx([45, 95, 145, 195], abs=4)
    _, part = cut(shown(file, 2.0, 4.0), Films(frames=2), store)
    assert [one.start_s for one in part] == pytest.approx([2.4, 3.4], abs=0.11)
    assert [pixels(one.asset, store)[-8:].mean() for one in part] == pytest.approx([70, 95], abs=4)


def test_it_makes_the_same_pictures_every_time_and_no_two_of_one_moment(tmp_path: Path) -> None:
    file = counting(tmp_path / "a.mp4", seconds=2)
    one, two = (cut(shown(file), Films(frames=8), AssetStore(tmp_path / name)) for name in "ab")
    assert one == two and len(one[1]) == len({each.start_s for each in one[1]}) == 4, "none nearer than half a second"
    assert moments(0.0, 0.3, 4) == (0.15,)


def test_it_makes_them_as_small_as_an_edge_agent_does(tmp_path: Path) -> None:
    assert (EvidenceSettings().width_px, EvidenceSettings().quality) == (WIDTH_PX, QUALITY)
    most = next(one.le for one in VlmSettings.model_fields["pictures"].metadata if hasattr(one, "le"))
    assert most == MOST
    store = AssetStore(tmp_path / "assets")
    _, (picture,) = cut(shown(counting(tmp_path / "a.mp4", 1, (640, 360))), Films(frames=1), store)
    assert Image.open(store.path(picture.asset)).size == (320, 180)


@pytest.mark.parametrize(("turned", "bright"), [(90, "right"), (180, "below"), (270, "left")])
def test_it_turns_a_film_that_was_taken_with_the_camera_turned(tmp_path: Path, turned: int, bright: str) -> None:
    """The track header says by how much a player turns each picture clockwise (ISO 14496-12, 8.3.2)."""
    raw = bytearray(counting(tmp_path / "a.mp4", 1).read_bytes())
    at = raw.index(b"tkhd") + 4 + 40
    cos, sin = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[turned]
    raw[at : at + 36] = struct.pack(">9i", cos << 16, sin << 16, 0, -sin << 16, cos << 16, 0, 0, 0, 1 << 30)
    file = write(tmp_path / "b.mp4", bytes(raw))
    store = AssetStore(tmp_path / "assets")
    _, (picture,) = cut(shown(file), Films(frames=1), store)
    seen = pixels(picture.asset, store)
    edges = {"right": seen[:, -8:], "left": seen[:, :8], "below": seen[-8:], "above": seen[:8]}
    assert max(edges, key=lambda name: float(edges[name].mean())) == bright
    assert seen.shape == ((48, 64) if turned == 180 else (64, 48))


def test_it_counts_a_film_that_is_none_or_cut_short_with_the_reason_and_goes_on(tmp_path: Path) -> None:
    FOLDERS["MAFW"][0](tmp_path / "MAFW")
    lines = [f"0000{k}.mp4 anger <br>x<br> A man frowns." for k in range(1, 6)]
    write(tmp_path / "MAFW/caption-label/single_label.txt", "\n".join(lines))
    clips = tmp_path / "MAFW/clips"
    counting(tmp_path / "whole.avi")
    raw = (tmp_path / "whole.avi").read_bytes()
    write(clips / "00003.mp4", raw[: len(raw) // 2])
    write(clips / "00004.mp4", jpg())
    said: list[str] = []
    of = CorpusSettings(use=Use.RESEARCH, source=(SourceSettings(dataset="MAFW", folder=tmp_path / "MAFW"),))
    made = build(of, tmp_path / "out", lambda what, fields: said.append(str(fields.get("why", ""))))
    assert made.left_out == {("MAFW", "AssetInvalid"): 3} and made.examples["MAFW"] == 2
    for name, why in (("00003.mp4", "half-downloaded"), ("00004.mp4", ""), ("00005.mp4", "No such file")):
        assert any(name in one and why in one for one in said), said


@pytest.mark.parametrize(
    ("start_s", "end_s", "why"),
    [(0.0, 60.0, "is wanted"), (3.0, 3.0, "expected a stretch"), (30.0, 31.0, "is wanted")],
)
def test_it_shows_nothing_that_a_film_does_not_have(tmp_path: Path, start_s: float, end_s: float, why: str) -> None:
    with pytest.raises(AssetInvalid, match=why):
        cut(shown(counting(tmp_path / "a.mp4"), start_s, end_s), Films(), AssetStore(tmp_path / "assets"))


def test_it_shows_nothing_of_a_film_too_small_to_be_seen_or_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(AssetInvalid, match=r"16 x 16 pixels: expected sides of 32"):
        cut(shown(counting(tmp_path / "a.mp4", size=(16, 16))), Films(), AssetStore(tmp_path / "assets"))
    with av.open(str(tmp_path / "b.mp4"), "w") as out:
        sound = out.add_stream("aac", rate=16000)
        for _ in range(20):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate = 16000
            out.mux(sound.encode(frame))
        out.mux(sound.encode())
    with pytest.raises(AssetInvalid, match="it has no pictures"):
        cut(shown(tmp_path / "b.mp4"), Films(), AssetStore(tmp_path / "assets"))


def test_it_keeps_films_where_somebody_says_so_and_checks_them(tmp_path: Path) -> None:
    corpus = built(tmp_path, "MAFW", films=Films(keep=True)).corpus
    names = [name for one in corpus.examples() for name in one.films]
    assert len(names) == 2 and all(corpus.assets.path(name).is_file() for name in names)
    corpus.check()
    corpus.assets.path(names[0]).write_bytes(b"other")
    with pytest.raises(AssetInvalid, match="has changed"):
        corpus.check()


def test_it_does_not_go_on_with_a_corpus_whose_films_were_cut_otherwise(tmp_path: Path) -> None:
    built(tmp_path, "MAFW")
    with pytest.raises(CorpusError, match="name another folder"):
        built(tmp_path, "MAFW", films=Films(frames=2))
    with pytest.raises(RecipeInvalid, match=r"films\.frames"):
        text = "use = 'research'\n[films]\nframes = 9\n[[source]]\ndataset = 'MAFW'\nfolder = 'd'"
        CorpusSettings.read(write(tmp_path / "corpus.toml", text))


def test_it_cuts_no_film_anew_that_was_cut_before_the_building_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        film(tmp_path / f"clips/0000{number}.mp4")
    lines = [f"0000{k}.mp4 anger <br>x<br> A man frowns." for k in range(6)]
    write(tmp_path / "caption-label/single_label.txt", "\n".join(lines))
    of = CorpusSettings(use=Use.RESEARCH, source=(SourceSettings(dataset="MAFW", folder=tmp_path),))
    whole = build(of, tmp_path / "whole", lambda what, fields: None).corpus.manifest.fingerprint
    count = 0

    def stop(dataset: str) -> None:
        nonlocal count
        count += 1
        if count == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(of, tmp_path / "out", lambda what, fields: None, stop)
    opened: list[str] = []
    real = av.open
    monkeypatch.setattr(sys.modules["training.corpus.films"].av, "open",
                        lambda file, *rest: opened.append(Path(file).name) or real(file, *rest))  # fmt: skip
    assert build(of, tmp_path / "out", lambda what, fields: None).corpus.manifest.fingerprint == whole
    assert opened == ["00004.mp4", "00005.mp4"]


def test_it_learns_from_no_film_that_evaluation_shows_other_pictures_of(tmp_path: Path) -> None:
    corpus = built(tmp_path, "MAFW").corpus
    tried = next(corpus.examples())
    other = "sha256:" + "b" * 64
    user = replace(tried.messages[0], parts=(Recorded(Modality.IMAGE, other), Text("Which emotion is shown?")))
    learned: Example = replace(tried, id="other", split=Split.TRAIN, messages=(user, tried.messages[1]))
    assert sieved([tried, learned]).dropped == {Why.ASSET_IN_EVALUATION: 1}
    assert len(sieved([tried, replace(learned, films=())]).training) == 1


@pytest.mark.parametrize("data", [jpg()[:-60], jpg()[:20] + b"\x00" * 200, b"\x89PNG\r\n\x1a\n" + b"\x00" * 32])
def test_it_stores_no_picture_that_cannot_be_shown_to_its_end(tmp_path: Path, data: bytes) -> None:
    store = AssetStore(tmp_path / "assets")
    with pytest.raises(AssetInvalid, match=r"a\.jpg: is no image that can be shown"):
        store.add(write(tmp_path / "a.jpg", data), Modality.IMAGE)
    assert not (tmp_path / "assets").exists()
    out = io.BytesIO()
    Image.new("RGB", (40, 40)).save(out, "WEBP")
    assert store.add(write(tmp_path / "a.webp", out.getvalue()), Modality.IMAGE).startswith("sha256:")
