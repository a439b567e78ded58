"""Noises, changes and peers that the benches of change detection share."""
