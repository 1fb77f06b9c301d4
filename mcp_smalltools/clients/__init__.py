"""Registering the server with the agents that people use, and undoing it exactly."""
