"""Room: one file per sense, all behind the role in `role.py`."""
