"""A small facility of real processes that are killed at random moments, and one that is not."""
