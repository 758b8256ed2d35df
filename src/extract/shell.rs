//! Whether a page is the shell of an application: its own text is nearly empty, and scripts would write it. Judged in two steps, so that
//! a page with text costs no more than before: the pass that looks for links counts what is to be seen until it is enough, and only what
//! has too little is looked at again, here. Runs no script.

use std::borrow::Cow;

use crate::extract::syntax::Syntax;
use crate::extract::tags::{Tag, Tags};
use crate::model::Meter;

/// A page whose own text is nearly empty although scripts are there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shell {
    /// What is to be seen of it without its scripts, in bytes without blanks: menus and titles among it, "Loading", demands for JavaScript and
    /// banners for cookies not.
    pub seen: usize,
    /// It is no page without its scripts: it has next to no words but titles and menus.
    pub says_nothing: bool,
    /// The data in the page itself that has its text, by name; a document that is made of the page is read from it.
    pub shipped: Option<Cow<'static, str>>,
}

impl Shell {
    /// Whether its text is in the data of a program, which makes menus of its own; else the links of the page stand in the text, or there are none.
    pub fn is_of_framework(&self) -> bool {
        self.shipped.as_ref().is_some_and(|name| !matches!(&**name, "OpenAPI" | "markdown in the page" | "template" | "noscript"))
    }
}

/// The first step: what is to be seen, counted until it is enough.
#[derive(Default)]
pub(super) struct Sight {
    has_scripts: bool,
    /// Text that is neither in links nor beside the content, in bytes without blanks.
    prose: usize,
    aside: Aside,
}

impl Sight {
    /// Whether there is so little that the page has to be looked at again.
    pub(super) fn is_little(&self) -> bool {
        self.has_scripts && self.prose < ENOUGH
    }

    /// Whether the page says next to nothing, with scripts or without.
    pub(super) fn says_little(&self) -> bool {
        self.prose < ENOUGH
    }

    pub(super) fn script(&mut self) {
        self.has_scripts = true;
    }

    /// An `<a>` that begins, with a target or without, or its end.
    pub(super) fn link(&mut self, has_target: bool) {
        self.aside.in_link = has_target;
    }

    /// An element that [`is_beside`] the content.
    pub(super) fn beside(&mut self, tag: &Tag) {
        self.aside.element(tag);
    }

    /// What stands between two tags, comments among it.
    pub(super) fn text(&mut self, source: &str) {
        if self.prose < ENOUGH && self.aside.is_over() && !asks_for_consent(source) {
            let length = seen(source, ENOUGH);
            // As the second step does: a page must not be kept from it by what does not count there.
            let is_phrase = length > 0 && length < LONGEST_PHRASE && (is_waiting(source) || demands(source));
            self.prose += if is_phrase { 0 } else { length };
        }
    }
}

/// The second step.
pub(super) fn of_html(html: &str, syntax: Syntax, meter: &Meter) -> Option<Shell> {
    Look::at(html, syntax, meter, Look::is_page)?.verdict()
}

/// Whether the place for an application is empty, whatever stands beside it.
pub(super) fn is_hollow(html: &str, syntax: Syntax, meter: &Meter) -> bool {
    Look::at(html, syntax, meter, Look::is_filled).is_some_and(|mut look| look.has_empty_place())
}

/// Whether it is that, or a shell.
pub(super) fn is_unfilled(html: &str, syntax: Syntax, meter: &Meter) -> bool {
    Look::at(html, syntax, meter, Look::is_filled).is_some_and(|mut look| look.has_empty_place() || look.verdict().is_some())
}

