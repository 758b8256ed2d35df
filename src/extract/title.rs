//! A page's title without the name of its site, never empty.

use url::Url;

use crate::extract::article::Article;
use crate::extract::dom::{Dom, NodeId};
use crate::extract::metadata::software::Software;
use crate::extract::metadata::values::line;
use crate::extract::said::Said;

pub(super) fn of_html(dom: &Dom, article: &Article, said: &Said<'_>, software: &Software, url: &Url) -> String {
    let headings = Headings::of(dom, article, url);
    let shared = said.metas(&["og:title"]).find_map(joined);
    let Some(title) = said.title.as_deref().and_then(joined) else {
        let heading = || headings.content.iter().chain(&headings.lower).chain(&headings.page).next().cloned();
        return shared.or_else(heading).unwrap_or_else(|| of_url(url));
    };
    let sites = Sites::of(said, software, &headings, url);
    // A site that names itself only.
    if sites.is_named(&title) {
        let headings = headings.content.iter().take(1).chain(&headings.page);
        let own = shared.iter().chain(headings).find(|own| !sites.is_named(own));
        return own.cloned().unwrap_or(title);
    }
    let manual =
        software.in_title.as_deref().and_then(|manual| title.strip_suffix(manual)).map(str::trim_end).filter(|own| !own.is_empty());
    let title = manual.unwrap_or(&title);
    let pieces = pieces(title);
    let shared = shared.as_deref().filter(|shared| *shared != title);
    let own = among_headings(&pieces, &headings.own(&headings.content), Place::Anywhere);
    // A site's name is a link to its first page, whose own it may be.
    let own = own.or_else(|| among_headings(&pieces, &headings.leading, Place::First));
    // "tea - How long does it draw? - Tea Overflow": most of a title is no site's name.
    let own = own.or_else(|| among_headings(&pieces, &headings.leading, Place::NotLast).filter(|own| own.len() * 3 > title.len()));
    let own = own.or_else(|| among_headings(&pieces, &headings.lower, Place::Anywhere));
    let own = own.or_else(|| shared.filter(|shared| title.ends_with(shared)));
    let own = own.or_else(|| among_headings(&pieces, &sites.others(&headings.own(&headings.page)), Place::NotLast));
    let own = own.or_else(|| like_heading(&pieces, &sites.others(&headings.page), &sites));
    match own {
        Some(own) => own.to_owned(),
        None => sites.taken_from(shared.filter(|shared| title.starts_with(shared)).unwrap_or(title)).to_owned(),
    }
}

/// Of plain text or markdown: the first heading, else the file's name.
pub(super) fn of_text(text: &str, url: &Url) -> String {
    let mut fenced = false;
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        let title = line.trim_start_matches('#');
        if !fenced && title.len() < line.len() && line.len() - title.len() <= 6 && title.starts_with(' ') {
            let title = title.trim().trim_end_matches('#').trim_end();
            if let Some(title) = joined(title) {
                return title;
            }
        }
    }
    of_url(url)
}

/// The last segment of the path that says anything, else the host.
pub(super) fn of_url(url: &Url) -> String {
    let segment = url.path().rsplit('/').map(|segment| segment.trim_end_matches(".html").trim_end_matches(".htm"));
    let segment = segment.into_iter().find(|segment| !segment.is_empty() && *segment != "index").map(percent_decoded);
    segment.and_then(|segment| joined(&segment)).unwrap_or_else(|| url.host_str().unwrap_or(url.as_str()).to_owned())
}

/// What may be found in the title again.
struct Headings {
    /// The first of the content's highest.
    content: Vec<String>,
    /// The highest of the page that lead to another: the site's name, or the page's own where a theme links it.
    leading: Vec<String>,
    /// The first of those below them.
    lower: Vec<String>,
    /// The highest of the page: of the content, too, or the site's name.
    page: Vec<String>,
    /// Of these, what is beside the content, as the book's name in mdBook.
    beside: Vec<String>,
}

