"""Benches: each prints a table and writes build/bench/<room>.json; every figure stands beside one of the same run."""