#[derive(Default)]
struct Look {
    scripts: usize,
    /// As of [`Sight`], but for phrases that say that there is nothing yet.
    prose: usize,
    /// What of it is in no heading.
    words: usize,
    /// All text, links among it, but for what asks for consent to cookies.
    seen: usize,
    consent: usize,
    /// Paragraphs and items that say something.
    sentences: usize,
    /// What of the text stands in no element that is beside the content, links among it.
    within: usize,
    /// Elements without anything in them that may be the place of the content, and the one that is open: its name, and how many of that are.
    places: usize,
    place: Option<(Vec<u8>, usize)>,
    /// Elements that scripts are to fill, and those of them that have something already.
    mounts: usize,
    filled: usize,
    /// The one that is open: how many elements of its name are open, which, and its text.
    mount: Option<(Vec<u8>, usize, usize)>,
    /// Words say that the page is nothing without scripts.
    is_demanded: bool,
    /// Data or a start of an application that is known.
    is_marked: bool,
    /// Pictures, forms and the like: there is something, if no text.
    has_media: bool,
    is_framed: bool,
    aside: Aside,
    noscript: u32,
    templates: u32,
    in_heading: bool,
    in_paragraph: bool,
    paragraph: usize,
    /// A paragraph has text, however little.
    has_paragraph: bool,
    /// What is read asks for consent to cookies, up to the end of its element.
    in_consent: bool,
}

impl Look {
    /// All of a page; none as soon as it is what the rest of it cannot change.
    fn at(html: &str, syntax: Syntax, meter: &Meter, is_settled: fn(&Self) -> bool) -> Option<Self> {
        let mut look = Self::default();
        let mut tags = Tags::of(html, syntax);
        let mut from = 0;
        while let Some(tag) = tags.next().filter(|tag| meter.goes_on_by(1 + tag.len() / 64)) {
            look.text(&html[from..tags.position() - tag.len()]);
            look.tag(&tag, &mut tags);
            if is_settled(&look) {
                return None;
            }
            from = tags.position();
        }
        look.text(&html[from..]);
        Some(look)
    }

    fn text(&mut self, source: &str) {
        if source.trim_ascii().is_empty() || self.templates > 0 {
            return;
        }
        if self.noscript > 0 {
            self.is_demanded |= demands(source);
            return;
        }
        let length = seen(source, usize::MAX);
        if length < LONGEST_PHRASE && (is_waiting(source) || demands(source)) {
            self.is_demanded |= demands(source);
            return;
        }
        self.place = None;
        self.in_consent |= asks_for_consent(source);
        self.within += if self.aside.open == 0 && !self.in_consent { length } else { 0 };
        // A banner stands beside the place that is still empty, and is no text of the page.
        *(if self.in_consent { &mut self.consent } else { &mut self.seen }) += length;
        // Menus may be served with every page, whatever becomes of the rest.
        if let Some((_, _, text)) = self.mount.as_mut().filter(|_| self.aside.open == 0) {
            // A heading or a paragraph is something, however short.
            *text += if self.in_paragraph || self.in_heading { LEAST_FILLED } else { length };
        }
        if self.aside.is_over() && !self.in_consent {
            self.prose += length;
            self.words += if self.in_heading { 0 } else { length };
            if self.in_paragraph {
                self.has_paragraph = true;
                self.paragraph += length;
                self.sentences += usize::from(self.paragraph >= LEAST_SENTENCE);
            }
        }
    }

