//! What holds of any page: text of the main content is in the markdown, however its elements are named and whatever stands
//! beside it; the markdown is not much longer than the page; and the same page gives the same document.

use std::fmt::Write;
use std::time::SystemTime;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use smolcrawl::extract;
use smolcrawl::model::{Filled, Page, Validators};
use url::Url;

proptest! {
    // The same pages each time; PROPTEST_RNG_SEED=<number> makes others.
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, rng_seed: seed(), ..ProptestConfig::default() })]

    #[test]
    fn text_of_the_main_content_is_kept(pieces in vec(piece(), 1..6), with_title in any::<bool>()) {
        let mut html = Html::default();
        html.out.push_str("<!doctype html><title>Teahouse</title><body><header><a href=/>Teahouse</a></header><nav><ul><li><a href=/a>A</a></ul></nav><main>");
        if with_title {
            html.out.push_str("<h1>Kettles</h1>");
        }
        pieces.iter().for_each(|piece| html.piece(piece, false));
        html.out.push_str("</main><footer><p>Made in the teahouse.</p></footer></body>");
        let page = page(&html.out);
        if html.marks.is_empty() {
            return Ok(());
        }
        let document = extract::document(&page).map_err(|skip| TestCaseError::fail(format!("{skip}: {}", html.out)))?;
        let text = extract::plain_text(&page).map_err(|skip| TestCaseError::fail(format!("{skip}: {}", html.out)))?;
        for mark in &html.marks {
            prop_assert!(document.markdown.contains(mark), "{mark} is not in the markdown of {}", html.out);
            prop_assert!(text.contains(mark), "{mark} is not in the plain text of {}", html.out);
        }
        prop_assert!(document.markdown.len() <= html.out.len() * 8 + 2000);
    }

    #[test]
    fn any_tags_end_soon_and_give_no_more_than_a_multiple(parts in vec(prop_oneof![
        "</?(main|article|section|div|p|ul|ol|li|dl|dt|dd|table|tr|th|td|pre|code|blockquote|figure|figcaption|details|summary|aside|h[1-6]|sup|sub|math|a href=x|a id=y)>",
        "<(div|p|span|section) (class|id)=\"(related|comments|sidebar|hidden|admonition note|tab-pane|highlight-js|line|lineno)\">",
        "[ a-z0-9.*_#>|\n-]{0,24}",
    ], 0..200)) {
        let html = parts.concat();
        let page = page(&html);
        let _ = extract::plain_text(&page);
        if let Ok(document) = extract::document(&page) {
            prop_assert!(document.markdown.len() <= html.len() * 8 + 2000, "{} bytes from {}", document.markdown.len(), html.len());
            prop_assert_eq!(Ok(document), extract::document(&page));
        }
    }
}

fn seed() -> RngSeed {
    match ProptestConfig::default().rng_seed {
        RngSeed::Random => RngSeed::Fixed(20),
        given => given,
    }
}

/// Something in the main content.
#[derive(Clone, Debug)]
enum Piece {
    /// So many blocks of one kind, of so many words each.
    Text { block: Block, count: usize, words: usize, name: Option<Name> },
    /// So many links that are nothing else: some of them are navigation, and none is asked for.
    Links { count: usize, name: Option<Name> },
    /// An element around others.
    Around { tag: &'static str, name: Option<Name>, pieces: Vec<Piece> },
}

#[derive(Clone, Copy, Debug)]
enum Block {
    Paragraph,
    Item,
    Cell,
    Code,
    Definition,
    Heading,
    Quote,
    Caption,
}

impl Piece {
    /// Whether it has a name and more links than text: then it is what its name says, and its text may go with the links.
    fn is_named_list_of_links(&self) -> bool {
        let Self::Around { name: Some(_), .. } = self else { return false };
        let (links, text) = self.words();
        links > text
    }

    /// In links, and elsewhere.
    fn words(&self) -> (usize, usize) {
        match self {
            Self::Text { count, words, .. } => (0, count * (*words).max(PARAGRAPH)),
            Self::Links { count, .. } => (count * WORDS_OF_LINK, 0),
            Self::Around { pieces, .. } => {
                pieces.iter().map(Self::words).fold((0, 0), |(links, text), below| (links + below.0, text + below.1))
            }
        }
    }
}

/// ` class="…"` or ` id="…"`.
#[derive(Clone, Debug)]
struct Name(String);

fn piece() -> impl Strategy<Value = Piece> {
    let block = prop_oneof![
        4 => Just(Block::Paragraph),
        1 => Just(Block::Item),
        1 => Just(Block::Cell),
        1 => Just(Block::Code),
        1 => Just(Block::Definition),
        1 => Just(Block::Heading),
        1 => Just(Block::Quote),
        1 => Just(Block::Caption),
    ];
    // Most blocks are short; a long one must not push the others out.
    let words = prop_oneof![6 => 1usize..30, 1 => 200usize..400];
    let text = (block, 1usize..4, words, name()).prop_map(|(block, count, words, name)| Piece::Text { block, count, words, name });
    let links = (1usize..12, name()).prop_map(|(count, name)| Piece::Links { count, name });
    let leaf = prop_oneof![5 => text, 1 => links];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let tag = prop_oneof![4 => Just("div"), 2 => Just("section"), 1 => Just("article"), 1 => Just("details")];
        (tag, name(), vec(inner, 1..5)).prop_map(|(tag, name, pieces)| Piece::Around { tag, name, pieces })
    })
}

