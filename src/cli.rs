//! The only reader of argv: what was asked for, and the settings that flags, environment and file give. Runs nothing.

mod examples;
mod settings;
mod values;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

pub use self::values::{Client, Color, ExportFormat, Format, Include, Kind, Mode, Render, SERVER_NAME, Scope, Shell, Sitemap, TextFormat};
use self::values::{duration, language, server_name, size, symbol_kind};
use crate::failure::Failure;

/// Crawl documentation, index it, answer questions about it.
#[derive(Debug, Parser)]
#[command(name = "smolcrawl", bin_name = "smolcrawl", version, max_term_width = 110, disable_help_subcommand = true, after_help = HELP)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub everywhere: Everywhere,
}

/// Flags that every command takes.
#[derive(Debug, Args)]
pub struct Everywhere {
    /// Reactor that drives sockets and timers: auto, selector, edge (Linux), poll (Unix) or completion (Linux) [default: auto]
    #[arg(long, global = true, value_name = "KIND", help_heading = "Everywhere")]
    pub reactor: Option<String>,
    /// Allow loopback, private and link-local addresses
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub allow_private: bool,
    /// Database file [default: index.db in the platform's data folder]
    #[arg(long, global = true, value_name = "DB", help_heading = "Everywhere")]
    pub db: Option<PathBuf>,
    /// Program of the browser that fills in pages [default: the first Chromium, Chrome or Edge that is found]
    #[arg(long, global = true, value_name = "PROGRAM", help_heading = "Everywhere")]
    pub browser: Option<PathBuf>,
    /// Run the browser without its sandbox, as it has to be in a container
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub browser_no_sandbox: bool,
    /// Configuration file [default: config.toml in the platform's configuration folder]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Everywhere")]
    pub config: Option<PathBuf>,
    /// More on stderr: -v start, stop and pages, -vv the wire
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Everywhere")]
    pub verbose: u8,
    /// Colours and marks: on a terminal only (and not where NO_COLOR is set), always or never
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN", help_heading = "Everywhere")]
    pub color: Color,
    /// Only errors on stderr, no progress bar
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Everywhere")]
    pub quiet: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve a small site on loopback, crawl it, index it and ask it three questions
    Demo,
    /// Crawl sites, store their pages and index them
    Crawl(Crawl),
    /// Take part in crawls that many processes and machines do together, and in embedding, until nothing is left
    Work(Work),
    /// Add a folder, file, archive, repository of git, package or site as a source
    Add(Add),
    /// Print one page as markdown; nothing is stored
    Fetch(Fetch),
    /// Ask the stored pages
    Search(Search),
    /// Print a stored page, or a part of it, as markdown
    Show(Show),
    /// List the stored pages of a source
    Pages(Pages),
    /// List the stored sources
    Sources(Json),
    /// Remove a source, one version of it, or some of its pages
    Remove(Remove),
    /// Fetch a source's pages again where they have changed
    Refresh(Refresh),
    /// Tell what changed from one version of a source to another: pages, headings and passages
    Compare(Compare),
    /// Ask the site whether a stored page still says the same: unchanged, changed, moved or gone; nothing is stored
    Verify(Verify),
    /// Read the packages that a project uses, at exactly its versions, as they lie on this disk: what they offer, for find and check
    Project(Project),
    /// Find a function, type or module by its name in what a project uses
    Find(Find),
    /// Check whether the names that a piece of code uses exist in what a project uses; exit status 1 if one does not
    Check(Check),
    /// Store {"url","title","text"} lines as pages and index them
    Index(Index),
    /// Write sources to a file that another smolcrawl imports, or as texts
    Export(Export),
    /// Store the sources of a file that `smolcrawl export` has written
    Import(Import),
    /// Copy all of a database into another: from a file to a server, back, or to another file
    Copy(Copy),
    /// Turn {"id","url","html"} lines on stdin into {"id","title","markdown","outline","metadata"} lines
    Extract(Extract),
    /// Run the MCP server on stdin and stdout
    Serve(Serve),
    /// Tell what this installation is made of and where each setting comes from
    Doctor(Doctor),
    /// Put the MCP server into the configuration of a client; without one, list the clients and how they stand
    Setup(Setup),
    /// Print what makes a shell complete commands, flags and the names of stored sources
    Completions(Completions),
    /// Print a page of the manual, or write all of them
    Man(Man),
    /// List commands and topics, or explain one of them
    Help(Help),
}

