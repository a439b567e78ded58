"""Sides of the bench of training."""
