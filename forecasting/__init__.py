"""Demand and staffing: how many people will ask, how many people answer them in time, and with what chance. It never reads Kafka."""
