"""Alerts of our own: rules over the metrics of the screens, judged every few seconds, told once when they fire and once when they clear."""
