"""The schema, the metrics, the named queries and the engine: the only thing the other parts share."""
