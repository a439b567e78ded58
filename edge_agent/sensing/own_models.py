"""An operator's own models of affect, as tables of a settings file describe them."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.vocabulary import EMOTIONS

Emotion = Literal["neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt"]


class OwnModel(BaseModel):
    """An ONNX file that takes one picture.

    `outputs`: what its numbers are, in order, all outputs one after the other. Pixels are brought from 0..255 to
    `span`, then `mean` is taken off and the rest divided by `std` (one number, or one per colour). `logits`: emotions
    still need a softmax, which a `temperature` over 1 softens. `sha256`: of the file; empty: not checked.
    """

    model_config = ConfigDict(extra="forbid")

    file: Path
    sha256: str = Field("", pattern=r"^([0-9a-f]{64})?$")
    size: int = Field(ge=16, le=1024)
    outputs: tuple[str, ...] = Field(min_length=1)
    colour: Literal["bgr", "rgb", "grey"] = "rgb"
    layout: Literal["nchw", "nhwc"] = "nchw"
    square: bool = True
    span: tuple[float, float] = (0.0, 1.0)
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    logits: bool = False
    temperature: float = Field(1.0, gt=0)

    @model_validator(mode="after")
    def _makes_sense(self) -> "OwnModel":
        twice = sorted({name for name in self.outputs if self.outputs.count(name) > 1})
        if twice:
            raise ValueError(f"outputs names {', '.join(twice)} twice: expected each once")
        if ("valence" in self.outputs) != ("arousal" in self.outputs):
            raise ValueError("outputs names only one of valence and arousal: expected both or none")
        if len(set(self.outputs) & set(EMOTIONS)) == 1:
            raise ValueError("outputs names a single emotion: expected at least two, or none")
        if self.span[0] >= self.span[1]:
            raise ValueError(f"span = {list(self.span)}: expected the smaller number first, such as [0.0, 1.0]")
        colours = (1,) if self.colour == "grey" else (1, 3)
        for name, numbers in (("mean", self.mean), ("std", self.std)):
            if len(numbers) not in colours:
                raise ValueError(f"{name} holds {len(numbers)} numbers: expected one, or one for each colour")
        if not all(number > 0.0 for number in self.std):
            raise ValueError(f"std = {list(self.std)}: expected numbers above 0")
        return self

    @property
    def name(self) -> str:
        """The file's name."""
        return self.file.name


class OwnExpressionModel(OwnModel):
    """One `[[expression_models]]` table: a model of a face. `outputs` are emotions of the vocabulary, `valence`,
    `arousal`. `margin`: share added to the face box; `square`: the box is made a square first. `expression` calls it
    by the file's name.
    """

    outputs: tuple[Emotion | Literal["valence", "arousal"], ...] = Field(min_length=1)
    margin: float = Field(0.0, ge=-0.5, le=2)


class OwnSceneModel(OwnModel):
    """The table `[scene_model]`: a model of the whole masked picture, people and surroundings.

    `outputs` are emotions of the vocabulary, or `valence` and `arousal`, and with these maybe `valence_variance` and
    `arousal_variance`. `square`: the picture keeps its proportions between black bars; else it is squeezed.
    `variance`: how unsure it is where it does not say so itself; 0: 0.1, and 0.2 where emotions are all it gives.
    """

    outputs: tuple[
        Emotion | Literal["valence", "arousal", "valence_variance", "arousal_variance"], ...
    ] = Field(min_length=1)  # fmt: skip
    variance: float = Field(0.0, ge=0, le=1)
    per_second: float = Field(1.0, ge=1, le=10)

    @model_validator(mode="after")
    def _tells_both(self) -> "OwnSceneModel":
        given = set(self.outputs)
        if "valence" not in given and not given & set(EMOTIONS):
            raise ValueError(f"outputs = {list(self.outputs)}: expected valence and arousal, or emotions")
        variances = given & {"valence_variance", "arousal_variance"}
        if variances and ("valence" not in given or len(variances) == 1):
            raise ValueError(f"outputs names {', '.join(sorted(variances))}: expected both variances beside valence "
                             "and arousal, or none")  # fmt: skip
        return self
