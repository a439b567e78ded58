"""Where adapters and small models are made."""

import os

for _name in ("ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED"):
    os.environ[_name] = "1"
"""ONNX Runtime from 1.29 on tells its maker about models and machine, and keeps what it could not send in the user's
cache (seen with 1.31), unless one name or the other stands in the environment before it is loaded."""
