//! What a site ships for its scripts: data in the page from which they would write its text. Read by structure, and no script is run.
//! What is prose in it goes the way of any page: HTML to the reader of HTML, markdown to that of markdown.

mod answer;
mod beside;
mod cut;
mod data;
mod devalue;
mod flight;
mod index;
mod interfaces;
mod islands;
mod literal;
mod pagefind;
mod payload;
mod prose;
mod routes;
mod sources;
mod tree;

use std::borrow::Cow;
use std::cell::RefCell;

use encoding_rs::UTF_8;
use url::Url;

use crate::extract::base::Base;
use crate::extract::dom::Dom;
use crate::extract::inline::Form;
use crate::extract::kind::Kind;
use crate::extract::syntax::Syntax;
use crate::extract::{Reading, article, formats, html, links, shell};
use crate::model::Meter;

pub use answer::{Taken, asked_again, asked_next, looked_up, missing, taken};
pub use beside::{Ask, Beside, beside};
pub use index::Index;
pub use routes::Routes;

use cut::Cut;
use data::Data;
use interfaces::Interfaces;
use payload::Payload;
use prose::Found;
use sources::{Script, Sources};

/// The text of a page, as its data has it.
#[derive(Debug)]
pub(super) struct Shipped {
    /// What the data is called.
    pub(super) name: Cow<'static, str>,
    pub(super) title: Option<String>,
    parts: Vec<Part>,
    cut: Cut,
}

/// A part of a text, in the form that it came in.
#[derive(Clone, Debug, PartialEq)]
enum Part {
    Html(String),
    Markdown(String),
    /// The description of an interface, as JSON.
    Interface(String),
}

impl Part {
    fn source(&self) -> &str {
        match self {
            Self::Html(source) | Self::Markdown(source) | Self::Interface(source) => source,
        }
    }

    fn begins_with_heading(&self) -> bool {
        match self {
            Self::Html(html) => html.contains("<h1"),
            Self::Markdown(text) => text.lines().any(|line| line.starts_with("# ")),
            Self::Interface(_) => true,
        }
    }
}

/// The text of a page that has it as data, and what the data is called.
pub(super) struct InPage {
    pub(super) shipped: Shipped,
    pub(super) reading: Reading,
}

/// One judgement for the crawl and for whoever reads the page: there is a text in its data if something of it is left when it is read.
pub(super) fn text_of(html: &str, syntax: Syntax, url: &Url, form: Form, meter: &Meter) -> Option<InPage> {
    let shipped = in_page(html, syntax, url, meter)?;
    let reading = shipped.read(url, form, meter);
    (!reading.text.trim().is_empty()).then_some(InPage { shipped, reading })
}