#[derive(Debug, Args)]
pub struct Setup {
    /// The client; what is changed is shown and asked before
    #[arg(value_enum)]
    pub client: Option<Client>,
    /// The file of the project in this folder, in place of the user's own
    #[arg(long)]
    pub project: bool,
    /// Only print what would be written, and into which file
    #[arg(long, requires = "client", conflicts_with_all = ["remove", "yes", "json"])]
    pub print: bool,
    /// Write without being asked
    #[arg(long, requires = "client")]
    pub yes: bool,
    /// Take it out again
    #[arg(long, requires = "client")]
    pub remove: bool,
    /// What the server is called in the file [default: as it is called there, else smolcrawl]
    #[arg(long, value_name = "NAME", value_parser = server_name)]
    pub name: Option<String>,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Clone, Copy, Debug, Args)]
pub struct Completions {
    #[arg(value_enum)]
    pub shell: Shell,
}

#[derive(Debug, Args)]
pub struct Man {
    /// The command whose page is printed [default: the page of all]
    #[arg(value_name = "COMMAND", conflicts_with = "to")]
    pub command: Option<String>,
    /// Write every page into this folder, which is made if need be
    #[arg(long, value_name = "FOLDER")]
    pub to: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Crawl {
    /// Pages to start from, as docs.rs/smol or https://docs.rs/smol; also a sitemap.xml, llms.txt, .txt or .md file
    #[arg(required = true, value_name = "URL")]
    pub urls: Vec<String>,
    /// Links to follow from a start page; 0 is that page alone
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub depth: u32,
    /// Pages to store at the most
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    pub max_pages: u64,
    /// Requests at the most, for whatever and whatever comes of them [default: 20 for each of --max-pages, and 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_requests: Option<u64>,
    /// End after this time: 90, 90s, 15m or 2h
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub max_time: Option<Duration>,
    /// Bytes of answers at the most, as decoded: 5000000, 500K, 200M or 2G [default: 1M for each of --max-pages, and 256M]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_bytes: Option<u64>,
    /// Which links belong to the crawl: below the start page's folder, on its host, or on its registrable domain
    #[arg(long, value_enum, default_value_t = Scope::Prefix)]
    pub scope: Scope,
    /// Only pages whose address this takes: a glob of the path such as /api/*, *.html or guide, of the URL with ://, or re: and a regular
    /// expression; may be given several times
    #[arg(long, value_name = "PATTERN")]
    pub include: Vec<String>,
    /// No page whose address this takes, whatever includes it
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// Sitemaps that robots.txt names, or /sitemap.xml: as if the start page had links to what they list; or that only; or not
    #[arg(long, value_enum, default_value_t = Sitemap::Auto, value_name = "USE")]
    pub sitemap: Sitemap,
    /// Leave out translations to other languages than this [default: that in the start page's address]
    #[arg(long, value_name = "TAG")]
    pub language: Option<String>,
    /// Leave out nothing that is in scope: also other languages and versions, source code listings, lists by tag, print versions
    #[arg(long)]
    pub everything: bool,
    /// Pages that a browser fills in by their scripts: those that are next to empty without, if there is a browser; or all; or none
    #[arg(long, value_enum, value_name = "WHICH")]
    pub render: Option<Render>,
    /// A header for the start pages' own sites, such as 'Authorization: env:TOKEN'; may be given several times. More in credentials.toml
    #[arg(long, value_name = "NAME: VALUE")]
    pub header: Vec<String>,
    /// What the source is to be called [default: after the URL]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The version that the pages document [default: that in the URL]
    #[arg(long, value_name = "VERSION")]
    pub lib_version: Option<String>,
    /// Go on with the earlier crawl, even if it ended at a limit; one that was interrupted is gone on with anyway
    #[arg(long, conflicts_with = "fresh")]
    pub resume: bool,
    /// Begin anew, even if an earlier crawl was interrupted
    #[arg(long)]
    pub fresh: bool,
    /// Tell what would be fetched, and what not and why, by the start pages and sitemaps alone; nothing is stored
    #[arg(long)]
    pub dry_run: bool,
    /// Print which page links to which, as JSON lines; nothing is stored
    #[arg(long, conflicts_with_all = ["dry_run", "resume", "fresh", "name", "lib_version", "no_index"])]
    pub links_only: bool,
    /// Do it together with whoever joins it, on this machine and others, through the store: open it, or take part in the one that is open
    #[arg(long, conflicts_with_all = ["resume", "dry_run", "links_only"])]
    pub join: bool,
    /// How long one of those may be silent before its URLs are given to others [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = duration, requires = "join")]
    pub lease: Option<Duration>,
    /// Requests in flight at the most
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub concurrency: u16,
    /// Requests in flight to one host at the most, with --join over all who join [default: as --concurrency]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub per_host: Option<u16>,
    /// Do not ask for robots.txt
    #[arg(long)]
    pub ignore_robots: bool,
    /// Leave the embeddings to a later run: pages are found by their words only
    #[arg(long)]
    pub no_index: bool,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, Args)]
