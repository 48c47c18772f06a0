"""An MCP server: scripts of a workspace as the tools of an agent, each call a job on this machine."""
