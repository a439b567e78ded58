"""Room: frames and sound with real timestamps, from a file, a network stream or a device."""
