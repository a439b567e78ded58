"""Teaches a LoRA adapter on a base model that lies in four bits: read it from `command.py` downwards."""
