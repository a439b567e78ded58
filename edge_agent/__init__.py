"""What is sensed: one agent per room or corridor, pictures stay there, scores leave."""