pub struct Work {
    /// Only crawls of this source [default: all that are open]
    #[arg(value_name = "SOURCE")]
    pub source: Option<String>,
    /// Stay when nothing is left, for what is opened later
    #[arg(long)]
    pub wait: bool,
    /// Requests in flight at the most
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub concurrency: u16,
    /// Leave the embeddings to others
    #[arg(long)]
    pub no_index: bool,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, Args)]
pub struct Add {
    /// A folder, file or archive here, an archive's URL, a repository as https://host/owner/name@TAG or git@host:owner/name, a package that is
    /// installed as crate:NAME@VERSION, pypi:NAME, npm:NAME or go:PATH; or the URL of a site, which is crawled
    #[arg(value_name = "WHAT")]
    pub what: String,
    /// What the source is to be called [default: after what is added]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The version that it documents [default: that of the package, or the tag]
    #[arg(long, visible_alias = "version", value_name = "VERSION")]
    pub lib_version: Option<String>,
    /// Only files whose path this takes: a glob such as docs/* or *.md, or re: and a regular expression; may be given several times
    #[arg(long, value_name = "PATTERN")]
    pub include: Vec<String>,
    /// No file or folder whose path this takes, whatever includes it
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// Also what is hidden, in .gitignore, generated or vendored
    #[arg(long)]
    pub everything: bool,
    /// Files to read at the most [default: 100000; of a site 1000 pages]
    #[arg(long, visible_alias = "max-pages", value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_files: Option<u64>,
    /// Bytes of all files at the most: 5000000, 500K, 200M or 2G [default: 2G]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_bytes: Option<u64>,
    /// Bytes of one file at the most [default: 8M]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_file_bytes: Option<u64>,
    /// Leave the embeddings to a later run: pages are found by their words only
    #[arg(long)]
    pub no_index: bool,
    #[command(flatten)]
    pub json: Json,
}

impl Add {
    /// The same of a site, with what is usual there.
    pub fn crawl(self) -> Crawl {
        Crawl {
            urls: vec![self.what],
            depth: 3,
            max_pages: self.max_files.unwrap_or(1000),
            max_requests: None,
            max_time: None,
            max_bytes: self.max_bytes,
            scope: Scope::Prefix,
            include: self.include,
            exclude: self.exclude,
            sitemap: Sitemap::Auto,
            language: None,
            everything: self.everything,
            render: None,
            header: Vec::new(),
            name: self.name,
            lib_version: self.lib_version,
            resume: false,
            fresh: false,
            dry_run: false,
            links_only: false,
            join: false,
            lease: None,
            per_host: None,
            concurrency: 10,
            ignore_robots: false,
            no_index: self.no_index,
            json: self.json,
        }
    }
}