    fn tag<'a>(&mut self, tag: &Tag<'a>, tags: &mut Tags<'a>) {
        let (name, open) = (tag.name(), !tag.closes);
        self.in_consent &= matches!(name, "a" | "b" | "br" | "code" | "em" | "i" | "span" | "strong");
        match name {
            "script" if open => {
                self.scripts += 1;
                let marks = |value: Option<Cow<str>>| value.is_some_and(|value| MARKED_IDS.contains(&&*value));
                let is_data = marks(tag.attribute("id")) || tag.attribute("data-sveltekit-fetched").is_some();
                let script = tags.raw_to_end_of(tag);
                // A program is as long as it likes; what starts an application stands at the beginning of a short script.
                let start = &script[..script.floor_char_boundary(START)];
                self.is_marked |= is_data || MARKS.iter().any(|mark| start.contains(mark));
                return;
            }
            // What is shown as it is, and no markdown that a script would read.
            "xmp" if open => {
                self.has_media |= !tags.raw_to_end_of(tag).lines().any(|line| line.starts_with("# "));
                return;
            }
            "style" | "title" | "textarea" | "noembed" if open => {
                self.has_media |= name == "textarea";
                return tags.skip_to_end_of(tag);
            }
            "template" if tag.attribute("shadowrootmode").is_none() || !open => {
                self.templates = if open { self.templates + 1 } else { self.templates.saturating_sub(1) };
            }
            "noscript" => self.noscript = if open { self.noscript + 1 } else { self.noscript.saturating_sub(1) },
            "frameset" | "frame" => self.is_framed = true,
            "img" | "video" | "audio" | "iframe" | "object" | "embed" | "form" | "input" | "canvas" | "picture"
                if open && self.noscript == 0 && self.templates == 0 =>
            {
                self.has_media = true;
                self.shown(tag);
            }
            "p" | "li" | "td" | "dd" | "pre" | "blockquote" => (self.in_paragraph, self.paragraph) = (open, 0),
            "h1" | "h2" | "h3" => self.in_heading = open,
            _ => {}
        }
        self.aside.tag(tag);
        self.follow_mount(tag);
        self.follow_place(tag);
    }

    /// What pictures are of is something, and so is a place for a password.
    fn shown(&mut self, tag: &Tag) {
        let Some((_, _, text)) = &mut self.mount else { return };
        let is_of = tag.attribute("alt").filter(|alt| !is_waiting(alt));
        let is_secret = tag.attribute("type").is_some_and(|kind| kind.eq_ignore_ascii_case("password"));
        *text += if is_secret { LEAST_FILLED } else { is_of.map_or(0, |alt| seen(&alt, LEAST_FILLED)) };
    }

    fn follow_mount(&mut self, tag: &Tag) {
        let name = tag.name().as_bytes();
        match &mut self.mount {
            Some((mount, depth, text)) if **mount == *name && !tag.ends_itself() => {
                *depth = if tag.closes { *depth - 1 } else { *depth + 1 };
                if *depth == 0 {
                    self.filled += usize::from(*text >= LEAST_FILLED);
                    self.mount = None;
                }
            }
            None if !tag.closes && self.templates == 0 && is_mount(tag) => {
                self.mounts += 1;
                self.mount = Some((name.to_vec(), 1, 0));
            }
            _ => {}
        }
    }

    /// The innermost one counts.
    fn follow_place(&mut self, tag: &Tag) {
        let name = tag.name().as_bytes();
        if !tag.closes && self.templates == 0 && self.aside.open == 0 && is_place(tag) {
            self.place = Some((name.to_vec(), 1));
        } else if let Some((_, depth)) = self.place.as_mut().filter(|(place, _)| **place == *name && !tag.ends_itself()) {
            *depth = if tag.closes { *depth - 1 } else { *depth + 1 };
            if *depth == 0 {
                self.places += 1;
                self.place = None;
            }
        }
    }

    /// Whatever else it has: it says something by itself, or is none of those that scripts fill in.
    fn is_page(&self) -> bool {
        self.is_framed || self.sentences > 0 || self.prose >= ENOUGH
    }

    /// Or has no place for an application, as all of it is frames.
    fn is_filled(&self) -> bool {
        self.is_framed || self.filled > 0
    }

    fn has_empty_place(&mut self) -> bool {
        self.end_mount();
        self.scripts > 0 && self.mounts > 0 && self.filled == 0
    }

    /// One that has no end of its own.
    fn end_mount(&mut self) {
        if let Some((_, _, text)) = self.mount.take() {
            self.filled += usize::from(text >= LEAST_FILLED);
        }
    }

    fn verdict(mut self) -> Option<Shell> {
        self.end_mount();
        let is_bare = self.prose < LEAST_FILLED && !self.has_paragraph;
        let is_shell = self.mounts > self.filled && self.filled == 0
            || (self.is_demanded || self.is_marked) && is_bare && self.mounts == 0 && self.seen < LONGEST_MENU
            // Menus alone, and a place for what they lead to.
            || self.within < LEAST_FILLED && is_bare && self.mounts == 0 && self.places > 0
            || self.seen + self.consent == 0 && !self.has_media;
        let says_nothing = self.words < LEAST_FILLED && !self.has_paragraph;
        (self.scripts > 0 && !self.is_page() && is_shell).then_some(Shell { seen: self.seen, says_nothing, shipped: None })
    }
}

