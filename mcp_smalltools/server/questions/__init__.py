"""What the user is asked through the agent's client, where it can ask (MCP elicitation)."""
