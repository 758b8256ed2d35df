//! Why something is left out of a page: one function over what is known of an element. A name alone removes nothing; what an element
//! holds decides, and how much of the page that is.

use crate::extract::facts::Fact;
use crate::extract::genre::Genre;
use crate::extract::hints::Hint;

/// The rules by which parts of a page are left out. Their names are shown to users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// What no reader reads: scripts, drawings, controls, `<nav>`.
    Unread,
    /// A window over the page that something opens.
    Dialog,
    /// Not shown, and of the page's frame: dialogs, menus.
    Hidden,
    /// Not shown, and its text stands elsewhere in the page.
    HiddenCopy,
    /// Shown twice.
    Copy,
    /// Permalink marks, line numbers, edit links, texts for screen readers only.
    Mark,
    /// What sites say below any page: "Was this page helpful?"
    Phrase,
    /// `<header>`, `<footer>`, `<aside>` and their roles.
    Frame,
    /// Called navigation, and made of links or controls.
    Navigation,
    /// Called advertising, sharing, related or the like.
    Offer,
    /// What readers wrote below a page that is no thread.
    Replies,
    /// Author, date, caption and tags of a story.
    Byline,
    /// Who wrote a post.
    Member,
    /// A block that is nearly all links, beside running text.
    LinkList,
    /// Beside the element that holds the content.
    Outside,
}

impl Rule {
    /// As in [`crate::model::Note::rule`].
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Unread => "control",
            Self::Dialog => "dialog",
            Self::Hidden => "hidden",
            Self::HiddenCopy => "hidden copy",
            Self::Copy => "copy",
            Self::Mark => "mark",
            Self::Phrase => "phrase of the site",
            Self::Frame => "header, footer or aside",
            Self::Navigation => "navigation",
            Self::Offer => "offer",
            Self::Replies => "replies",
            Self::Byline => "byline",
            Self::Member => "member",
            Self::LinkList => "list of links",
            Self::Outside => "outside the content",
        }
    }

    /// Whether what it takes counts against the share of a page that names may take: replies may be longer than their page.
    pub(super) fn is_bounded(self) -> bool {
        !matches!(self, Self::Unread | Self::Dialog | Self::Replies | Self::Hidden | Self::HiddenCopy)
    }
}

/// How far names are believed. Where they would take too much of a page, the page is read again with less trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(super) enum Trust {
    Nothing,
    /// Names may remove what is made of links and controls.
    Shapes,
    Names,
}

/// Of a page's running text, names may take so much at the most, by how far they are believed.
pub(super) fn most_taken(trust: Trust, genre: Genre) -> f32 {
    match (trust, genre) {
        (Trust::Names, Genre::Story) => 0.7,
        (Trust::Names, Genre::Product | Genre::Listing) => 0.5,
        (Trust::Names, _) => 0.35,
        (Trust::Shapes, _) => 0.5,
        (Trust::Nothing, _) => 1.0,
    }
}

/// An element before its judge.
pub(super) struct Case<'a> {
    pub(super) element: Element,
    pub(super) hint: Option<Hint>,
    /// What is below it.
    pub(super) fact: &'a Fact,
    /// What is below the page's body.
    pub(super) page: &'a Fact,
    pub(super) genre: Genre,
    /// Whether it is within what the page calls its main content.
    pub(super) within: bool,
    /// Whether the page calls anything so.
    pub(super) cored: bool,
    pub(super) trust: Trust,
    /// Whether it holds what entries of readers hold: names of users, dates, votes.
    pub(super) entries: bool,
    /// Whether words stand right in it.
    pub(super) is_said: bool,
}

/// In bytes.
const ONE_SENTENCE: f32 = 100.0;
const A_FEW_LINES: f32 = 80.0;
const MOST_BETWEEN_ARROWS: u32 = 200;

/// What the element's own name, role or style says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    /// A container that says nothing.
    Plain,
    /// Holds the text itself: a heading, a paragraph, a table's cell.
    Text,
    Header,
    Footer,
    Aside,
    /// Beside the text, and part of it.
    Note,
    /// Heading, picture, date of a story's head.
    Head,
    /// Not shown until something beside it is clicked.
    Disclosed,
    /// Not shown, and nothing says when it would be.
    Hidden,
    /// Not shown, and of the page's frame by its role or name.
    HiddenFrame,
}

