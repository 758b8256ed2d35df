//! JSON-LD: what a page says of itself in the words of schema.org. What is said of something else (a product beside the article, each
//! story of a list) is not taken for the page's.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};
use url::Url;

use crate::extract::tags;

/// As written, but for the references that some programs put into JSON as if it were HTML.
#[derive(Debug, Default)]
pub(in crate::extract) struct Linked {
    pub(in crate::extract) description: Option<String>,
    pub(in crate::extract) published: Option<String>,
    pub(in crate::extract) modified: Option<String>,
    pub(in crate::extract) author: Option<String>,
    pub(in crate::extract) language: Option<String>,
    /// Names of the site and of who publishes it.
    pub(in crate::extract) sites: Vec<String>,
}

impl Linked {
    /// `addresses`: those that the page is known by.
    pub(in crate::extract) fn read(scripts: &[String], addresses: &[&Url]) -> Self {
        let parsed: Vec<Value> = scripts.iter().filter_map(|script| parse(script)).collect();
        let items = items(&parsed);
        let by_id: HashMap<&str, Item<'_>> = items.iter().filter_map(|item| Some((item.get("@id")?.as_str()?, *item))).collect();
        let stories: Vec<Item<'_>> = items.iter().copied().filter(|item| is_of(item, is_story)).collect();
        let pages: Vec<Item<'_>> = items.iter().copied().filter(|item| is_of(item, |kind| kind.ends_with("Page"))).collect();
        let about: Vec<Item<'_>> = [own(&stories, addresses), own(&pages, addresses)].into_iter().flatten().collect();
        let first = |name: &str| about.iter().find_map(|item| text(item.get(name)?));
        Self {
            description: first("description"),
            published: first("datePublished"),
            modified: first("dateModified"),
            language: first("inLanguage"),
            author: about.iter().find_map(|item| names(item.get("author")?, &by_id)),
            sites: sites(&items, &about, &by_id),
        }
    }
}

type Item<'a> = &'a Map<String, Value>;

fn parse(script: &str) -> Option<Value> {
    // Line breaks within strings are forbidden by JSON and common; outside of strings any blank is as good as another.
    let script = script.replace(|c: char| c.is_control(), " ");
    let script = script.trim().trim_start_matches("<!--").trim_end_matches("-->").trim();
    // A parser of its own limits nesting to 128.
    serde_json::from_str(script).ok()
}

/// Objects that stand for themselves: at the top, in a graph, or as what a page is about.
fn items(parsed: &[Value]) -> Vec<Item<'_>> {
    let mut found = Vec::new();
    let mut open: Vec<&Value> = parsed.iter().rev().collect();
    while let Some(value) = open.pop() {
        match value {
            Value::Array(values) => open.extend(values.iter().rev().take(MOST)),
            Value::Object(item) => {
                found.push(item);
                let below = ["@graph", "mainEntity"].iter().filter_map(|name| item.get(*name));
                // Comments and the like are said of something else; a list of main entities is a list.
                open.extend(below.filter(|below| below.is_object() || item.contains_key("@graph")));
            }
            _ => {}
        }
        if found.len() >= MOST {
            break;
        }
    }
    found
}

const MOST: usize = 200;

fn is_of(item: &Map<String, Value>, wanted: impl Fn(&str) -> bool) -> bool {
    let kind = |value: &Value| value.as_str().is_some_and(|kind| wanted(kind.rsplit(['/', '#', ':']).next().unwrap_or(kind)));
    match item.get("@type") {
        Some(Value::Array(kinds)) => kinds.iter().any(kind),
        Some(value) => kind(value),
        None => false,
    }
}

/// Something that is written: `TechArticle`, `BlogPosting`, `Question`.
fn is_story(kind: &str) -> bool {
    ["Article", "Posting", "Report", "Reference"].iter().any(|end| kind.ends_with(end))
        || matches!(kind, "Question" | "HowTo" | "Recipe" | "CreativeWork" | "Course" | "Book" | "Dataset")
}

/// The only one, or the one that names the page's address.
fn own<'a>(items: &[Item<'a>], addresses: &[&Url]) -> Option<Item<'a>> {
    if let [only] = items {
        return Some(only);
    }
    let is_here = |value: &Value| {
        let address = value.as_str().or_else(|| value.get("@id")?.as_str()).and_then(|address| Url::parse(address).ok());
        address.is_some_and(|mut address| {
            address.set_fragment(None);
            addresses.iter().any(|known| **known == address)
        })
    };
    items.iter().copied().find(|item| ["url", "mainEntityOfPage", "@id"].iter().filter_map(|name| item.get(*name)).any(is_here))
}

fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::Array(values) => values.first()?.as_str()?,
        value => value.as_str()?,
    };
    let text = tags::decoded(text.get(..LONGEST).unwrap_or(text));
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}

/// In bytes: what is longer is cut where that is a character's end.
const LONGEST: usize = 4_000;

