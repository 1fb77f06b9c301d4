"""An OpenAI-compatible HTTP endpoint as the engine."""
