"""How well a trained adapter answers what it never learned from, beside its base or another adapter."""