/// Bytes of text without blanks, comments and declarations, counted up to about `enough`.
fn seen(source: &str, enough: usize) -> usize {
    let (mut rest, mut length) = (source, 0);
    while length < enough && !rest.is_empty() {
        // A search for two bytes has to be set up, and most texts have not the first of them.
        let (text, after) = rest.contains('<').then(|| rest.split_once("<!")).flatten().unwrap_or((rest, ""));
        let text = &text[..text.floor_char_boundary(enough.saturating_mul(8))];
        length += text.bytes().filter(|byte| !byte.is_ascii_whitespace()).count();
        if text.contains('&') {
            // References to blanks are short, and a page of them is none.
            length -= BLANK.len() * text.matches(BLANK).count();
        }
        let end = if after.starts_with("--") { "-->" } else { ">" };
        rest = after.split_once(end).map_or("", |(_, after)| after);
    }
    length
}

/// What stands beside the content, or leads elsewhere.
#[derive(Default)]
struct Aside {
    /// Open elements whose text says nothing of the page.
    open: u32,
    /// They do not hold each other, and old pages have anchors that do not end.
    in_link: bool,
}

impl Aside {
    fn tag(&mut self, tag: &Tag) {
        match tag.name() {
            "a" => self.in_link = !tag.closes && tag.attribute("href").is_some(),
            name if is_beside(name) => self.element(tag),
            _ => {}
        }
    }

    fn element(&mut self, tag: &Tag) {
        if !tag.ends_itself() {
            self.open = if tag.closes { self.open.saturating_sub(1) } else { self.open + 1 };
        }
    }

    fn is_over(&self) -> bool {
        self.open == 0 && !self.in_link
    }
}

/// Names of elements that stand beside the content.
pub(super) fn is_beside(name: &str) -> bool {
    matches!(name, "nav" | "header" | "footer" | "button" | "noscript" | "svg" | "select")
}

/// What an application says while there is nothing yet: hardly more than the word. A sentence that begins with it is one.
fn is_waiting(text: &str) -> bool {
    let text = text.trim_ascii();
    let is_short = || text.split_ascii_whitespace().take(MOST_WAITING + 1).count() <= MOST_WAITING;
    let ends_open = || ["…", "...", "&hellip;"].iter().any(|end| text.ends_with(end));
    WAITING.iter().any(|word| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))) && (is_short() || ends_open())
        || text.chars().all(|c| !c.is_alphanumeric())
}

/// An element that an application is put into.
fn is_mount(tag: &Tag) -> bool {
    MOUNT_ELEMENTS.contains(&tag.name())
        // Others of Astro have their text.
        || tag.name() == "astro-island" && tag.attribute("client").as_deref() == Some("only")
        || matches!(tag.name(), "div" | "main" | "section" | "body")
            && (tag.attribute("id").is_some_and(|id| MOUNTS.iter().any(|mount| id.eq_ignore_ascii_case(mount)))
                || tag.attribute("data-reactroot").is_some())
}

/// An element that may be the place of a page's content: of those that hold it, one that scripts call by a name; or one of the site's own.
fn is_place(tag: &Tag) -> bool {
    tag.name() == "main"
        || tag.name().contains('-')
        || matches!(tag.name(), "div" | "section" | "article") && tag.attribute("id").is_some_and(|id| !id.is_empty())
}

