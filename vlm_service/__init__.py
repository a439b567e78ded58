"""The second opinion: reasons about an event through a model, or through rules when there is none."""
