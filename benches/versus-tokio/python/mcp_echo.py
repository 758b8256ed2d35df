"""Two tools, `echo` and `length`, by the MCP SDK, on stdin and stdout."""

from mcp.server import MCPServer
from pydantic import BaseModel

server = MCPServer("echo")


class Text(BaseModel):
    text: str


@server.tool(description="Says the text back")
async def echo(text: str) -> Text:
    return Text(text=text)


@server.tool(description="Says how many bytes a text has")
async def length(text: str) -> Text:
    return Text(text=str(len(text.encode())))


if __name__ == "__main__":
    server.run("stdio")
