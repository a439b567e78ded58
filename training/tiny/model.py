"""The small model's weights: the modules of Qwen3-VL, two layers each, drawn from a seed."""

from pathlib import Path

import torch
from transformers import GenerationConfig, PreTrainedTokenizerFast, Qwen3VLConfig, Qwen3VLForConditionalGeneration

from training.tiny.tokenizer import END_OF_TEXT, END_OF_TURN, IMAGE, SPECIAL, VIDEO, VISION_END, VISION_START, WRITTEN

LONGEST = 16_384
"""Positions, in tokens."""
EMBEDDING_STD = 0.25
"""Standard deviation of the embeddings and of the output layer, ten times the usual one: with less, the random layers
between them say too little for a LoRA adapter on those layers to move the answer."""
HIDDEN = 128
LOUD = 1.0
"""What every embedding holds in its first dimension, so that the output layer finds a constant there."""
ENDING, NEVER = -2.0, -6.0
"""What the output layer makes of that constant for tokens that end something, and for the other special ones. A random
model writes `<think>` into the middle of an answer, where vLLM's thinking budget starts to count again and ends the
request with HTTP 500 (seen with 0.32.0); it would also end its turn by chance. An adapter can still learn to."""


def small_model(tokenizer: PreTrainedTokenizerFast, seed: int) -> Qwen3VLForConditionalGeneration:
    """A Qwen3-VL of about a million parameters in bfloat16; the same seed gives the same weights."""
    torch.manual_seed(seed)
    model = Qwen3VLForConditionalGeneration(_config(tokenizer)).to(torch.bfloat16)
    with torch.no_grad():
        heard, said = model.model.language_model.embed_tokens.weight, model.lm_head.weight
        for weight in (said, heard):
            weight.normal_(0.0, EMBEDDING_STD)
        heard[:, 0], said[:, 0] = LOUD, 0.0
        ending = [END_OF_TURN, END_OF_TEXT, "</think>"]
        said[[_id(tokenizer, token) for token in (*SPECIAL, *WRITTEN) if token not in ending], 0] = NEVER
        said[[_id(tokenizer, token) for token in ending], 0] = ENDING
    model.generation_config = GenerationConfig(
        eos_token_id=[_id(tokenizer, END_OF_TURN), _id(tokenizer, END_OF_TEXT)],
        pad_token_id=_id(tokenizer, END_OF_TEXT), do_sample=True, temperature=0.8, top_p=0.95,
    )  # fmt: skip
    return model


def write_model(folder: Path, model: Qwen3VLForConditionalGeneration, tokenizer: PreTrainedTokenizerFast) -> None:
    """Weights as safetensors, configuration and tokenizer, as a hub's folder holds them."""
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder, safe_serialization=True)


def _config(tokenizer: PreTrainedTokenizerFast) -> Qwen3VLConfig:
    """Small in every size, and like the 8B in every choice: three-axis rotary positions, deep visual features."""
    rope = {
        "rope_type": "default", "rope_theta": 5_000_000.0, "mrope_section": [6, 5, 5], "mrope_interleaved": True,
    }  # fmt: skip
    text = {
        "vocab_size": -(-len(tokenizer) // 64) * 64, "hidden_size": HIDDEN, "intermediate_size": 256,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32,
        "max_position_embeddings": LONGEST, "rope_parameters": rope, "pad_token_id": _id(tokenizer, END_OF_TEXT),
        "bos_token_id": _id(tokenizer, END_OF_TEXT), "eos_token_id": _id(tokenizer, END_OF_TURN),
        "tie_word_embeddings": False,
    }  # fmt: skip
    vision = {
        "depth": 2, "hidden_size": 64, "intermediate_size": 128, "num_heads": 2, "patch_size": 16,
        "spatial_merge_size": 2, "temporal_patch_size": 2, "out_hidden_size": HIDDEN, "num_position_embeddings": 64,
        "deepstack_visual_indexes": [0],
    }  # fmt: skip
    return Qwen3VLConfig(
        text_config=text, vision_config=vision, tie_word_embeddings=False, image_token_id=_id(tokenizer, IMAGE),
        video_token_id=_id(tokenizer, VIDEO), vision_start_token_id=_id(tokenizer, VISION_START),
        vision_end_token_id=_id(tokenizer, VISION_END),
    )  # fmt: skip


def _id(tokenizer: PreTrainedTokenizerFast, token: str) -> int:
    return int(tokenizer.convert_tokens_to_ids(token))
