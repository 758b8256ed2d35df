//! Where a page keeps what is not its text: scripts, templates, and what is for readers without scripts. One pass over the tags.

use crate::extract::shipped::data::Data;
use crate::extract::shipped::literal;
use crate::extract::syntax::Syntax;
use crate::extract::tags::{Tag, Tags, decoded};
use crate::model::Meter;

#[derive(Default)]
pub(super) struct Sources<'a> {
    pub(super) scripts: Vec<Script<'a>>,
    /// HTML between the tags of outermost templates that are not shown.
    pub(super) templates: Vec<&'a str>,
    /// Likewise of `noscript`.
    pub(super) noscripts: Vec<&'a str>,
    /// What components of Astro are given, as it writes that.
    pub(super) islands: Vec<String>,
    /// Data in attributes of elements from which an application begins.
    pub(super) attributes: Vec<String>,
    /// Text in `xmp` and `textarea`, where pages that write themselves keep markdown.
    texts: Vec<String>,
}

pub(super) struct Script<'a> {
    pub(super) id: Option<String>,
    /// Without parameters, lower-case; empty where there is none.
    kind: String,
    /// An answer that SvelteKit keeps.
    pub(super) is_fetched: bool,
    pub(super) text: &'a str,
    /// Where it is, if it is not in the page.
    pub(super) source: Option<String>,
    /// Where Nuxt has the data that would be in it.
    pub(super) payload: Option<String>,
    /// Of a script that shows the description of an interface.
    pub(super) settings: Option<String>,
}

impl Script<'_> {
    pub(super) fn data(&self, meter: &Meter) -> Data {
        literal::value(self.text, meter)
    }

    pub(super) fn is_json(&self) -> bool {
        self.kind.ends_with("/json") || self.kind.ends_with("+json") && !self.is_linked_data()
    }

    pub(super) fn is_linked_data(&self) -> bool {
        self.kind == "application/ld+json"
    }

    pub(super) fn is_program(&self) -> bool {
        matches!(self.kind.as_str(), "" | "module" | "text/javascript" | "application/javascript")
    }
}

impl<'a> Sources<'a> {
    pub(super) fn of(html: &'a str, syntax: Syntax, meter: &Meter) -> Self {
        let mut sources = Self::default();
        let mut tags = Tags::of(html, syntax);
        // Where an open one begins, and how many are open within it.
        let (mut template, mut noscript) = (None::<usize>, None::<usize>);
        let mut depth = 0usize;
        while let Some(tag) = tags.next().filter(|tag| meter.goes_on_by(1 + tag.len() / 64)) {
            let (start, open) = (tags.position() - tag.len(), !tag.closes);
            match tag.name() {
                "script" if open && sources.scripts.len() < MOST => {
                    let text = tags.raw_to_end_of(&tag);
                    sources.scripts.push(Script::of(&tag, text));
                }
                "style" | "title" | "noembed" if open => tags.skip_to_end_of(&tag),
                "astro-island" if open && sources.islands.len() < MOST => {
                    sources.islands.extend(tag.attribute("props").map(std::borrow::Cow::into_owned));
                }
                "div" | "main" | "section" | "body" if open && sources.attributes.len() < MOST => {
                    let data = ["data-page", "data-props", "data-react-props"].iter().filter_map(|name| tag.attribute(name));
                    sources.attributes.extend(data.filter(|data| data.starts_with(['{', '['])).map(std::borrow::Cow::into_owned));
                }
                "xmp" | "textarea" if open => {
                    let text = decoded(tags.raw_to_end_of(&tag)).into_owned();
                    if sources.texts.len() < MOST {
                        sources.texts.push(text);
                    }
                }
                "template" if open => {
                    depth += 1;
                    if template.is_none() && tag.attribute("shadowrootmode").is_none() {
                        (template, depth) = (Some(tags.position()), 1);
                    }
                }
                "template" => {
                    depth = depth.saturating_sub(1);
                    if depth == 0
                        && let Some(from) = template.take()
                        && sources.templates.len() < MOST
                    {
                        sources.templates.push(&html[from..start]);
                    }
                }
                "noscript" if open => noscript = Some(tags.position()),
                "noscript" => {
                    if let Some(from) = noscript.take()
                        && sources.noscripts.len() < MOST
                    {
                        sources.noscripts.push(&html[from..start]);
                    }
                }
                _ => {}
            }
        }
        sources
    }

    /// Texts that are markdown by the type of their script, or because a page that writes itself has nothing else.
    pub(super) fn markdown(&self) -> impl Iterator<Item = &str> {
        let typed = self.scripts.iter().filter(|script| script.kind.contains("markdown")).map(|script| script.text);
        let bare =
            self.texts.iter().map(String::as_str).filter(|text| text.lines().any(|line| line.starts_with("# ") || line.starts_with("## ")));
        typed.chain(bare)
    }
}

impl<'a> Script<'a> {
    fn of(tag: &Tag<'a>, text: &'a str) -> Self {
        let kind = tag.attribute("type").unwrap_or_default();
        Self {
            id: tag.attribute("id").map(std::borrow::Cow::into_owned),
            kind: kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase(),
            is_fetched: tag.attribute("data-sveltekit-fetched").is_some(),
            text,
            source: tag.attribute("src").map(std::borrow::Cow::into_owned),
            payload: tag.attribute("data-src").map(std::borrow::Cow::into_owned),
            settings: tag.attribute("data-configuration").map(std::borrow::Cow::into_owned),
        }
    }
}

/// Of each kind; pages have a few dozen.
const MOST: usize = 2_000;
