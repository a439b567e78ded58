"""Room: what the senses see, drawn over the pictures, for whoever hangs up a camera."""
