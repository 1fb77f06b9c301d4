"""Clients: registering this server with them, and examining the set-up."""
