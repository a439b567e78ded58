"""Makes examples: staged lives through the real engine, a teacher's word on what it noticed, and filters."""
