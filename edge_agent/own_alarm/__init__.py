"""What an agent tells by itself while nobody judges what it senses."""
