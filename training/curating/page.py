"""The page on which a person decides: one file, no network, and what was decided is saved as JSON lines."""

import base64
import html
import json
from collections.abc import Iterator, Sequence
from importlib.resources import files

from training.corpus.assets import AssetStore
from training.corpus.example import Example, Role
from training.corpus.parts import Modality, Part, Recorded
from training.corpus.reviewed import Reviewed, names_label, thinks_of
from training.curating.doubts import NOWHERE, Looked, Suspect
from training.curating.picture import COLOURS, sizes, svg
from training.format.marks import rendered

MOST_PICTURES, MOST_BYTES = 4, 64 * 1024
"""Of an example on the page, and of each: larger ones are named, not shown."""


def page(looked: Looked, lines: Sequence[Reviewed], shown: int, assets: AssetStore, corpus: str) -> str:
    """The first `shown` suspects, in order, with their lines of the review; all lines are saved with the page."""
    by_example = {one.example: one for one in lines}
    suspects = looked.suspects[:shown]
    cards = "".join(_card(rank, one, by_example[one.example.id], assets) for rank, one in enumerate(suspects, 1))
    data = json.dumps([one.model_dump(mode="json") for one in lines]).replace("<", "\\u003c")
    frame = files("training.curating").joinpath("page.html").read_text(encoding="utf-8")
    parts = {
        "corpus": html.escape(corpus), "summary": _summary(looked, len(suspects)),
        "picture": svg(looked, len(suspects)), "clusters": _clusters(looked),
        "cards": cards or "<p>Nothing here needs a look.</p>", "data": data,
    }  # fmt: skip
    head, *rest = frame.split("{{")
    return head + "".join(parts[one.partition("}}")[0]] + one.partition("}}")[2] for one in rest)


def _summary(looked: Looked, shown: int) -> str:
    said = f"{len(looked.clusters)} examples, {len(looked.suspects)} with something against them"
    said += f", of which the first {shown} are shown." if shown < len(looked.suspects) else "."
    if looked.unjudged:
        said += (f" Labels of {looked.unjudged} could not be compared: pictures and sounds decide there, or every "
                 "answer is its own.")  # fmt: skip
    return html.escape(said)


def _clusters(looked: Looked) -> str:
    rows = []
    for name, count in sizes(looked.clusters):
        colour = "#b9b9b9" if name == NOWHERE else COLOURS[name % len(COLOURS)]
        said = "in no cluster" if name == NOWHERE else f"cluster {name + 1}"
        rows.append(f'<li><i style="background:{colour}"></i>{said}: {count}</li>')
    return "".join(rows)


def _card(rank: int, of: Suspect, line: Reviewed, assets: AssetStore) -> str:
    one = of.example
    against = "".join(f"<li>{html.escape(why)} <b>{value:.2f}</b></li>" for why, value in of.against.items())
    facts = f"{one.layer.value}, {one.kind.value.replace('_', ' ')}, {one.split.value}, {one.source.dataset}"
    labelled = f", label {one.label}" if one.label not in ("", line.label) else ""
    suggests = f" Its neighbours say <b>{html.escape(of.suggested)}</b>." if of.suggested else ""
    head = f"<h2>{rank}. {html.escape(line.label or one.id)}</h2>"
    told = f'<p class="facts">{html.escape(facts + labelled)}.{suggests}</p><ul class="why">{against}</ul>'
    turns = "".join(_turns(one, assets))
    return (
        f'<article id="s{rank}" data-example="{html.escape(one.id)}"{_needs(one)}>{head}{told}{turns}{_FORM}</article>'
    )


def _needs(one: Example) -> str:
    """What a relabelling of it needs beside a new label, for the page to say it before `attune train compose` does."""
    needs = {"data-unnamed": not names_label(one), "data-thinks": thinks_of(one, answered_anew=True),
             "data-speaks": thinks_of(one, answered_anew=False)}  # fmt: skip
    return "".join(f" {name}" for name, needed in needs.items() if needed)


_FORM = (
    '<form><label><input type="radio" name="decision" value="keep"> keep</label>'
    '<label><input type="radio" name="decision" value="drop"> drop</label>'
    '<label><input type="radio" name="decision" value="relabel"> relabel</label>'
    '<label>new label <input name="new_label"></label><label class="wide">why <input name="reason" maxlength="500">'
    '</label><label class="anew">new answer <textarea name="new_answer" rows="3"></textarea></label>'
    '<label class="anew thoughts">new thoughts <textarea name="new_thinking" rows="5"></textarea></label></form>'
)


def _turns(of: Example, assets: AssetStore) -> Iterator[str]:
    for message in of.messages:
        if message.role is Role.SYSTEM:
            yield f"<details><summary>system message</summary><pre>{html.escape(message.text)}</pre></details>"
            continue
        if message.thinking:
            yield f"<details><summary>thinking</summary><pre>{html.escape(message.thinking)}</pre></details>"
        name = "asked" if message.role is Role.USER else "answered"
        words = [part for part in message.parts if not isinstance(part, Recorded)]
        pictures = "".join(_picture(part, assets) for part in message.parts if isinstance(part, Recorded))
        yield f"<h3>{name}</h3><pre>{html.escape(_words(words))}</pre>{pictures}"


def _words(parts: Sequence[Part]) -> str:
    return rendered(parts).replace("<<<", "\n<<<") if parts else ""


def _picture(part: Recorded, assets: AssetStore) -> str:
    file = assets.path(part.asset)
    small = part.modality is Modality.IMAGE and file.is_file() and file.stat().st_size <= MOST_BYTES
    if not small:
        return f"<p>{part.modality.value} {html.escape(part.asset[:19])}, not shown here</p>"
    content = file.read_bytes()
    kind = "png" if content.startswith(b"\x89PNG") else "jpeg"
    data = base64.b64encode(content).decode()
    return f'<img alt="picture at {part.start_s:g} s" src="data:image/{kind};base64,{data}">'
