//! Prompts that a user picks: what to do with the tools, in which order, and what when nothing is found. Their words are for models.

use std::collections::BTreeMap;
use std::future::Future;

use crate::engine::{CrawlRequest, Engine};
use crate::mcp::{Argument, Builder, Context, Messages, Prompt, RpcError};
use crate::tools::bound::line;
use crate::tools::reply;
use crate::tools::sources::find;

/// Adds the prompts to a server.
pub fn offer(builder: Builder, engine: &Engine) -> Builder {
    builder
        .prompt(
            prompt("research_topic", "Answers a question from the stored documentation, with the URLs it rests on", engine, research)
                .title("Research a topic")
                .argument(Argument::required("topic", "What to find out"))
                .argument(Argument::optional("source", "Only this source, as get_available_sources names it")),
        )
        .prompt(
            prompt("learn_library", "Crawls the documentation of a library and sums it up", engine, learn)
                .title("Learn a library")
                .argument(Argument::required("url", "Where its documentation begins, as https://…")),
        )
        .prompt(
            prompt("find_example", "Finds code for a task in the stored documentation", engine, example)
                .title("Find an example")
                .argument(Argument::required("task", "What the code should do"))
                .argument(Argument::optional("language", "The programming language, such as python"))
                .argument(Argument::optional("source", "Only this source, as get_available_sources names it")),
        )
}

type Arguments = BTreeMap<String, String>;

fn prompt<Fut>(name: &str, description: &str, engine: &Engine, write: fn(Engine, Arguments) -> Fut) -> Prompt
where
    Fut: Future<Output = Result<Messages, RpcError>> + Send + 'static,
{
    let engine = engine.clone();
    Prompt::new(name, description, move |arguments: Arguments, _: Context| write(engine.clone(), arguments))
}

async fn research(engine: Engine, arguments: Arguments) -> Result<Messages, RpcError> {
    let topic = needed(&arguments, "topic")?;
    let source = stored(&engine, &arguments).await?;
    let first = match &source {
        Some(source) => format!("Ask only the source {source:?}: pass it as `source`, and as `source_id` to search_code_examples."),
        None => "Call get_available_sources to see which documentation is stored.".to_owned(),
    };
    Ok(said(
        format!("Research of {}", line(&topic)),
        format!(
            "Research this in the documentation that smolcrawl has stored:\n\n{topic}\n\n\
             1. {first}\n\
             2. Call perform_rag_query with the question, then once or twice in other words: names of functions and exact terms find \
             other passages than sentences do. Where code matters, call search_code_examples too.\n\
             3. Where a passage is not enough, call read_page for the page around it.\n\
             4. Answer from what you found and from nothing else. Put the URL of the page behind each statement, and say where pages \
             contradict each other or leave something open.\n\n\
             {NOTHING_FOUND}"
        ),
    ))
}

async fn learn(_: Engine, arguments: Arguments) -> Result<Messages, RpcError> {
    let url = needed(&arguments, "url")?;
    let request = CrawlRequest::parse(&[&url]).map_err(|error| RpcError::invalid_params(reply(&error.into()).to_string()))?;
    let url = &request.seeds[0];
    // Where a crawl from there stays.
    let folder = url.join(".").map_or_else(|_| url.to_string(), String::from);
    Ok(said(
        format!("Learning {}", line(url.as_str())),
        format!(
            "Learn the library that is documented at {url} and sum it up for me.\n\n\
             1. Call get_available_sources. If the site is stored already, go on with 3; call refresh_source if it was fetched long ago.\n\
             2. Call smart_crawl_url with this URL. While its answer says \"running\", call crawl_status with its crawl_id; what is stored \
             can be searched meanwhile.\n\
             3. Call read_page for {url}, and perform_rag_query with `url_prefix` {folder} for: what it is for, how it is installed, its main \
             concepts, what goes wrong often. Call search_code_examples for its first steps.\n\
             4. Write: what it is for, the main concepts, the smallest complete example, the parts of its interface used most, pitfalls. \
             Put the URL of the page behind each statement.\n\n\
             If nothing was stored, tell me what the crawl said and stop: do not answer from memory. A page that needs JavaScript has no \
             text; its llms.txt or sitemap.xml may help, smart_crawl_url takes both."
        ),
    ))
}

async fn example(engine: Engine, arguments: Arguments) -> Result<Messages, RpcError> {
    let task = needed(&arguments, "task")?;
    let source = stored(&engine, &arguments).await?;
    let mut narrowed = String::new();
    if let Some(language) = given(&arguments, "language")? {
        narrowed.push_str(&format!(" with `language` {language:?}"));
    }
    if let Some(source) = source {
        narrowed.push_str(&format!("{} `source_id` {source:?}", if narrowed.is_empty() { " with" } else { " and" }));
    }
    Ok(said(
        format!("An example of {}", line(&task)),
        format!(
            "Find code in the documentation that smolcrawl has stored, for this task:\n\n{task}\n\n\
             1. Call search_code_examples{narrowed}: once with the task in plain words, once with the names that the code should contain.\n\
             2. Call read_page for the page of the best one, to see what the code needs and what the text says of it.\n\
             3. Show the code as it stands in the documentation with the URL of its page. Then, marked as yours, what has to be changed \
             for the task.\n\n\
             {NOTHING_FOUND}"
        ),
    ))
}

fn said(description: String, text: String) -> Messages {
    Messages::new().description(description).user(text)
}

fn needed(arguments: &Arguments, name: &str) -> Result<String, RpcError> {
    given(arguments, name)?.ok_or_else(|| RpcError::invalid_params(format!("the argument `{name}` is empty")))
}

/// An empty string is how many clients leave an argument out.
fn given(arguments: &Arguments, name: &str) -> Result<Option<String>, RpcError> {
    let text = arguments.get(name).map_or("", |text| text.trim());
    match text.chars().count() {
        0 => Ok(None),
        1..=LONGEST => Ok(Some(text.to_owned())),
        all => Err(RpcError::invalid_params(format!("the argument `{name}` has {all} characters, and may have {LONGEST}"))),
    }
}

/// The source that was asked for, by its own name.
async fn stored(engine: &Engine, arguments: &Arguments) -> Result<Option<String>, RpcError> {
    let Some(named) = given(arguments, "source")? else { return Ok(None) };
    let found = find(engine, &named).await?;
    let meant = found.map_err(|error| RpcError::invalid_params(error.to_string()))?;
    // Of several what was said, which means them all.
    Ok(Some(if let [source] = &*meant.default { source.to_string() } else { named }))
}

/// Characters of an argument.
const LONGEST: usize = 2_000;
const NOTHING_FOUND: &str = "If nothing fits, try other words once. If there is still nothing, the documentation may not be stored: crawl it with \
     smart_crawl_url if you know its URL, else ask me for it, then search again. If that finds nothing either, say so: do not answer from \
     memory.";
