"""The `attune` command: starts the other rooms as processes and imports none of them."""
