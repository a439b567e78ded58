"""Where adapters and small models are made."""