/// Whether words say that scripts have to run for there to be anything.
pub(super) fn demands(text: &str) -> bool {
    // Most texts have no such letter at all.
    if memchr::memchr2(b'j', b'J', text.as_bytes()).is_none() {
        return false;
    }
    // It is a sentence or two.
    let text = text[..text.floor_char_boundary(1_000)].to_ascii_lowercase();
    text.contains("javascript") && DEMANDS.iter().any(|word| text.contains(word))
}

/// Whether words ask for consent to cookies, or tell that there are any, as banners do.
fn asks_for_consent(text: &str) -> bool {
    if text.len() > LONGEST_CONSENT || !text.contains("ookie") {
        return false;
    }
    let text = text.to_ascii_lowercase();
    text.contains("cookie") && CONSENTS.iter().any(|word| text.contains(word))
}

/// What is enough for a page, in bytes without blanks.
const ENOUGH: usize = 200;
/// A paragraph of so many says something.
const LEAST_SENTENCE: usize = 20;
/// What has so much is no empty place any more.
const LEAST_FILLED: usize = 24;
/// A list of links is longer than a menu, and is a page: also one that would be searched by a script.
const LONGEST_MENU: usize = 2_000;
/// "Loading…" and demands for JavaScript are no longer than that.
const LONGEST_PHRASE: usize = 160;
/// Nor are the words of a banner for cookies longer.
const LONGEST_CONSENT: usize = 600;
/// In words.
const MOST_WAITING: usize = 4;
/// Bytes of a script in which it tells what it starts.
const START: usize = 64 * 1024;

const BLANK: &str = "&nbsp;";

const MOUNTS: [&str; 27] = [
    "root",
    "app",
    "__next",
    "__nuxt",
    "__layout",
    "___gatsby",
    "gatsby-focus-wrapper",
    "__docusaurus",
    "main-app",
    "app-root",
    "react-root",
    "react-app",
    "reactroot",
    "vue-app",
    "svelte",
    "svelte-app",
    "q-app",
    "ember-app",
    "application",
    "application-root",
    "docute",
    "swagger-ui",
    "redoc",
    "redoc-container",
    "api-reference-app",
    "storybook-root",
    "mount",
];

const MOUNT_ELEMENTS: [&str; 7] = ["app-root", "redoc", "rapi-doc", "elements-api", "my-app", "app-shell", "rapidoc"];

const MARKED_IDS: [&str; 4] = ["__NEXT_DATA__", "__NUXT_DATA__", "api-reference", "vike_pageContext"];

const MARKS: [&str; 14] = [
    "__NEXT_DATA__",
    "__NUXT__",
    "__remixContext",
    "__reactRouterContext",
    "__next_f",
    "___loader",
    "__sveltekit",
    "$docsify",
    "new Docute(",
    "SwaggerUIBundle(",
    "Redoc.init(",
    "createApiReference(",
    "__VP_HASH_MAP__",
    "__INITIAL_STATE__",
];

const WAITING: [&str; 8] =
    ["loading", "please wait", "just a moment", "one moment", "initializing", "initialising", "starting", "preparing"];

const DEMANDS: [&str; 13] = [
    "enable",
    "need",
    "require",
    "without",
    "run this app",
    "disabled",
    "turn on",
    "activate",
    "doesn't work",
    "support",
    "aktivier",
    "habilit",
    "activer",
];