#[derive(Debug, Args)]
pub struct Fetch {
    /// The page, as docs.rs/smol or https://docs.rs/smol
    pub url: String,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    pub format: Format,
    /// Print JSON on stdout: the same as --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Have a browser fill in the page by its scripts: if it is next to empty without, always or never
    #[arg(long, value_enum, value_name = "WHEN")]
    pub render: Option<Render>,
    /// A header for the page's own site, such as 'Authorization: env:TOKEN'; may be given several times
    #[arg(long, value_name = "NAME: VALUE")]
    pub header: Vec<String>,
    /// Do not ask for robots.txt
    #[arg(long)]
    pub ignore_robots: bool,
    /// Tell what of the page is left out, by which rule: on stderr, or as "notes" of the JSON
    #[arg(long)]
    pub explain: bool,
}

#[derive(Debug, Args)]
pub struct Search {
    /// The question, in quotes or not: all words that are no flags are one question; what begins with a dash comes behind --
    #[arg(required_unless_present = "batch", conflicts_with = "batch", value_name = "QUERY")]
    pub query: Vec<String>,
    /// Ask every {"id","query"} line of this file; answers are JSON lines
    #[arg(long, value_name = "FILE")]
    pub batch: Option<PathBuf>,
    /// Only pages of this source
    #[arg(long, value_name = "SOURCE")]
    pub source: Option<String>,
    /// Hits at the most
    #[arg(short = 'k', value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
    /// What ranks the hits: words and meaning, words only, meaning only [default: hybrid, or lexical without embeddings]
    #[arg(long, value_enum)]
    pub mode: Option<Mode>,
    /// Look for code examples
    #[arg(long)]
    pub code: bool,
    /// Hits to pass over
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=i64::from(DEEPEST)))]
    pub offset: u16,
    /// Hits of one page at the most; 0 is any number [default: 1, with what else of the page answers joined; 2 of code]
    #[arg(long, value_name = "N")]
    pub per_page: Option<u16>,
    /// One hit a page: the same as --per-page 1
    #[arg(long, conflicts_with = "per_page")]
    pub distinct_pages: bool,
    /// Only pages whose URL begins so
    #[arg(long, value_name = "URL")]
    pub url_prefix: Option<String>,
    /// Only code in this language, such as python; with --code
    #[arg(long, value_name = "NAME", requires = "code")]
    pub language: Option<String>,
    /// Only pages of this kind, as their address and title tell it; several by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND")]
    pub kind: Vec<Kind>,
    /// Only pages that say they were changed or published on this day or later, such as 2025-01-31
    #[arg(long, value_name = "DATE")]
    pub since: Option<String>,
    /// Packages in any version, not only in those that the project of this folder uses
    #[arg(long)]
    pub any_version: bool,
    /// Print passages whole instead of their first lines
    #[arg(long, visible_alias = "full")]
    pub whole: bool,
    /// Tell what each score is made of
    #[arg(long)]
    pub explain: bool,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, Args)]
pub struct Show {
    /// The page; with #ANCHOR from that heading on
    pub url: String,
    /// The source whose copy is meant [default: the one that was fetched last]
    #[arg(long, value_name = "SOURCE")]
    pub source: Option<String>,
    /// Print the headings with their anchors instead
    #[arg(long, conflicts_with_all = ["from", "offset", "limit"])]
    pub outline: bool,
    /// Begin at the heading with this anchor, as --outline tells it
    #[arg(long, value_name = "ANCHOR", conflicts_with = "offset")]
    pub from: Option<String>,
    /// Characters to pass over
    #[arg(long, value_name = "N")]
    pub offset: Option<usize>,
    /// Characters to print at the most, up to the end of a paragraph [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, Args)]
pub struct Pages {
    /// A source as `smolcrawl sources` lists it: name, name@version, or a host for all of its sources
    pub source: String,
    /// Only pages whose URL begins so
    #[arg(long, value_name = "URL-PREFIX")]
    pub below: Option<String>,
    /// Only pages with this in their URL or title, in small or capital letters
    #[arg(long, value_name = "WORD")]
    pub r#match: Option<String>,
    /// Pages at the most [default: all]
    #[arg(short = 'k', value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Pages to pass over
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub offset: usize,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, Args)]
pub struct Remove {
    /// A source as `smolcrawl sources` lists it: name, name@version, or a host for all of its sources
    #[arg(required_unless_present = "pages")]
    pub source: Option<String>,
    /// Only the pages whose URL begins so
    #[arg(long, value_name = "URL")]
    pub pages: Option<String>,
    /// Remove all of them where several sources are meant
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, Args)]
pub struct Refresh {
    /// A source as `smolcrawl sources` lists it, a host for all of its sources, or any URL of it
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub source: Option<String>,
    /// Every source, one after the other
    #[arg(long)]
    pub all: bool,
    /// Only pages that were fetched longer ago than this: 90m, 12h or 7d
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub older_than: Option<Duration>,
    /// Only the pages that are stored: new ones are not looked for
    #[arg(long)]
    pub known_only: bool,
    /// Pages that a browser fills in, in place of those that the crawl had filled in
    #[arg(long, value_enum, value_name = "WHICH")]
    pub render: Option<Render>,
    /// Leave the embeddings to a later run: what is new is found by its words only
    #[arg(long)]
    pub no_index: bool,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Clone, Debug, Args)]