impl Headings {
    fn of(dom: &Dom, article: &Article, url: &Url) -> Self {
        let within = |top: NodeId, name: &'static str| dom.descendants(top).filter(move |node| dom.is(*node, name)).take(3);
        // What is beside the content is left out with all its text.
        let text = |heading: NodeId| joined(&article.text(dom, heading)).or_else(|| joined(&dom.text_content(heading)));
        let content = |name| -> Vec<String> {
            article.roots.iter().flat_map(|root| within(*root, name)).filter_map(|heading| joined(&article.text(dom, heading))).collect()
        };
        let (first, second) = (content("h1"), content("h2"));
        let lower = if first.is_empty() && second.is_empty() { content("h3") } else { second };
        let page: Vec<_> = within(dom.root(), "h1").collect();
        let leading = page.iter().copied().filter(|heading| leads_away(dom, *heading, url)).filter_map(text).collect();
        let beside = page.iter().copied().filter(|heading| article.is_left_out(*heading)).filter_map(text).collect();
        Self { content: first, leading, lower, page: page.into_iter().filter_map(text).collect(), beside }
    }

    /// Of these, what leads nowhere else.
    fn own(&self, headings: &[String]) -> Vec<String> {
        headings.iter().filter(|heading| !self.leading.contains(heading)).cloned().collect()
    }
}

/// Whether all of a heading is a link to another page.
fn leads_away(dom: &Dom, heading: NodeId, url: &Url) -> bool {
    let path = |href: &str| url.join(href.trim()).ok().filter(|to| to.host() != url.host() || to.path() != url.path());
    let away = |node: NodeId| dom.is(node, "a") && dom.attribute(node, "href").and_then(path).is_some();
    let mut parts = dom.children(heading).take(MOST_PARTS).filter(|part| dom.text(*part).is_none_or(|text| !text.trim().is_empty()));
    parts.next().is_some_and(away) && parts.next().is_none()
}

/// In nodes.
const MOST_PARTS: usize = 8;

/// Where in the title a heading is looked for. A site's name comes last more often than first.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    First,
    NotLast,
    Anywhere,
}

/// A part of a title between its separators.
struct Piece<'a> {
    text: &'a str,
    at: usize,
    plain: String,
    /// Others follow; what follows a colon says more of the same.
    is_first: bool,
    is_last: bool,
}

/// All pieces, and those that are joined of several: what begins earlier first, and of these the longest.
fn pieces(title: &str) -> Vec<Piece<'_>> {
    let mut cuts: Vec<(usize, usize)> =
        SEPARATORS.iter().flat_map(|separator| title.match_indices(separator).map(|(at, mark)| (at, at + mark.len()))).collect();
    cuts.sort_unstable();
    // Of " :: ", the last part looks like a separator of its own.
    cuts.dedup_by(|later, earlier| later.0 < earlier.1);
    cuts.truncate(MOST_CUTS);
    let starts = [0].into_iter().chain(cuts.iter().map(|(_, end)| *end));
    let ends: Vec<usize> = cuts.iter().map(|(start, _)| *start).chain([title.len()]).rev().collect();
    let piece = |(start, end): (usize, usize)| {
        let text = title.get(start..end)?.trim();
        Some(Piece {
            text,
            at: start,
            plain: plain(text),
            is_first: start == 0 && end < title.len() && !title[end..].starts_with(':'),
            is_last: start > 0 && end == title.len(),
        })
        .filter(|piece| !piece.plain.is_empty())
    };
    starts.flat_map(|start| ends.iter().map(move |end| (start, *end))).filter_map(piece).collect()
}

