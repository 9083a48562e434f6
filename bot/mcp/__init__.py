"""The MCP server: other programs' agents ask, search and restore through it."""
