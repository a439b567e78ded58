"""Makes the converted models of the catalogue from their official weights, and compares each with its original."""
