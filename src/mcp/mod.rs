//! A general MCP server: protocol, session and stdio. Knows no crawler.
