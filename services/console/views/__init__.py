"""The page: what each view shows, gathered into plain values, then rendered once."""
