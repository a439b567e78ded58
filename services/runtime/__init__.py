"""What every Attune process needs: settings, logs, metrics, clock, health, lifecycle, queue, wire."""