pub struct Serve {
    /// A folder that clients may have read, beside the roots that they name; may be given several times
    #[arg(long, value_name = "FOLDER")]
    pub allow_path: Vec<PathBuf>,
    /// The project that is meant where a client names none, and may be read by it [default: the one below the client's roots]
    #[arg(long, value_name = "PATH")]
    pub project: Option<PathBuf>,
    /// Keep the sources fresh: refresh each, in the background, when it was last fetched or refreshed longer ago than this: 12h or 7d
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub refresh: Option<Duration>,
}

#[derive(Debug, Args)]
pub struct Compare {
    /// The older version, as name@version; @2 is the highest 2.x
    #[arg(value_name = "SOURCE@A")]
    pub from: String,
    /// The newer one
    #[arg(value_name = "SOURCE@B")]
    pub to: String,
    /// Do not tell what has changed within pages
    #[arg(long)]
    pub pages_only: bool,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, Args)]
pub struct Verify {
    /// The page
    pub url: String,
    /// The source whose copy is meant [default: the one that was fetched last]
    #[arg(long, value_name = "SOURCE")]
    pub source: Option<String>,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, Args)]
pub struct Project {
    /// The project's folder, or one in it: the nearest with a lock file counts
    #[arg(default_value = ".", value_name = "PATH")]
    pub path: PathBuf,
    /// Which packages to read: those that the project itself asks for, or all that it uses
    #[arg(long, value_enum, default_value_t = Include::All, value_name = "WHICH")]
    pub include: Include,
    /// Forget the project instead, and what no other one uses
    #[arg(long, conflicts_with = "include")]
    pub forget: bool,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, Args)]
pub struct Find {
    /// A name or the end of a path: create_task, TaskGroup.create_task, serde_json::from_str
    pub name: String,
    /// List what stands in this module or type instead
    #[arg(long, conflicts_with = "prefix")]
    pub members: bool,
    /// Only in this package: serde, crate:serde or serde@1.0.219
    #[arg(long, value_name = "PACKAGE")]
    pub package: Option<String>,
    /// Only of this kind, such as function, method, struct, class or module
    #[arg(long, value_name = "KIND", value_parser = symbol_kind)]
    pub kind: Option<smolcrawl::symbols::Kind>,
    /// Names that only begin so, too
    #[arg(long)]
    pub prefix: bool,
    /// The project whose versions are looked into [default: the one of this folder]
    #[arg(long, value_name = "PATH", conflicts_with = "everywhere")]
    pub project: Option<PathBuf>,
    /// In all packages that are indexed, whatever the project uses
    #[arg(long = "all")]
    pub everywhere: bool,
    /// Symbols at the most
    #[arg(short = 'k', value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
    /// Symbols to pass over
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub offset: usize,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, Args)]
pub struct Check {
    /// The file; - is stdin
    pub file: PathBuf,
    /// The language: python, rust, javascript or typescript [default: by the end of the file's name]
    #[arg(long, value_name = "NAME", value_parser = language)]
    pub language: Option<smolcrawl::symbols::Language>,
    /// The project whose versions count [default: the one that the file is in, else that of this folder]
    #[arg(long, value_name = "PATH")]
    pub project: Option<PathBuf>,
    /// Print what exists and what cannot be told, too
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, Args)]
pub struct Index {
    /// File of {"url","title","text"} lines; - is stdin
    #[arg(long, value_name = "FILE")]
    pub jsonl: PathBuf,
    /// Leave the embeddings to a later run
    #[arg(long)]
    pub no_index: bool,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, Args)]
