"""What is usual for a person, what changed, and how much it matters."""
