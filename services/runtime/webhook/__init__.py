"""Signed webhooks in the Standard Webhooks way, to allowed addresses only: for whoever tells somebody."""
