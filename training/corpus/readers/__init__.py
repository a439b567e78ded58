"""One file for each data set that the school can read."""
