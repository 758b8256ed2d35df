//! `verify`: whether a stored page still says what it said. Whatever has become of it, that is an answer: exit status 0.

use std::time::{Duration, SystemTime};

use serde_json::json;
use smolcrawl::Engine;
use smolcrawl::crawl::parse_with_fragment;
use smolcrawl::engine::Checked;
use smolcrawl::http::masked;
use smolcrawl::model::date;

use super::output::Output;
use super::sources::seconds;
use super::{Failure, compare, database_exists};
use crate::cli;

pub async fn run(engine: &Engine, asked: cli::Verify) -> Result<(), Failure> {
    let url = match asked.url.trim().starts_with("file:") {
        true => super::stored(&asked.url)?,
        false => {
            let whole = parse_with_fragment(&asked.url);
            let url = super::addresses(&[asked.url])?.seeds.swap_remove(0);
            whole.unwrap_or(url)
        }
    };
    database_exists(engine)?;
    let source = match &asked.source {
        Some(source) => Some(compare::one(engine, source).await?),
        None => None,
    };
    let verified = engine.verify(url, source).await?;
    let mut output = Output::new();
    if asked.json.json {
        let mut answer = json!({
            "url": verified.url,
            "source": verified.source,
            "fetched": date(verified.fetched_at),
            "fetched_unix": seconds(verified.fetched_at),
            "page_hash": verified.hash,
            "checked": verified.checked.as_str(),
        });
        match &verified.checked {
            Checked::Changed { hash, changes } => {
                answer["hash_now"] = json!(hash);
                answer["changes"] = compare::described(changes);
            }
            Checked::Moved { to } => answer["to"] = json!(masked(to)),
            Checked::Unchanged | Checked::Gone => {}
        }
        output.json(&answer)?;
    } else {
        let to = if let Checked::Moved { to } = &verified.checked { format!(" to {}", masked(to)) } else { String::new() };
        let (checked, hash) = (verified.checked.as_str(), &verified.hash);
        let age = age(SystemTime::now().duration_since(verified.fetched_at).unwrap_or_default());
        output.line(format!("{checked}{to}: {} of {}, fetched {age} ago, hash {hash}", verified.url, verified.source))?;
        if let Checked::Changed { hash, changes } = &verified.checked {
            output.line(format!("hash now {hash}"))?;
            compare::tell(&mut output, changes)?;
        }
    }
    Ok(output.finish()?)
}

fn age(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..3_600 => format!("{} min", seconds / 60),
        seconds @ 3_600..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}