/// The first of the ways in which sites ship a text that this page goes.
fn in_page(html: &str, syntax: Syntax, url: &Url, meter: &Meter) -> Option<Shipped> {
    let sources = Sources::of(html, syntax, meter);
    let cut = RefCell::new(Cut::default());
    let found = |name: &'static str, Found { title, parts, cut: more }: Found| {
        cut.borrow_mut().join(&more);
        let says = parts.iter().any(|part| !matches!(part, Part::Html(html) if !tree::says_something(html)));
        says.then(|| Shipped { name: Cow::Borrowed(name), title, parts, cut: cut.borrow().clone() })
    };
    let with_id = |id: &str| sources.scripts.iter().find(move |script| script.id.as_deref() == Some(id));
    let read = |source: &str| {
        let (data, unread) = literal::begun(source, meter);
        cut.borrow_mut().add(unread);
        data
    };
    let prose = |data: &Data| prose::of(data, url, meter);
    let interface = || {
        let description = Interfaces::of_page(&sources, &[], meter).inline?;
        found("OpenAPI", Found { parts: vec![Part::Interface(description)], ..Found::default() })
    };
    let next = || with_id("__NEXT_DATA__").and_then(|script| found("__NEXT_DATA__", prose(read(script.text).field("props")?)));
    let nuxt = || with_id("__NUXT_DATA__").and_then(|script| found("__NUXT_DATA__", prose(&devalue::unflattened(&read(script.text)))));
    let nuxt_call = || assigned(&sources, "__NUXT__").and_then(|script| found("__NUXT__", prose(&literal::called(script, meter))));
    let remix = || assigned(&sources, "__remixContext").and_then(|script| found("__remixContext", prose(&read(script))));
    let router = || {
        let (_, part) = sources.scripts.iter().find_map(|script| script.text.split_once("Context.streamController.enqueue("))?;
        let stream = literal::value(part, meter);
        found("__reactRouterContext", prose(&Payload::Router.read(stream.text()?, meter)))
    };
    let stream = || {
        let html = flight::html_of(&streamed(&sources, meter), meter);
        found("__next_f", Found { parts: vec![Part::Html(html)], ..Found::default() })
    };
    let svelte = || {
        let fetched = sources.scripts.iter().filter(|script| script.is_fetched).filter_map(|script| fetched(script, meter));
        let started = sources.scripts.iter().filter_map(|script| {
            let (_, after) = script.text.split_once("kit.start(")?;
            let (_, data) = after.split_once("data:")?;
            Some(read(data))
        });
        found("SvelteKit", prose(&Data::List(fetched.chain(started).collect())))
    };
    let state = || STATES.iter().find_map(|name| found(name, prose(&read(assigned(&sources, name)?))));
    let other = || {
        let data = sources
            .scripts
            .iter()
            .filter(|script| script.is_json() && !script.is_fetched && !KNOWN.iter().any(|id| script.id.as_deref() == Some(id)));
        let attributes = sources.attributes.iter().map(|data| read(data));
        found("JSON in the page", prose(&Data::List(data.map(|script| read(script.text)).chain(attributes).collect())))
    };
    let islands = || {
        let given = sources.islands.iter().map(|props| islands::given(&read(props)));
        found("astro-island", prose(&Data::List(given.collect())))
    };
    let linked = || {
        let bodies =
            sources.scripts.iter().filter(|script| script.is_linked_data()).filter_map(|script| article_body(&script.data(meter), 0));
        bodies.into_iter().next().and_then(|body| found("JSON-LD", body))
    };
    let markdown = || {
        let parts: Vec<Part> = sources.markdown().map(|text| Part::Markdown(text.to_owned())).collect();
        found("markdown in the page", Found { parts, ..Found::default() })
    };
    let beside = |name: &'static str, parts: &[&str]| {
        let says = |html: &&&str| {
            let is_demand = html.len() < LONGEST_DEMAND && shell::demands(html);
            tree::says_something(html) && !is_demand && !html.contains("{{") && !html.contains("${")
        };
        found(name, Found { parts: parts.iter().filter(says).map(|html| Part::Html((*html).to_owned())).collect(), ..Found::default() })
    };
    interface()
        .or_else(next)
        .or_else(nuxt)
        .or_else(nuxt_call)
        .or_else(remix)
        .or_else(router)
        .or_else(svelte)
        .or_else(stream)
        .or_else(state)
        .or_else(islands)
        .or_else(other)
        .or_else(linked)
        .or_else(markdown)
        .or_else(|| beside("template", &sources.templates))
        .or_else(|| beside("noscript", &sources.noscripts))
}

impl Shipped {
    /// Read as any page.
    fn read(&self, url: &Url, form: Form, meter: &Meter) -> Reading {
        let (mut reading, mut run) = (Reading::default(), String::new());
        for part in &self.parts {
            match part {
                Part::Html(html) => run.push_str(html),
                Part::Markdown(text) => {
                    join(&mut reading, of_html(&std::mem::take(&mut run), url, form, meter));
                    join(&mut reading, of_format(&Kind::Markdown, text, url, meter));
                }
                Part::Interface(description) => join(&mut reading, of_format(&Kind::Json, description, url, meter)),
            }
        }
        join(&mut reading, of_html(&run, url, form, meter));
        reading.notes.extend(self.cut.note());
        reading
    }

    /// Where it leads, absolute.
    pub(super) fn links(&self, url: &Url, meter: &Meter) -> Vec<Url> {
        let base = Base::of(url, UTF_8);
        let of = |part: &Part| match part {
            Part::Html(html) => links::of_html(&base, html, Syntax::Html, links::Wanted::Targets, meter).links,
            Part::Markdown(text) => links::of_targets(url, text.len(), &formats::links(&Kind::Markdown, text, url, meter)).links,
            // An address in it is an example.
            Part::Interface(_) => Vec::new(),
        };
        self.parts.iter().flat_map(of).collect()
    }
}

