"""How well we do: metrics and gates, pure."""
