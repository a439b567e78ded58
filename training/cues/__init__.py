"""Makes a small head that tells care cues from a sound model's embedding."""
