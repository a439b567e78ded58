"""SSBD+: self-stimulation of children with autism in home films (Lokegaonkar et al. 2023, arXiv 2311.15072).

Layout, from docs/USAGE.md of the ssbdplus-dataset repository: `actions/action_3.xml` with the film's address and
behaviours, each with `time` (`6:10`, seconds) and `category`. The films are not distributed; this reader expects them
as `videos/action_3.mp4`, our own choice. A film is taken as the smallest thing that holds one child; two films of one
address share it. Self-stimulation is no emotion: its words are kept as they are.
"""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from training.corpus.errors import LayoutUnknown
from training.corpus.example import Layer
from training.corpus.items import CHILD, Item, Reader, Shown, mapped, need
from training.corpus.parts import Modality

LABELS = {
    "armflapping": "arm_flapping", "headbanging": "head_banging", "spinning": "spinning", "no-class": "none",
}  # fmt: skip


def _items(root: Path) -> Iterator[Item]:
    for file in sorted(need(root / "actions", "SSBD+").glob("*.xml")):
        try:
            video = ElementTree.parse(file).getroot()
        except ElementTree.ParseError as error:
            raise LayoutUnknown(f"SSBD+: {file} is no XML ({error}); it may be half-downloaded") from error
        address = video.findtext("url", "").strip()
        for behaviour in video.iter("behaviour"):
            yield _item(root, file, address, behaviour)


def _item(root: Path, file: Path, address: str, behaviour: ElementTree.Element) -> Item:
    time, told = behaviour.findtext("time", "").strip(), behaviour.findtext("category", "").strip().lower()
    try:
        start_s, end_s = map(float, time.split(":"))
    except ValueError as error:
        raise LayoutUnknown(f"SSBD+: {file}: time {time!r}; expected START:END in seconds") from error
    shown = (Shown(root / "videos" / f"{file.stem}.mp4", Modality.VIDEO, start_s, end_s),)
    item = f"{file.stem} {behaviour.get('id', time)}"
    return Item(
        item, address or file.stem, told, mapped("SSBD+", told, LABELS), shown, domains=("self_stimulation", CHILD)
    )


SSBD_PLUS = Reader("SSBD+", Layer.SPECIAL_NEEDS, _items, asks_for="repeated movement")
