"""Pictures of the last seconds: in memory alone, masked, few and small, released for one event on request."""
