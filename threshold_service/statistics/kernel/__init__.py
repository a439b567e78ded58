"""The level path compiled by numba: many samples in one call, the same numbers as the NumPy path."""
