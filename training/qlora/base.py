"""The base model: which it is, its tokenizer and pictures, and its weights in four bits."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image, UnidentifiedImageError
from safetensors import SafetensorError
from transformers import AutoImageProcessor, AutoTokenizer, BitsAndBytesConfig, Qwen3VLForConditionalGeneration

from training.corpus.assets import AssetStore, digest_of
from training.corpus.errors import AssetInvalid
from training.corpus.example import Example
from training.qlora import chat
from training.qlora.errors import BaseInvalid, NotInFourBits
from training.qlora.settings import TARGETS

KEPT_WHOLE = ("model.visual", "lm_head")
"""What is not quantised: the vision tower, as the published four-bit recipes have it, and the output layer. With plain
`visual` transformers quantises the tower all the same (seen with 5.19 and 5.23)."""
LANGUAGE = "model.language_model."


@dataclass(frozen=True, slots=True)
class Base:
    """What is known of a base model without its weights in memory."""

    folder: Path
    weights: str
    template: str
    tokenizer: Any
    images: Any
    config: Any

    @property
    def holder(self) -> str:
        """The token that stands for a part of a picture."""
        return str(self.tokenizer.convert_ids_to_tokens(self.config.image_token_id))

    def turns(self, example: Example) -> list[chat.Turn]:
        """The example's sequences as text, see `chat.turns`."""
        return list(chat.turns(example, self.tokenizer))

    def tokens(self, turn: chat.Turn, assets: AssetStore) -> chat.Tokens:
        """The same as numbers; pictures are opened for their size.

        Raises:
            AssetInvalid: a picture that is none.
        """
        sizes = []
        for asset in turn.images:
            _, height, width = self.pixels(asset, assets)["image_grid_thw"][0].tolist()
            sizes.append((asset, height, width))
        return chat.tokens(turn, self.tokenizer, sizes, self.config.vision_config.spatial_merge_size, self.holder)

    def ids(self, text: str, images: Sequence[tuple[str, int, int]]) -> list[int]:
        """The numbers of any text, with one place holder for each of its `images` (name, height, width in patches)."""
        spread = chat.spread(text, images, self.config.vision_config.spatial_merge_size, self.holder)
        return list(self.tokenizer(spread, add_special_tokens=False)["input_ids"])

    def pixels(self, asset: str, assets: AssetStore) -> dict[str, Any]:
        """What the vision tower is shown of a picture: `pixel_values` (patches, numbers), `image_grid_thw` (1, 3)."""
        try:
            with Image.open(assets.path(asset)) as opened:
                return self.seen(opened)
        except (OSError, UnidentifiedImageError) as error:
            raise AssetInvalid(f"asset {asset}: no readable picture ({error}); copy the whole corpus again") from error

    def seen(self, picture: Image.Image) -> dict[str, Any]:
        """The same of an opened picture."""
        return dict(self.images(images=[picture.convert("RGB")], return_tensors="pt"))


def open_base(folder: Path) -> Base:
    """
    Raises:
        BaseInvalid: no folder of a Qwen3-VL, or not whole.
        TemplateChanged: no chat template.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        images = AutoImageProcessor.from_pretrained(folder, local_files_only=True)
        config = Qwen3VLForConditionalGeneration.config_class.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise BaseInvalid(f"{folder}: {str(error).splitlines()[0]}; expected the folder of a Qwen3-VL: config, "
                          "tokenizer, preprocessor and safetensors") from error  # fmt: skip
    if config.model_type != "qwen3_vl":
        raise BaseInvalid(f"{folder}: holds a {config.model_type!r}; the recipe is for qwen3_vl")
    return Base(folder, weights_digest(folder), chat.template_digest(tokenizer), tokenizer, images, config)


def weights_digest(folder: Path) -> str:
    """What `cd FOLDER && sha256sum *.safetensors | sha256sum` says: it names the weights of a base model everywhere.

    Raises:
        BaseInvalid: there are none.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise BaseInvalid(f"{folder}: no *.safetensors; expected the weights of the base model")
    said = "".join(f"{digest_of(file)}  {file.name}\n" for file in files)
    return hashlib.sha256(said.encode()).hexdigest()


def device() -> str:
    """Where it is computed."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def load(base: Base, precision: str, to_spread: bool = False) -> Qwen3VLForConditionalGeneration:
    """The frozen weights: `nf4` (double quantisation, computed in bfloat16) or `bfloat16`; in main memory where they
    are `to_spread` over several devices.

    Raises:
        BaseInvalid: damaged weights.
        NotInFourBits: another layer than the language model's is quantised, or one of these is not.
    """
    nf4 = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16, llm_int8_skip_modules=list(KEPT_WHOLE),
        # Only what is stored as floating point can be spread; the bits are the same.
        bnb_4bit_quant_storage=torch.bfloat16 if to_spread else torch.uint8,
    )  # fmt: skip
    where = torch.cuda.current_device() if torch.cuda.is_available() and not to_spread else "cpu"
    try:
        model = Qwen3VLForConditionalGeneration.from_pretrained(
            base.folder, dtype=torch.bfloat16, device_map={"": where}, local_files_only=True,
            quantization_config=nf4 if precision == "nf4" else None,
        )  # fmt: skip
    except (SafetensorError, OSError) as error:
        raise BaseInvalid(f"{base.folder}: {error}; the weights are damaged, copy them again") from error
    if precision == "nf4":
        prove_four_bits(model)
    return model.requires_grad_(False)


def prove_four_bits(model: Any) -> None:
    """That the language model's targets lie in doubly quantised NF4, and nothing else does.

    Raises:
        NotInFourBits: names the first layer of which that is not so.
    """
    for name, module in model.named_modules():
        wanted = name.startswith(LANGUAGE) and name.rsplit(".", 1)[-1] in TARGETS
        state = getattr(getattr(module, "weight", None), "quant_state", None)
        if wanted and (state is None or state.quant_type != "nf4" or not state.nested):
            found = "not quantised" if state is None else f"{state.quant_type}, nested {state.nested}"
            raise NotInFourBits(f"{name}: {found}; expected doubly quantised NF4. This bitsandbytes cannot do that "
                                "here: update it, or say precision = \"bfloat16\"")  # fmt: skip
        if not wanted and state is not None:
            raise NotInFourBits(f"{name}: quantised, expected whole: this transformers passes over {KEPT_WHOLE}")
