"""What adapters learn from: one example schema, a store that proves what it holds, readers, licences, recipes."""
