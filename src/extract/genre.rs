//! What kind of page this is, judged by what it declares and by its structure: and so what belongs to its content.

use crate::extract::dom::{Dom, NodeId, Step};
use crate::extract::facts::Facts;

/// What kind of page this is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Genre {
    /// Documentation and everything else: its lists of links, headings and captions are content.
    Reference,
    /// A news item or post, which says so itself: its content is running text, among much else; what readers wrote below is not.
    Story,
    /// A question with its answers, or what people wrote to one another: replies are content.
    Thread,
    /// An item that is for sale: its name, its description and its properties.
    Product,
    /// A list of what is elsewhere: cards, entries, hits.
    Listing,
}

impl Genre {
    pub(super) fn of(dom: &Dom, facts: &Facts) -> Self {
        let mut says = Says::default();
        for node in dom.descendants(dom.root()) {
            if let Some(name) = dom.name(node) {
                says.read(dom, node, name);
            }
        }
        // A forum's software may call each of its threads an article, and code stands in threads, too.
        if says.thread || is_thread(dom, facts) {
            return Self::Thread;
        }
        // Code is what stories and shops seldom have.
        let cards = cards(dom, facts);
        // A story's page has lists of others; of a list of stories little else is running text.
        let other = |cards: &Cards| facts.at(dom.root()).prose - facts.at(cards.parent).prose;
        let cards = cards.filter(|cards| cards.share > 0.4 && (!says.story && !says.product || other(cards) < LEAST_STORY));
        let listing = says.listing || cards.is_some();
        // Software for stories calls lists of topics and pages of data so, too: a story is told.
        let page = facts.at(dom.root());
        let story = says.story && !says.other && (page.prose >= LEAST_STORY || page.prose * 4.0 >= page.text as f32);
        match () {
            () if says.code || says.documentation => Self::Reference,
            () if says.product && !listing => Self::Product,
            () if story && !listing => Self::Story,
            () if listing => Self::Listing,
            () => Self::Reference,
        }
    }
}

/// What a page says of itself to search engines and those who share it.
#[derive(Debug, Default)]
struct Says {
    code: bool,
    /// A theme of documentation, which may call each page an article.
    documentation: bool,
    story: bool,
    /// Something that has parts of its own, whatever else it is called: a recipe has ingredients and steps.
    other: bool,
    thread: bool,
    product: bool,
    listing: bool,
}

impl Says {
    fn read(&mut self, dom: &Dom, node: NodeId, name: &str) {
        match name {
            "pre" => self.code = true,
            "meta" => {
                let name = ["property", "name", "itemprop"].into_iter().find_map(|name| dom.attribute(node, name)).unwrap_or_default();
                let content = dom.attribute(node, "content").unwrap_or_default();
                self.story |= name == "og:type" && content.eq_ignore_ascii_case("article")
                    || name == "article:published_time"
                    || name == "datePublished";
                self.product |= name == "og:type"
                    && (content.eq_ignore_ascii_case("product") || content.eq_ignore_ascii_case("og:product"))
                    || name == "product:price:amount";
            }
            "script" if dom.attribute(node, "type") == Some("application/ld+json") => {
                // It has one text, if it is no drawing's.
                let data = dom.first_child(node).and_then(|child| dom.text(child)).unwrap_or_default();
                let holds = |kinds: &[&str]| kinds.iter().any(|kind| data.contains(kind));
                self.story |= holds(&["NewsArticle\"", "BlogPosting\"", "\"Article\""]);
                self.other |= holds(&["\"Recipe\"", "\"HowTo\"", "\"JobPosting\"", "\"TechArticle\"", "\"APIReference\""]);
                self.thread |= holds(&["\"DiscussionForumPosting\"", "\"QAPage\""]);
                self.product |= holds(&["\"Product\"", "\"ProductGroup\""]) && !holds(&["\"ItemList\"", "\"CollectionPage\""]);
                self.listing |= holds(&["\"CollectionPage\"", "\"SearchResultsPage\""]);
            }
            _ => {
                for class in dom.attribute(node, "class").unwrap_or_default().split_ascii_whitespace() {
                    self.documentation |= is_documentation(class);
                    self.other |= matches!(class, "hrecipe" | "h-recipe");
                }
                if let Some(names) = dom.attribute(node, "itemprop") {
                    self.story |= names == "articleBody" || names == "datePublished";
                }
                if let Some(kind) = dom.attribute(node, "itemtype") {
                    let is = |names: &[&str]| names.iter().any(|name| kind.rsplit('/').next() == Some(name));
                    self.thread |= is(&["DiscussionForumPosting", "QAPage"]);
                    self.other |= is(&["Recipe", "HowTo", "JobPosting", "TechArticle", "APIReference"]);
                }
            }
        }
    }
}

