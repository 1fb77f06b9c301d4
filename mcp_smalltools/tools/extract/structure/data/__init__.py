"""Forms in which each value has a name: JSON, YAML, TOML, XML, settings."""
