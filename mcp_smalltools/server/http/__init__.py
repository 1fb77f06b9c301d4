"""The listening server: SSE and streamable HTTP, authentication, limits."""
