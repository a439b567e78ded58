"""The VLM service beside the bare model's server, for `make bench-vlm`."""