fn name() -> impl Strategy<Value = Option<Name>> {
    let name = prop::sample::select(NAMES).prop_flat_map(|name| {
        prop_oneof![
            Just(format!(" class=\"{name}\"")),
            Just(format!(" id=\"{name}\"")),
            Just(format!(" class=\"box {name}\"")),
            Just(format!(" id=\"s-{name}-objects\"")),
            Just(format!(" class=\"{name}-list\"")),
            Just(format!(" class=\"td-{name}__inner\"")),
        ]
    });
    prop_oneof![2 => Just(None), 3 => name.prop_map(|name| Some(Name(name)))]
}

/// What pages call what is beside their content, and others call their content.
const NAMES: &[&str] = &[
    "related",
    "comment",
    "comments",
    "share",
    "social",
    "sidebar",
    "widget",
    "promo",
    "footer",
    "header",
    "toc",
    "menu",
    "banner",
    "cookie",
    "nav",
    "navigation",
    "breadcrumb",
    "ad",
    "ads",
    "sponsor",
    "popup",
    "modal",
    "newsletter",
    "subscribe",
    "author",
    "meta",
    "tags",
    "tools",
    "buttons",
    "message",
    "messages",
    "reply",
    "replies",
    "response",
    "signature",
    "print",
    "feedback",
    "login",
    "search",
    "pager",
    "links",
    "recommended",
    "more",
    "extra",
    "outbrain",
    "disqus",
    "skip",
    "collapse",
    "accordion",
    "tab-pane",
    "rating",
    "notes",
    "summary",
    "gallery",
];

/// A page under construction, and the words that must come out of it.
#[derive(Default)]
struct Html {
    out: String,
    marks: Vec<String>,
    /// How many were made, asked for or not.
    made: usize,
}

impl Html {
    fn piece(&mut self, piece: &Piece, is_named: bool) {
        match piece {
            Piece::Text { block, count, words, name } => {
                // A few words in an element that is called "share" are what its name says; a paragraph is not.
                let least = if is_named || name.is_some() { PARAGRAPH } else { 1 };
                self.blocks(*block, *count, (*words).max(least), name.as_ref().map_or("", |name| &name.0));
            }
            Piece::Links { count, name } => {
                write!(self.out, "<ul{}>", name.as_ref().map_or("", |name| &name.0)).unwrap();
                for link in 0..*count {
                    write!(self.out, "<li><a href=/{link}>Page {link}</a></li>").unwrap();
                }
                self.out.push_str("</ul>");
            }
            Piece::Around { tag, name, pieces } => {
                write!(self.out, "<{tag}{}>", name.as_ref().map_or("", |name| &name.0)).unwrap();
                if *tag == "details" {
                    self.out.push_str("<summary>Why so?</summary>");
                }
                let before = self.marks.len();
                pieces.iter().for_each(|piece| self.piece(piece, is_named || name.is_some()));
                if piece.is_named_list_of_links() {
                    self.marks.truncate(before);
                }
                write!(self.out, "</{tag}>").unwrap();
            }
        }
    }

    fn blocks(&mut self, block: Block, count: usize, words: usize, name: &str) {
        let (open, before, after, close) = match block {
            Block::Paragraph => ("", format!("<p{name}>"), "</p>", ""),
            Block::Item => ("<ul>", format!("<li{name}>"), "</li>", "</ul>"),
            Block::Cell => ("<table>", format!("<tr{name}><td>Lid</td><td>"), "</td></tr>", "</table>"),
            Block::Code => ("", format!("<div{name}><pre><code>"), "</code></pre></div>", ""),
            Block::Definition => ("<dl>", format!("<dt>Lid</dt><dd{name}>"), "</dd>", "</dl>"),
            Block::Heading => ("", format!("<h2{name}>"), "</h2><p>Below it.</p>", ""),
            Block::Quote => ("", format!("<blockquote{name}><p>"), "</p></blockquote>", ""),
            Block::Caption => ("", format!("<figure{name}><img src=lid.png alt=Lid><figcaption>"), "</figcaption></figure>", ""),
        };
        self.out.push_str(open);
        for _ in 0..count {
            let mark = format!("mark{}x", self.made);
            self.out.push_str(&before);
            for word in 0..words {
                match word == words / 2 {
                    true => self.out.push_str(&mark),
                    false => self.out.push_str(WORDS[(word + self.made) % WORDS.len()]),
                }
                self.out.push_str(if word + 1 == words { "." } else { " " });
            }
            self.out.push_str(after);
            self.marks.push(mark);
            self.made += 1;
        }
        self.out.push_str(close);
    }
}

/// In words.
const PARAGRAPH: usize = 15;
/// "Page 7"
const WORDS_OF_LINK: usize = 2;
const WORDS: [&str; 12] = ["the", "kettle", "stands", "on", "a", "stove", "while", "guests", "wait", "for", "their", "tea"];

fn page(html: &str) -> Page {
    Page {
        url: Url::parse("https://docs.test/kettle.html").unwrap(),
        status: 200,
        content_type: Some("text/html; charset=utf-8".to_owned()),
        body: html.as_bytes().to_vec(),
        depth: 0,
        validators: Validators::default(),
        fetched_at: SystemTime::UNIX_EPOCH,
        filled: Filled::default(),
    }
}
