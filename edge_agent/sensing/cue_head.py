"""A head on a sound model's embedding that tells cues; `attune train cues` makes one of an operator's own sounds."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_agent.models import Model, ModelUnfit, as_float
from edge_agent.preprocess.acoustics import FEATURES, features
from edge_agent.preprocess.sound_models import FAMILIES, RATE_HZ, WINDOW, embedding_place, pooled, prepared
from edge_agent.preprocess.sounds import CLASSES
from services.vocabulary import CueName

DIMENSIONS = 1024
"""Of YAMNet's embedding."""
Use = Literal["beside", "instead"]
"""`beside`: of each cue the larger probability counts, the head's or the model's own. `instead`: for the cues that the
head knows, only the head's."""

Found = dict[CueName, NDArray[np.float32]]


class CueHead:
    """Probabilities of some cues, given the embedding it was made for: YAMNet's, or that of `other`, which then hears
    every window too (its family, in the head's metadata, says how).

    Raises:
        ModelUnfit: it takes or gives something else, names no cues, or was made for another embedding.
    """

    def __init__(self, model: Model, yamnet: Model, use: Use, other: Model | None = None) -> None:
        said = model.metadata
        names = [name for name in said.get("labels", "").split(",") if name]
        if unknown := sorted(set(names) - set(CLASSES)):
            raise ModelUnfit(f"{model.name}: its metadata names {unknown[0]!r}: expected some of {', '.join(CLASSES)}")
        if not names:
            raise ModelUnfit(f"{model.name}: no labels in its metadata; a head is made with `attune train cues`")
        wanted, here = said.get("embedding_sha256", "unknown"), [one for one in (yamnet, other) if one is not None]
        found = next((one for one in here if one.digest == wanted), None)
        if found is None:
            there = ", ".join(f"{one.name} ({one.digest})" for one in here)
            raise ModelUnfit(f"{model.name}: made for the embedding of {said.get('embedding', 'another model')}, "
                             f"sha256 {wanted}; here are {there}: name that "
                             "model in cue_embedding, or make the head anew with `attune train cues`")  # fmt: skip
        self._family = said.get("family", "yamnet")
        if self._family not in FAMILIES:
            raise ModelUnfit(f"{model.name}: family {self._family!r}: expected one of {', '.join(FAMILIES)}")
        self._other = _Other(found, self._family) if found is not yamnet else None
        self._acoustics = said.get("acoustics") == "1"
        self.cues = tuple(CueName(name) for name in names)
        dimensions = 0 if self._other else DIMENSIONS + self._acoustics * FEATURES
        self._model = model.fits({"embedding": (0, dimensions)}, [(0, len(names))])
        self._use = use

    def added(self, found: Found, embeddings: NDArray[np.float32], waves: NDArray[np.float32]) -> Found:
        """`found` (cue: probability in each window) with what the head says of `waves`, the windows (n, samples), of
        which YAMNet says `embeddings`."""
        vectors = self._other.hear(waves) if self._other else embeddings
        if self._acoustics:
            vectors = np.concatenate([vectors, features(waves, RATE_HZ)], axis=1)
        told = np.clip(self._model.run({"embedding": as_float(vectors)})[0], 0.0, 1.0)
        heard = {cue: told[:, k] for k, cue in enumerate(self.cues)}
        if self._use == "beside":
            heard = {cue: np.maximum(own, found[cue]) if cue in found else own for cue, own in heard.items()}
        return {**found, **heard}


class _Other:
    """An embedding that is not YAMNet's."""

    def __init__(self, model: Model, family: str) -> None:
        place = embedding_place(model.output_names, [len(shape) for shape in model.gives])
        samples = WINDOW * FAMILIES[family].rate_hz // RATE_HZ
        (name, takes), *more = model.takes.items()
        if place is None or more or len(takes) != 2 or takes[1] not in (0, samples):
            raise ModelUnfit(f"{model.name}: takes {dict(model.takes)} and gives {list(model.output_names)}; expected "
                             f"one input (n, {samples}) and an output embedding or last_hidden_state")  # fmt: skip
        self._model, self._name, self._family, self._place = model, name, family, place

    def hear(self, waves: NDArray[np.float32]) -> NDArray[np.float32]:
        return pooled(self._model.run({self._name: prepared(waves, self._family)})[self._place])
