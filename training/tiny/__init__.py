"""A Qwen3-VL so small that two CPU cores serve and train it: random weights, a real tokenizer, real processor files.

It stands in for the model only where its shape matters and its opinion does not: vLLM loads it as it loads the 8B, and
QLoRA moves it. No hub, no download; the same seed gives the same bytes.
"""
