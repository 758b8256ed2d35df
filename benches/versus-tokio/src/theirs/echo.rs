//! Two tools, `echo` and `length`, by rmcp.

use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::transport::stdio;
use rmcp::{Json, ServerHandler, ServiceExt, tool, tool_handler, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
struct Text {
    text: String,
}

#[derive(Clone)]
struct Echo {
    tool_router: ToolRouter<Self>,
}

#[tool_router]
impl Echo {
    fn new() -> Self {
        Self { tool_router: Self::tool_router() }
    }

    #[tool(description = "Says the text back")]
    async fn echo(&self, Parameters(text): Parameters<Text>) -> Json<Text> {
        Json(text)
    }

    #[tool(description = "Says how many bytes a text has")]
    async fn length(&self, Parameters(text): Parameters<Text>) -> Json<Text> {
        Json(Text { text: text.text.len().to_string() })
    }
}

#[tool_handler(router = self.tool_router)]
impl ServerHandler for Echo {}

/// Serves on stdin and stdout until they end.
pub fn serve(runtime: &Runtime) -> Result<(), Box<dyn std::error::Error>> {
    runtime.block_on(async {
        let service = Echo::new().serve(stdio()).await?;
        service.waiting().await?;
        Ok(())
    })
}
