"""Rooms that every Attune process shares: the nouns, the machinery, the ledger, alerting, the console."""
