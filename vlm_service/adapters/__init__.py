"""Adapters on their way from a push to a caregiver's page: kept, proven, tried beside the one that is heard, taken
back. The bundle's own form is `vlm_service.bundle`."""