fn of_html(source: &str, url: &Url, form: Form, meter: &Meter) -> Reading {
    if source.is_empty() {
        return Reading::default();
    }
    let dom = Dom::parse_within(&format!("<!doctype html><body><main>{source}</main>"), Syntax::Html, meter);
    let article = article::find(&dom);
    let html::Written { text, outline, code, unwritten } = html::write(&dom, &article, &Base::of(url, UTF_8), form);
    Reading { text, outline, code, notes: article.notes(&dom).into_iter().chain(unwritten).collect(), ..Reading::default() }
}

fn of_format(kind: &Kind, source: &str, url: &Url, meter: &Meter) -> Reading {
    let Some(read) = formats::read(kind, source, url, meter) else { return Reading::default() };
    let formats::Reading { title, markdown, outline, metadata, notes, .. } = read;
    let code = formats::code_of(&markdown);
    Reading { title: title.unwrap_or_default(), code, text: markdown, outline, metadata, notes, ..Reading::default() }
}

fn join(reading: &mut Reading, mut more: Reading) {
    if more.text.trim().is_empty() {
        return;
    }
    if !reading.text.is_empty() {
        reading.text.truncate(reading.text.trim_end().len());
        reading.text.push_str("\n\n");
    }
    let from = reading.text.len();
    more.outline.iter_mut().for_each(|heading| heading.offset += from);
    more.code.iter_mut().for_each(|block| block.offset += from);
    reading.text.push_str(&more.text);
    reading.outline.append(&mut more.outline);
    reading.code.append(&mut more.code);
    reading.notes.append(&mut more.notes);
    if reading.title.is_empty() {
        reading.title = more.title;
    }
    if reading.metadata.software.is_none() {
        reading.metadata.software = more.metadata.software;
        reading.metadata.version = more.metadata.version;
    }
}

/// What a script assigns to a name: all of it from there on.
fn assigned<'a>(sources: &Sources<'a>, name: &str) -> Option<&'a str> {
    sources.scripts.iter().filter(|script| script.is_program()).find_map(|script| {
        script.text.match_indices(name).find_map(|(at, _)| {
            let rest = script.text[at + name.len()..].trim_start_matches(['"', '\'', ']']).trim_start();
            rest.strip_prefix('=').filter(|value| !value.starts_with('='))
        })
    })
}

/// The parts of React's stream, put together.
fn streamed(sources: &Sources<'_>, meter: &Meter) -> String {
    let mut stream = String::new();
    for script in sources.scripts.iter().filter(|script| script.is_program()) {
        // One part a script: where one ends is known when it is read.
        if let Some((_, part)) = script.text.split_once("__next_f.push(")
            && let [Data::Number(1.0), Data::Text(text)] = literal::value(part, meter).items()
        {
            stream.push_str(text);
        }
    }
    stream
}

/// An answer that SvelteKit keeps in the page: its body is a text, which may be JSON.
fn fetched(script: &Script<'_>, meter: &Meter) -> Option<Data> {
    let answer = script.data(meter);
    let body = answer.text_of("body")?;
    Some(match body.trim_start().starts_with(['{', '[']) {
        true => literal::value(body, meter),
        false => Data::Map(vec![("body".to_owned(), Data::Text(body.to_owned()))]),
    })
}

/// The text that JSON-LD says an article has.
fn article_body(data: &Data, depth: usize) -> Option<Found> {
    if let Some(body) = data.text_of("articleBody").filter(|_| depth < DEEPEST) {
        let title = ["headline", "name"].iter().find_map(|name| data.text_of(name)).map(str::to_owned);
        let html = if body.contains("</p>") { body.to_owned() } else { prose::paragraphs(body) };
        let heading = title.iter().map(|title| Part::Html(format!("<h1>{}</h1>", tree::escaped(title))));
        let parts = heading.chain([Part::Html(html)]).collect();
        return Some(Found { title, parts, ..Found::default() });
    }
    data.children().filter(|_| depth < DEEPEST).find_map(|(_, below)| article_body(below, depth + 1))
}

/// What programs keep their state under.
const STATES: [&str; 7] =
    ["__INITIAL_STATE__", "__PRELOADED_STATE__", "__INITIAL_DATA__", "__APOLLO_STATE__", "__PAGE_DATA__", "__DATA__", "__STATE__"];

/// Ids of scripts that are read by other names.
const KNOWN: [&str; 2] = ["__NEXT_DATA__", "__NUXT_DATA__"];

const DEEPEST: usize = 8;
/// Bytes in which `noscript` only says that scripts are needed, and how to allow them.
const LONGEST_DEMAND: usize = 1_000;

#[cfg(test)]
mod tests;
