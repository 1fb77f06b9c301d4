"""Generation in the daemon: chat templates, shared prefixes, constraints, sampling."""
