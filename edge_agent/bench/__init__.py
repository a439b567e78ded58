"""Room: what the senses cost on this machine, beside a plain loop of the same calls."""