/// One name or several, of persons given in any of the ways there are.
fn names(value: &Value, by_id: &HashMap<&str, Item<'_>>) -> Option<String> {
    let values = match value {
        Value::Array(values) => values.as_slice(),
        value => std::slice::from_ref(value),
    };
    let mut known = HashSet::new();
    let names: Vec<String> = values.iter().take(MOST_AUTHORS).filter_map(|value| name(value, by_id)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).filter(|name| known.insert(*name)).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

const MOST_AUTHORS: usize = 10;

fn name(value: &Value, by_id: &HashMap<&str, Item<'_>>) -> Option<String> {
    match value {
        Value::Object(item) => {
            let named = item.get("name").or_else(|| by_id.get(item.get("@id")?.as_str()?)?.get("name"));
            text(named?)
        }
        value => text(value).filter(|name| !name.contains("://")),
    }
}

fn sites(items: &[Item<'_>], about: &[Item<'_>], by_id: &HashMap<&str, Item<'_>>) -> Vec<String> {
    let of_site = items.iter().filter(|item| is_of(item, |kind| kind == "WebSite")).filter_map(|item| text(item.get("name")?));
    let publishers = about.iter().filter_map(|item| name(item.get("publisher")?, by_id));
    let whole = about.iter().filter_map(|item| {
        let whole = item.get("isPartOf")?.as_object().filter(|whole| is_of(whole, |kind| kind == "WebSite"))?;
        text(whole.get("name")?)
    });
    of_site.chain(publishers).chain(whole).take(MOST_SITES).collect()
}

const MOST_SITES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(scripts: &[&str]) -> Linked {
        let url = Url::parse("https://docs.test/tea").unwrap();
        Linked::read(&scripts.iter().map(|script| (*script).to_owned()).collect::<Vec<_>>(), &[&url])
    }

    #[test]
    fn an_article_says_when_and_by_whom() {
        for script in [
            r#"{"@type":"TechArticle","datePublished":"2024-01-02","dateModified":"2024-02-03","author":{"@type":"Person","name":"Ada &amp; Co"}}"#,
            r#"[{"@type":"BreadcrumbList"},{"@type":["WebPage","NewsArticle"],"datePublished":"2024-01-02","dateModified":"2024-02-03","author":["Ada & Co"]}]"#,
            r#"{"@graph":[{"@type":"Article","datePublished":"2024-01-02","dateModified":"2024-02-03","author":{"@id":"/#ada"}},{"@type":"Person","@id":"/#ada","name":"Ada & Co"}]}"#,
            "{\"@type\":\"https://schema.org/BlogPosting\",\n\"datePublished\":\"2024-01-02\",\"dateModified\":\"2024-02-03\",\"author\":\"Ada & Co\",\"articleBody\":\"a\nb\"}",
        ] {
            let linked = read(&[script]);
            assert_eq!((linked.published.as_deref(), linked.modified.as_deref()), (Some("2024-01-02"), Some("2024-02-03")), "{script}");
            assert_eq!(linked.author.as_deref(), Some("Ada & Co"), "{script}");
        }
    }

    #[test]
    fn what_is_said_of_others_is_not_taken() {
        let list = r#"{"@graph":[{"@type":"BlogPosting","url":"https://docs.test/a","author":"A","datePublished":"2024-01-01"},
            {"@type":"BlogPosting","url":"https://docs.test/b","author":"B","datePublished":"2024-01-02"}]}"#;
        let linked = read(&[list]);
        assert_eq!((linked.author, linked.published), (None, None));
        let own = r#"{"@type":"BlogPosting","mainEntityOfPage":{"@id":"https://docs.test/tea#article"},"author":["C","D","C"]}"#;
        assert_eq!(read(&[list, own]).author.as_deref(), Some("C, D"));
        let answer = r#"{"@type":"QAPage","mainEntity":{"@type":"Question","author":{"name":"Q"},"acceptedAnswer":{"@type":"Answer","author":"A"}}}"#;
        assert_eq!(read(&[answer]).author.as_deref(), Some("Q"));
        assert_eq!(read(&[r#"{"@type":"Product","description":"A pot"}"#]).description, None);
    }

    #[test]
    fn the_site_and_its_publisher_are_named() {
        let linked = read(&[r#"{"@type":"WebSite","name":"Tea House"}"#, r#"{"@type":"Article","publisher":{"name":"Tea Ltd"}}"#]);
        assert_eq!(linked.sites, ["Tea House", "Tea Ltd"]);
    }

    #[test]
    fn no_json_makes_it_fail() {
        for script in
            ["", "{", "[]", "null", "[[[[{}]]]]", r#"{"@type":{},"@graph":{"@graph":[1,{"@type":"Article","author":[[],{},3]}]}}"#]
        {
            read(&[script]);
        }
        read(&[&"[".repeat(100_000), &format!("{}1{}", "{\"@graph\":[".repeat(100), "]}".repeat(100))]);
    }
}
