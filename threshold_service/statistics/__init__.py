"""What is usual for a person and what changed: pure functions over arrays of any leading shape."""
