"""How an example is written for a model: interleaved marks for pictures, sound, series and pose on one clock."""
