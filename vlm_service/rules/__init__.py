"""The fallback reasoner: writes the same verdict from the same event, in words a caregiver understands."""

from vlm_service.rules.reasoner import reason_about

__all__ = ["reason_about"]
