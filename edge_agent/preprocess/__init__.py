"""Pure room: what is done to pixels and samples before a model sees them, and to its numbers after."""
