"""The MCP server (Model Context Protocol): tools for assistants."""
