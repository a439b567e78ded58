"""What the benches of the page share: the console as a process, and who signs in."""
