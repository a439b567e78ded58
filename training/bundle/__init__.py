"""Packs a trained adapter into the form in which it travels: what it is, how well it does, what proves it."""