/// "3.1 Lists — Python 3.11 documentation" is "3.1 Lists" where the page has a heading like that.
fn among_headings<'a>(pieces: &[Piece<'a>], headings: &[String], place: Place) -> Option<&'a str> {
    // Some number the heading, and not the title.
    let unnumbered = |heading: &str| {
        heading.split_once(' ').filter(|(number, _)| number.chars().all(|c| c.is_ascii_digit() || c == '.')).map(|(_, text)| plain(text))
    };
    let headings: Vec<String> = headings.iter().flat_map(|heading| [plain(heading)].into_iter().chain(unnumbered(heading))).collect();
    let mut fitting = pieces.iter().filter(|piece| match place {
        Place::First => piece.at == 0,
        Place::NotLast => !piece.is_last,
        Place::Anywhere => true,
    });
    fitting.find(|piece| headings.contains(&piece.plain)).map(|piece| piece.text)
}

/// The first piece, where it says what a heading says and a little more, or a little less: "Kettle.Boil Method (Tea)" and "Kettle.Boil
/// Method", "Kettle" and "Class Kettle"; else a qualified name that ends with the heading's.
fn like_heading<'a>(pieces: &[Piece<'a>], headings: &[String], sites: &Sites) -> Option<&'a str> {
    let headings = || headings.iter().map(|heading| (heading, plain(heading))).filter(|(_, heading)| heading.chars().count() >= SHORTEST);
    let own = |piece: &&Piece<'_>| !sites.is_named(piece.text) && piece.plain.chars().count() >= SHORTEST;
    let alike = |piece: &&Piece<'_>| {
        headings().any(|(_, heading)| {
            let (shorter, longer) = if heading.len() < piece.plain.len() { (&heading, &piece.plain) } else { (&piece.plain, &heading) };
            shorter.len() * 5 >= longer.len() * 2 && (longer.starts_with(shorter.as_str()) || longer.ends_with(shorter.as_str()))
        })
    };
    let first = pieces.iter().filter(|piece| piece.is_first).filter(own).find(alike);
    let last_name = |text: &str| plain(text.rsplit(['.', ':', '/', '#', '\\']).next().unwrap_or_default());
    let qualified = |piece: &&Piece<'_>| {
        !piece.text.contains(' ') && headings().any(|(_, heading)| heading != piece.plain && heading == last_name(piece.text))
    };
    first.or_else(|| pieces.iter().filter(|piece| !piece.is_first).find(qualified)).map(|piece| piece.text)
}

/// In characters: shorter ones are alike by chance.
const SHORTEST: usize = 4;

/// Letters and digits in lower case: what two names have in common however they are set.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What the page's site is called, all `plain`.
struct Sites {
    /// By those whose business it is: these may also come first in a title.
    named: Vec<String>,
    /// By what stands where a site's name often does: these may only come last.
    likely: Vec<String>,
    /// By headings that lead away: some titles go on after them, as in "Page - Site - What it is".
    leading: Vec<String>,
    /// A site's first page may begin with its name.
    is_first_page: bool,
}

impl Sites {
    fn of(said: &Said<'_>, software: &Software, headings: &Headings, url: &Url) -> Self {
        let stated = said.metas(&["og:site_name"]).take(MOST_NAMES).map(str::to_owned);
        // Some pages have their own title there.
        let applications = said.metas(&["application-name"]).take(MOST_NAMES).map(str::to_owned);
        let project = software.name.clone().filter(|_| software.is_made_by("Doxygen"));
        let named = stated.chain(said.linked.sites.iter().cloned()).chain(said.book.clone()).chain(project);
        let host = url.host_str().unwrap_or_default();
        let labels = host.strip_prefix("www.").unwrap_or(host).rsplit_once('.').map(|(before, _)| before.split('.')).into_iter().flatten();
        let hosts = labels.filter(|label| label.len() > 2).map(str::to_owned).chain([host.strip_prefix("www.").unwrap_or(host).to_owned()]);
        let likely = applications.chain(said.brands.iter().cloned()).chain(headings.beside.iter().cloned()).chain(hosts);
        let plain = |names: &mut dyn Iterator<Item = String>| -> Vec<String> {
            names.map(|name| plain(&name)).filter(|name| !name.is_empty() && !GENERAL.contains(&name.as_str())).collect()
        };
        let leading = headings.leading.iter().cloned();
        Self {
            named: plain(&mut { named }),
            likely: plain(&mut { likely }),
            leading: plain(&mut { leading }),
            is_first_page: url.path() == "/",
        }
    }

