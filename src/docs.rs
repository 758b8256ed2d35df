//! What there is to know about smolcrawl, by topic.
//!
//! The same pages are files in `src/docs`, and are read in the terminal with `smolcrawl help TOPIC`.

/// One page of documentation.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Topic {
    /// What `smolcrawl help` knows it by.
    pub name: &'static str,
    /// What it is about, on one line.
    pub summary: &'static str,
    /// All of it, as markdown.
    pub text: &'static str,
}

/// Each topic as a module with its text, and all of them as a table.
macro_rules! topics {
    ($($(#[$attribute:meta])* $name:ident: $summary:literal,)*) => {
        $(
            // The first definition of a link counts: here a topic is a module, in the file itself it is the file beside it.
            #[doc = links!()]
            #[doc = include_str!(concat!("docs/", stringify!($name), ".md"))]
            $(#[$attribute])*
            pub mod $name {}
        )*

        /// Every topic, in the order of reading.
        ///
        /// ```
        /// let ranking = smolcrawl::docs::TOPICS.iter().find(|topic| topic.name == "ranking").unwrap();
        /// assert!(ranking.text.starts_with("# How an answer is ranked"));
        /// ```
        pub const TOPICS: &[Topic] = &[$(
            Topic {
                name: stringify!($name),
                summary: $summary,
                text: include_str!(concat!("docs/", stringify!($name), ".md")),
            },
        )*];
    };
}

macro_rules! links {
    () => {
        "[benchmarks]: crate::docs::benchmarks
[checking]: crate::docs::checking
[clients]: crate::docs::clients
[crawling]: crate::docs::crawling
[design]: crate::docs::design
[errors]: crate::docs::errors
[extraction]: crate::docs::extraction
[faq]: crate::docs::faq
[folders]: crate::docs::folders
[fresh]: crate::docs::fresh
[guide]: crate::docs::guide
[library]: crate::docs::library
[models]: crate::docs::models
[private]: crate::docs::private
[projects]: crate::docs::projects
[ranking]: crate::docs::ranking
[reactors]: crate::docs::reactors
[scale]: crate::docs::scale
[scripts]: crate::docs::scripts
[searching]: crate::docs::searching
[security]: crate::docs::security
[settings]: crate::docs::settings
[sharing]: crate::docs::sharing
[stores]: crate::docs::stores
[together]: crate::docs::together
[tools]: crate::docs::tools
[versions]: crate::docs::versions
[windows]: crate::docs::windows
"
    };
}

topics! {
    guide: "where to begin, and which topic answers what",
    crawling: "what a crawl takes in, what it leaves out, when it ends",
    extraction: "what is kept of a page, what is left out, and by which rule",
    scripts: "pages whose text scripts write: what their sites ship, and a browser",
    folders: "what lies on the disk and in repositories, as sources",
    versions: "names and versions of sources, and what changed between them",
    searching: "asking, narrowing, asking many questions at once",
    ranking: "how an answer is ranked",
    fresh: "keeping what is stored up to date",
    private: "sites that ask who you are",
    projects: "what the packages of a project offer, at exactly its versions",
    checking: "whether the names that code uses exist",
    sharing: "giving an index to others, and texts to other programs",
    stores: "a file or PostgreSQL: which, how to set it up, what differs",
    scale: "what one server takes, on to a hundred million pages; hosted forms",
    together: "one crawl by many processes and machines",
    clients: "configuring MCP clients, and what to do when one does not work",
    tools: "the MCP tools with their parameters, resources and prompts",
    settings: "every setting: file, environment, default",
    models: "a sentence model of your own",
    errors: "what an error means, and the exit status",
    security: "what is defended, and what is not",
    faq: "questions that are asked often",
    windows: "Windows, and how far other platforms are tested",
    reactors: "what drives sockets and timers, why there is a choice, what to do when it fails",
    benchmarks: "what it costs, with the command behind each figure",
    // Its examples want all of the library.
    #[cfg(any(not(doctest), all(feature = "surf", feature = "schema")))]
    library: "using smolcrawl from Rust, without Tokio",
    design: "how it is built, for those who change it",
}