const CONSENTS: [&str; 13] = [
    "use cookies",
    "uses cookies",
    "uses essential cookies",
    "accept",
    "consent",
    "agree",
    "your experience",
    "our partners",
    "verwendet",
    "verwenden",
    "utilis",
    "utiliz",
    "privacy",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Budget;

    fn judged(html: &str) -> Option<usize> {
        of_html(html, Syntax::Html, &Budget::default().begin()).map(|shell| shell.seen)
    }

    #[test]
    fn shells_of_applications_are_told() {
        for html in [
            "<html><head><title>App</title><script type=module src=/a.js></script></head><body><div id=root></div></body></html>",
            "<body><noscript>You need to enable JavaScript to run this app.</noscript><div id='root'></div><script src=/main.js></script>",
            "<body><header><h1>Kettles</h1><a href=/>Home</a></header><div id=app>Loading...</div><script src=x></script>",
            "<body><div id=__next><div></div></div><script id=__NEXT_DATA__ type=application/json>{}</script>",
            "<body><div id=___gatsby><div style='outline:none' id=gatsby-focus-wrapper></div></div><script src=app.js></script>",
            "<body><h1>Kettles</h1><div id=app><p>Please wait</p></div><script>window.$docsify = {}</script>",
            "<body><app-root></app-root><script src=main.js></script>",
            "<body><!-- a comment that is long enough for a page, if it were its text, which it is not, as nobody sees it: \
             a comment that is long enough for a page, if it were its text, which it is not, as nobody sees it --><script src=a.js></script>",
            "<body><div id=app><img src=wheel.gif alt='Loading…'></div><script src=a.js></script>",
            "<body><div id=app>Loading your workspace for the first time…</div><script src=a.js></script>",
            "<body><redoc spec-url=/openapi.json></redoc><script src=redoc.js></script>",
            "<body><p>This site requires JavaScript.</p><script src=a.js></script>",
            "<div id=root></div><div class=banner><p>We use cookies to give you the best of kettles, see our <a href=/c>policy</a> on these \
             and other matters of the law, which is long.</p><button>Accept all</button></div><script src=a.js></script>",
            "<div id=app></div><p>This website uses cookies and similar means so that it works as it should, to count who comes, and to show what \
             fits you. By going on you agree to that, and you may take it back whenever you like, at the foot of each page of this site.</p>\
             <script src=a.js></script>",
            "<script>location</script><script src=a.js></script>",
            "<div id=__next><nav><a href=/a>Pots and pans for the stove</a></nav><main><p>Loading…</p></main></div><script src=a.js></script>",
            "<nav><a href=/a>Pots</a> <a href=/b>Pans</a></nav><div id=content></div><script src=a.js></script>",
            "<nav><a href=/a>Pots</a></nav><div id=all><div id=menu><nav>Pans</nav></div><main>Loading…</main></div><script src=a.js></script>",
            "<header>Kettles of this house</header><md-file src=/kettle.md></md-file><script src=a.js></script>",
            "<!doctype html><title>K</title><xmp theme=united style='display:none'># Kettles\n\nA kettle boils water.\n</xmp><script src=a.js></script>",
        ] {
            assert!(judged(html).is_some(), "{html}");
        }
    }

    #[test]
    fn an_empty_place_is_told_whatever_stands_beside_it() {
        let beside = "<header><p>Kettles, pots and pans of all kinds, for those who cook at home.</p></header>".repeat(5);
        let hollow = |html: String| is_hollow(&html, Syntax::Html, &Budget::default().begin());
        assert!(hollow(format!("{beside}<div id=app></div><script src=a.js></script>")));
        assert!(hollow(format!("<div id=app>Loading…</div>{beside}<script src=a.js></script>")));
        for html in ["<div id=app><p>A kettle.</p></div><script src=a.js></script>", "<script src=a.js></script>", "<div id=app></div>"] {
            assert!(!hollow(format!("{beside}{html}")), "{html}");
        }
    }

    #[test]
    fn what_a_banner_says_is_not_seen() {
        let banner = "<div id=app></div><p>We use cookies, and you accept that.</p><script src=a.js></script>";
        assert_eq!((judged(banner), judged(&format!("<b>Tea</b>{banner}"))), (Some(0), Some(3)));
    }

    #[test]
    fn what_has_titles_and_menus_alone_says_nothing() {
        let says_nothing = |html: &str| of_html(html, Syntax::Html, &Budget::default().begin()).unwrap().says_nothing;
        let shell = "<div id=app></div><script src=a.js></script>";
        for beside in [
            "",
            "<h1>Kettles and all that belongs to them</h1>",
            "<h1>Tea</h1><nav>All the kettles of this house</nav><a href=/>To the pots and pans</a>",
        ] {
            assert!(says_nothing(&format!("{beside}{shell}")), "{beside}");
        }
        assert!(!says_nothing(&format!("<div>All the kettles of this house, and the pots</div>{shell}")));
        assert!(!says_nothing(&format!("<p>Tea, hot</p>{shell}")));
    }

    #[test]
    fn small_pages_with_a_script_are_no_shells() {
        for html in [
            "<h1>Kettles</h1><p>A kettle boils water in two minutes.</p><script async src=https://stats.test/a.js></script>",
            "<div id=root><h1>Kettles and pots</h1><p>Short, but it is there.</p></div><script src=main.js></script>",
            "<h1>Kettles</h1><p>See the manual for the rest of it.</p><div id=app></div><script src=widget.js></script>",
            "<p>Kettles boil.</p><noscript>Enable JavaScript to see the comments.</noscript><div id=comments></div><script src=c.js></script>",
            "<ul><li><a href=a>Pots</a><li><a href=b>Pans</a></ul><script src=stats.js></script>",
            "<img src=kettle.png><script src=stats.js></script>",
            // Menus without a place for anything, a place beside links that are the page, and places of which one has something.
            "<nav><a href=/a>Pots</a> <a href=/b>Pans</a></nav><div></div><script src=a.js></script>",
            "<a href=/a>Kettles of copper</a> <a href=/b>Pots of steel</a><div id=content></div><script src=a.js></script>",
            "<nav><a href=/a>Pots</a></nav><div id=content><b>Kettles of copper and of steel, each</b></div><div id=end></div><script src=a.js></script>",
            "<nav><a href=/a>Pots</a> <a href=/b>Pans</a></nav><div id=content></div>",
            "<div id=root></div>",
            "<p>Loading a kettle takes a minute, and boiling takes two.</p><script src=stats.js></script>",
            "<h1>Loading</h1><p>Starting the pump fills the kettle.</p><script>window.__INITIAL_STATE__={}</script>",
            "<div id=app><img src=a.png alt='A kettle of copper'><img src=b.png alt='A kettle of steel'></div><script src=a.js></script>",
            "<div id=app><form><input name=user><input type=password><button>Log in</button></form></div><script src=a.js></script>",
            "<div id=root>水壶两分钟就能烧开水。</div><script src=a.js></script>",
            "<div id=root><a href=a>Kettles of copper</a> <a href=b>Pots of steel</a></div><script src=a.js></script>",
            "<div id=app><pre>curl x</pre></div><script src=a.js></script>",
            "<xmp>let kettle = 1;</xmp><script src=stats.js></script>",
            "<div id=root><h1>Cookies</h1><p>We use cookies to keep you logged in.</p></div><script src=a.js></script>",
            "<div id=app></div><p>We use cookies to count.</p><p>A kettle boils water in two minutes.</p><script src=a.js></script>",
            "<h1>Cookies</h1><p>By going on you accept our cookies.</p><script src=a.js></script>",
            "",
            "<div id=__next><main><h1>Kettles and pots on stoves</h1></main></div><script id=__NEXT_DATA__ type=application/json>{}</script>",
        ] {
            assert_eq!(judged(html), None, "{html}");
        }
        let long = format!("<div id=app></div><script src=a.js></script><div>{}</div>", "Words of a page. ".repeat(20));
        assert_eq!(judged(&long), None);
        let index = "<li><a href=/kettle>kettle</a>".repeat(400);
        assert_eq!(judged(&format!("<noscript>The search needs JavaScript.</noscript>{index}<script src=search.js></script>")), None);
    }
}
