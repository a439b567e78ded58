"""What the senses are measured against: labelled sounds and clips, and the models alone."""
