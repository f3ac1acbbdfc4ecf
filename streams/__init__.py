"""Events: from the sources into Kafka, and from Kafka into Postgres exactly once."""
