//! The tools of `smolcrawl serve`: binds `mcp` to `engine`.
