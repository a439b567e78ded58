"""Which version of Attune this is."""

from importlib.metadata import version

SOFTWARE = f"attune {version('attune')}"
