"""Asks servers for what is new, over and over, and publishes it: a client, what to ask for, and the rounds. It writes no table."""