/// `None`: it stays.
pub(super) fn judge(case: &Case) -> Option<Rule> {
    let Case { fact, page, genre, trust, .. } = *case;
    let story = genre == Genre::Story;
    // Of a page with little running text, one sentence is a large share.
    let share = |most: f32| fact.text as f32 <= page.text as f32 * most && (fact.prose <= page.prose * most || fact.prose < ONE_SENTENCE);
    // Pictures that lead through a manual, and the names of the page and its chapter between them: no room for code or a table of data.
    let arrows = case.hint == Some(Hint::Navigation)
        && fact.is_pictured()
        && fact.pictured > 1
        && fact.images == fact.pictured
        && fact.prose < ONE_SENTENCE
        && fact.text < MOST_BETWEEN_ARROWS;
    // Made of links and controls, or of labels only: no paragraph, item or cell has words of its own.
    let chrome = fact.link_share() > 0.5 && fact.prose * 5.0 < fact.text as f32
        || fact.controls > 0 && fact.prose < if case.within { 200.0 } else { 600.0 }
        || fact.anchors > 0 && fact.prose == 0.0 && fact.sentences == 0 && fact.own_headings() == 0
        || arrows
        || fact.paragraphs == 0 && fact.prose == 0.0 && (!case.is_said || fact.anchors > 0 || fact.controls > 0 || fact.text < A_FEW_WORDS);
    // Code and tables of data are content, whatever stands around them is called.
    let lists = fact.listed > 0 && (case.within || fact.is_listing());
    // A section of a page has a heading and text of its own.
    let section = fact.own_headings() > fact.linked_headings && fact.prose > 0.0 && !chrome;
    match case.element {
        Element::HiddenFrame => return Some(Rule::Hidden),
        // Some pages are hidden until their script has run, and then nothing else is there to read.
        Element::Hidden if !share(0.75) && is_whole_page(fact, page) => return None,
        Element::Disclosed if !share(0.75) => return None,
        // The same page once more, for another size of screen or another program.
        Element::Hidden | Element::Disclosed if fact.titles > 0 && page.titles > fact.titles => return Some(Rule::HiddenCopy),
        Element::Hidden => return Some(Rule::Hidden),
        Element::Disclosed
            if fact.link_share() > 0.5
                || fact.controls > 0 && fact.prose == 0.0 && fact.paragraphs == 0
                || !case.within && trust == Trust::Names && story =>
        {
            return Some(Rule::Hidden);
        }
        // Its text is counted, sentences or not: of a page of code, a licence has most of the sentences.
        Element::Footer
            if trust != Trust::Nothing
                && (fact.text as f32 <= page.text as f32 * 0.4 || case.cored && !case.within)
                && !(case.within && section) =>
        {
            return Some(Rule::Frame);
        }
        Element::Header
            if trust != Trust::Nothing
                && share(0.4)
                && fact.main_headings == 0
                && !(case.within && (fact.own_headings() > 0 || fact.is_listing()))
                && !(case.within && !story && fact.paragraphs > 0 && fact.anchors == 0 && fact.controls == 0) =>
        {
            return Some(Rule::Frame);
        }
        // Beside the text or in it: a remark has no links to lead elsewhere.
        Element::Aside
            if trust != Trust::Nothing
                && share(0.4)
                && !(case.within && fact.is_listing())
                && (story
                    || !case.within
                    // Called a sidebar, it may say something of the text.
                    || case.hint.is_some_and(|hint| hint != Hint::Navigation || chrome) && !section
                    || chrome && (fact.anchors > 0 || fact.controls > 0)) =>
        {
            return Some(Rule::Frame);
        }
        Element::Head if story && trust == Trust::Names && share(0.6) && !fact.is_listing() => return Some(Rule::Byline),
        Element::Text | Element::Note => return None,
        _ => {}
    }
    let hint = case.hint?;
    if fact.titles > 0 || lists && !arrows && matches!(hint, Hint::Navigation | Hint::Offer | Hint::Byline | Hint::Teaser) {
        return None;
    }
    // A teaser of another story leads there.
    if hint == Hint::Teaser && fact.prose >= A_FEW_LINES && fact.anchors == 0 && fact.controls == 0 {
        return None;
    }
    let rule = match hint {
        Hint::Navigation => Rule::Navigation,
        Hint::Offer => Rule::Offer,
        Hint::Replies => Rule::Replies,
        Hint::Byline | Hint::Teaser => Rule::Byline,
        Hint::Member => Rule::Member,
    };
    let taken = match (hint, trust) {
        (_, Trust::Nothing) => false,
        // Where readers wrote, each entry has text: the section of a page about comments has none of their forms and links.
        (Hint::Replies, _) => fact.prose <= page.prose * 0.97 && (story || fact.controls > 0 || case.entries || fact.paragraphs == 0),
        (Hint::Member, _) => share(0.3) && fact.sentences == 0,
        (_, Trust::Shapes) => chrome && share(0.4),
        (_, Trust::Names) if story => share(0.6) && (!section || share(0.2)),
        (_, Trust::Names) if case.within => chrome && share(0.4),
        (_, Trust::Names) => share(0.4) && (chrome || !section && (case.cored || share(0.1))),
    };
    taken.then_some(rule)
}

/// Whether what is hidden is what there is: it is made like a page or as long as one, or nothing is beside it.
fn is_whole_page(fact: &Fact, page: &Fact) -> bool {
    let beside = page.text - fact.text;
    fact.text >= A_PAGE || beside < A_FEW_WORDS || page.prose - fact.prose < ONE_SENTENCE && (fact.headings > 0 || fact.paragraphs >= 3)
}

/// In bytes.
const A_FEW_WORDS: u32 = 20;
const A_PAGE: u32 = 1_500;
