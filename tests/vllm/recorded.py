"""What training would record of an adapter: run with the Python that has vLLM, it computes in single precision, by
transformers and plain LoRA arithmetic, what follows the golden prompts. Shares no code with the server."""

import json
import sys
from pathlib import Path

TOPS = 8


def main(model_folder: str, bundle: str, prompts: str) -> None:
    """Prints the golden prompts of a card: prompt, adapted, base."""
    import torch
    from safetensors.torch import load_file
    from transformers import AutoTokenizer, Qwen3VLForConditionalGeneration

    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    model = Qwen3VLForConditionalGeneration.from_pretrained(model_folder, dtype=torch.float32).eval()

    def top(prompt: str) -> dict[str, float]:
        with torch.inference_mode():
            logits = model(**tokenizer(prompt, return_tensors="pt")).logits[0, -1]
        found = torch.log_softmax(logits.double(), -1).topk(TOPS)
        return {f"token_id:{int(token)}": min(0.0, float(value)) for value, token in zip(*found, strict=True)}

    asked = json.loads(prompts)
    base = [top(prompt) for prompt in asked]
    config = json.loads((Path(bundle) / "adapter_config.json").read_text())
    weights = load_file(Path(bundle) / "adapter_model.safetensors")
    layers = dict(model.named_modules())
    for name, a in weights.items():
        if name.endswith(".lora_A.weight"):
            b = weights[name.replace("lora_A", "lora_B")]
            layer = layers[name.removeprefix("base_model.model.").removesuffix(".lora_A.weight")]
            layer.weight.data += (config["lora_alpha"] / config["r"]) * (b.float() @ a.float())
    told = [
        {"prompt": prompt, "adapted": top(prompt), "base": without} for prompt, without in zip(asked, base, strict=True)
    ]
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