/// What themes of documentation, and nobody else, call their content.
fn is_documentation(class: &str) -> bool {
    matches!(class, "rst-content" | "sphinxsidebar" | "bd-article" | "md-content__inner" | "sl-markdown-content")
}

/// Whether most of the running text stands in several elements that are called posts, and are no teasers: those have linked headings.
fn is_thread(dom: &Dom, facts: &Facts) -> bool {
    let (mut posts, mut prose) = (0, 0.0);
    let mut walk = dom.walk(dom.root());
    while let Some(step) = walk.next() {
        let Step::Enter(node) = step else { continue };
        let Some(class) = dom.attribute(node, "class").filter(|_| !dom.is(node, "body")) else { continue };
        let called = |names: &[&str]| class.split_ascii_whitespace().any(|class| names.contains(&class));
        let fact = facts.at(node);
        let forum = called(&[
            "postbody",
            "topic-post",
            "forum-post",
            "cPost",
            "postcontainer",
            "blockpost",
            "post_message",
            "crawler-post",
            "timeline-comment",
            "review-comment",
        ]);
        let post = forum || called(&["post", "message", "answer"]) && fact.linked_headings == 0;
        if post && fact.prose > 0.0 && fact.titles == 0 {
            posts += 1;
            prose += fact.prose;
            walk.pass_over();
        }
    }
    posts >= 2 && prose > facts.at(dom.root()).prose * 0.6
}

/// Entries of a list of what is elsewhere: siblings of one class, each with a link and a picture or a heading.
pub(super) struct Cards {
    /// What holds them.
    pub(super) parent: NodeId,
    /// How much of the page's text they have.
    pub(super) share: f32,
}

/// The entries with most text, if there are at least six.
pub(super) fn cards(dom: &Dom, facts: &Facts) -> Option<Cards> {
    let mut most: Option<(u32, NodeId)> = None;
    for parent in dom.descendants(dom.root()) {
        // Of siblings in other classes, no more than between two cards are looked past.
        let (mut count, mut text, mut class) = (0, 0, None);
        for child in dom.children(parent).filter(|child| dom.name(*child).is_some()) {
            let fact = facts.at(child);
            let card = fact.anchors > 0 && (fact.images > 0 || fact.headings > 0) && fact.text < LONGEST_CARD && fact.titles == 0;
            let own = (dom.name(child), dom.attribute(child, "class").unwrap_or_default().split_ascii_whitespace().next());
            if card && *class.get_or_insert(own) == own {
                count += 1;
                text += fact.text;
            }
        }
        if count >= LEAST_CARDS && most.is_none_or(|(known, _)| text > known) {
            most = Some((text, parent));
        }
    }
    let (text, parent) = most?;
    Some(Cards { parent, share: text as f32 / facts.at(dom.root()).text.max(1) as f32 })
}

/// In bytes: less running text is an introduction.
const LEAST_STORY: f32 = 250.0;
const LEAST_CARDS: usize = 6;
/// In bytes; longer ones are sections of the page.
const LONGEST_CARD: u32 = 1_500;
