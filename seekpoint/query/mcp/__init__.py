"""The MCP server: tools for assistants."""