pub struct Export {
    /// Sources as `smolcrawl sources` lists them: name, name@version, or a host for all of its sources
    #[arg(required = true, value_name = "SOURCE")]
    pub sources: Vec<String>,
    /// The file, which is there once it is complete; with --format markdown a new folder; - is stdout, for llms-txt, llms-full and jsonl
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// What to write
    #[arg(long, value_enum, default_value_t = ExportFormat::Index)]
    pub format: ExportFormat,
    /// Replace the file if there is one
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, Args)]
pub struct Import {
    /// A file that `smolcrawl export` has written
    pub file: PathBuf,
    /// Put sources that are there already in the state of the file, and remove their pages that it does not have
    #[arg(long)]
    pub replace: bool,
    /// Leave the embeddings of what comes without vectors to a later run
    #[arg(long)]
    pub no_index: bool,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, Args)]
pub struct Copy {
    /// The database that is copied: a file, or postgres://USER@HOST/DATABASE [default: the one of --db]
    #[arg(long, value_name = "DB", required_unless_present = "to")]
    pub from: Option<PathBuf>,
    /// The database that it is copied to, which is made if there is none [default: the one of --db]
    #[arg(long, value_name = "DB")]
    pub to: Option<PathBuf>,
    /// Make sources, packages and projects that are there and are others what they are in the first, and remove their pages that it does not have
    #[arg(long)]
    pub replace: bool,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, Args)]
pub struct Extract {
    /// Read and write JSON lines
    #[arg(long, required = true)]
    pub jsonl: bool,
    /// What to write of each page
    #[arg(long, value_enum, default_value_t = TextFormat::Markdown)]
    pub format: TextFormat,
    /// Tell in "notes" what of each page is left out, by which rule
    #[arg(long)]
    pub explain: bool,
}

#[derive(Clone, Copy, Debug, Args)]
pub struct Doctor {
    /// Look at all of the database: its structure, the checksum of every page, passage and vector, and the indexes of words
    #[arg(long)]
    pub check: bool,
    /// Make the database as small as what is in it, if nobody else has it open
    #[arg(long)]
    pub compact: bool,
    #[command(flatten)]
    pub json: Json,
}

#[derive(Debug, Args)]
pub struct Help {
    /// A command, or a topic such as crawling or settings
    #[arg(value_name = "COMMAND|TOPIC")]
    pub about: Option<String>,
}

#[derive(Clone, Copy, Debug, Args)]
pub struct Json {
    /// Print JSON on stdout
    #[arg(long)]
    pub json: bool,
}

impl Cli {
    /// What this process was asked for; none if it was help or the version, which has been answered. Ends it where it cannot be understood.
    pub fn read() -> Result<Option<Self>, Failure> {
        let matches = command().try_get_matches_from(arguments());
        let read = matches.and_then(|matches| Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command())));
        match read {
            Ok(cli) => Ok(Some(cli)),
            Err(said) if said.use_stderr() => said.exit(),
            Err(answer) => {
                // clap would take an answer that cannot be written for one.
                answer.print()?;
                io::stdout().flush()?;
                Ok(None)
            }
        }
    }
}

/// All that is understood, with examples.
pub fn command() -> clap::Command {
    Cli::command().mut_subcommands(|command| match examples::of(command.get_name()) {
        Some(examples) => command.after_help(examples),
        None => command,
    })
}

/// What this process was started with, its own name first.
pub fn arguments() -> impl Iterator<Item = OsString> {
    std::env::args_os()
}

/// The flags for all commands in a line that may not be complete: those that it has so far.
pub fn everywhere_of(line: impl IntoIterator<Item = OsString>) -> Option<Everywhere> {
    let matches = command().ignore_errors(true).try_get_matches_from(line).ok()?;
    Everywhere::from_arg_matches(&matches).ok()
}

/// Hits that a search may pass over.
pub const DEEPEST: u16 = 1_000;
const HELP: &str = "smolcrawl help lists topics to read as well, such as crawling, private, settings or faq: smolcrawl help TOPIC.";