    fn is_named(&self, text: &str) -> bool {
        self.named.contains(&plain(text))
    }

    /// Of headings, those that do not name the site.
    fn others(&self, headings: &[String]) -> Vec<String> {
        headings.iter().filter(|heading| !self.is_named(heading)).cloned().collect()
    }

    /// "Page | Site", "Site :: Page", "Page - Site - Company" without what is not the page.
    fn taken_from<'a>(&self, title: &'a str) -> &'a str {
        let mut own = title;
        for _ in 0..MOST_SITES {
            let shorter = self.without_last(own).or_else(|| self.without_first(own));
            match shorter.filter(|shorter| shorter.contains(char::is_alphanumeric)) {
                Some(shorter) => own = shorter,
                None => break,
            }
        }
        own
    }

    fn without_last<'a>(&self, title: &'a str) -> Option<&'a str> {
        let marks = SEPARATORS.iter().chain(&LOOSE);
        let cuts = marks.flat_map(|mark| title.rmatch_indices(mark).take(2).map(|(at, mark)| (at, at + mark.len())));
        let is_site = |text: &str| {
            let name = plain(text);
            let ends = SEPARATORS.iter().filter_map(|mark| text.find(mark));
            let first = plain(ends.min().map_or(text, |end| &text[..end]));
            self.named.contains(&name) || self.likely.contains(&name) || self.leading.contains(&first) || is_domain(text)
        };
        cuts.filter(|(_, end)| is_site(&title[*end..])).map(|(at, _)| title[..at].trim_end()).min_by_key(|own| own.len())
    }

    fn without_first<'a>(&self, title: &'a str) -> Option<&'a str> {
        let cuts = SEPARATORS.iter().filter_map(|mark| title.find(mark).map(|at| (at, at + mark.len())));
        let after = cuts.filter(|(at, _)| self.is_named(&title[..*at])).map(|(_, end)| title[end..].trim_start());
        after.min_by_key(|own| own.len()).filter(|_| !self.is_first_page)
    }
}

/// "metacpan.org" as some sites call themselves; "node.js" is none.
fn is_domain(text: &str) -> bool {
    let text = text.trim();
    text.rsplit_once('.').is_some_and(|(name, top)| {
        matches!(top, "com" | "org" | "net" | "io" | "dev" | "edu" | "gov")
            && name.len() > 1
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.'))
    })
}

/// A title may be long, but a heading is found in its first parts.
const MOST_CUTS: usize = 12;
/// "Page - Section - Site - Company".
const MOST_SITES: usize = 3;
const MOST_NAMES: usize = 8;
/// In characters; longer ones are mistakes of the page.
const LONGEST: usize = 300;

const SEPARATORS: [&str; 10] = [" — ", " – ", " - ", " -- ", " | ", " · ", " :: ", " » ", ": ", " • "];

/// These part a site's name from the rest, too, and occur within names.
const LOOSE: [&str; 7] = ["|", " / ", " « ", " ‹ ", " < ", " > ", " ~ "];

/// Texts of links to a site's first page that are not its name.
const GENERAL: [&str; 10] = ["home", "homepage", "index", "start", "overview", "documentation", "docs", "blog", "back", "logo"];

fn joined(text: &str) -> Option<String> {
    let text = line(text, LONGEST)?;
    let text = text.trim_end_matches(['¶', '§']).trim_end();
    (!text.is_empty()).then(|| text.to_owned())
}

pub(super) fn percent_decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = (*first == b'%').then(|| after.get(..2)).flatten().and_then(|hex| std::str::from_utf8(hex).ok());
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
