//! One file a command. Results go to stdout through `output`, all else to stderr; only the public API is used.

mod add;
mod compare;
mod completions;
mod copy;
mod crawl;
mod credentials;
mod demo;
mod doctor;
mod extract;
mod failures;
mod fetch;
mod help;
mod index;
mod join;
mod lines;
mod links;
mod man;
mod marked;
mod output;
mod pages;
mod progress;
mod project;
mod search;
mod serve;
mod setup;
mod share;
mod show;
mod signals;
mod sources;
mod symbols;
mod verify;

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use smolcrawl::config::{Config, Environment};
use smolcrawl::crawl::parse_route;
use smolcrawl::engine::file_url;
use smolcrawl::store::Place;
use smolcrawl::{CrawlRequest, Engine};
use url::Url;

use crate::cli::{Cli, Color, Command, Everywhere};
use crate::failure::Failure;
use crate::terminal::{self, Paint};

pub use completions::{COMPLETE, complete};

/// Runs one command to its end.
pub fn run(cli: Cli, environment: &Environment) -> Result<(), Failure> {
    // Before the first file.
    smolcrawl::reactor::raise_open_files_limit();
    let everywhere = &cli.everywhere;
    match cli.command {
        Command::Extract(extract) => return extract::run(&extract),
        Command::Setup(setup) => return setup::run(&setup, everywhere, environment),
        Command::Completions(asked) => return completions::run(asked),
        Command::Man(asked) => return man::run(&asked),
        Command::Demo => return demo::run(everywhere, environment, paint(everywhere, environment, std::io::stdout().is_terminal())),
        Command::Help(help) => return help::run(&help, everywhere),
        _ => {}
    }
    let settings = everywhere.settings(environment)?;
    for (name, meant) in environment.strangers() {
        let meant = meant.map_or_else(|| " and is ignored".to_owned(), |meant| format!("; did you mean {meant}?"));
        log::warn!("{name} is not a setting{meant}");
    }
    let config = Config::parse(&settings, environment)?;
    if let Command::Doctor(asked) = cli.command {
        return doctor::run(config, &settings, everywhere.configuration_file(environment).as_deref(), environment, asked);
    }
    let mut config = config;
    config.crawl.credentials = credentials::of(&cli.command, &settings, environment)?;
    if let Command::Serve(asked) = &cli.command {
        serve::allow(&mut config, asked)?;
    }
    let engine = Engine::new(config)?;
    let shown = Shown::of(everywhere);
    let paint = paint(everywhere, environment, std::io::stdout().is_terminal());
    drive(&engine, async {
        let outcome = begun(&engine, cli.command, shown, paint).await;
        // Whatever the command has left open: idle connections, as a rule.
        let ended = engine.shutdown(GRACE).await;
        log::debug!("shut down: {ended}");
        outcome
    })
}

/// What the command does once there is an engine. Each stands in a place of its own: together they would take more of the stack than the
/// main thread of Windows has.
fn begun(engine: &Engine, command: Command, shown: Shown, paint: Paint) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + '_>> {
    match command {
        Command::Crawl(crawl) => Box::pin(crawl::run(engine, crawl, shown)),
        Command::Add(add) => Box::pin(add::run(engine, add, shown)),
        Command::Fetch(fetch) => Box::pin(fetch::run(engine, fetch, shown)),
        Command::Search(search) => Box::pin(search::run(engine, search, shown, paint)),
        Command::Show(show) => Box::pin(show::run(engine, show, shown, paint)),
        Command::Pages(pages) => Box::pin(pages::run(engine, pages, shown)),
        Command::Sources(json) => Box::pin(sources::list(engine, json)),
        Command::Remove(source) => Box::pin(sources::remove(engine, source)),
        Command::Refresh(refresh) => Box::pin(sources::refresh(engine, refresh, shown)),
        Command::Compare(compare) => Box::pin(compare::run(engine, compare)),
        Command::Verify(verify) => Box::pin(verify::run(engine, verify)),
        Command::Project(asked) => Box::pin(project::run(engine, asked, shown)),
        Command::Find(asked) => Box::pin(symbols::find(engine, asked, paint)),
        Command::Check(asked) => Box::pin(symbols::check(engine, asked)),
        Command::Index(index) => Box::pin(index::run(engine, index, shown)),
        Command::Work(asked) => Box::pin(join::work(engine, asked, shown)),
        Command::Export(export) => Box::pin(share::export(engine, export)),
        Command::Import(import) => Box::pin(share::import(engine, import, shown)),
        Command::Copy(asked) => Box::pin(copy::run(engine, asked, shown)),
        Command::Serve(asked) => Box::pin(serve::run(engine, asked)),
        Command::Demo
        | Command::Extract(_)
        | Command::Doctor(_)
        | Command::Setup(_)
        | Command::Completions(_)
        | Command::Man(_)
        | Command::Help(_) => unreachable!("run before there was an engine"),
    }
}

/// For connections that outlive their command. `serve` has given its calls a grace of their own by then.
const GRACE: Duration = Duration::from_millis(100);

/// Fails where there is no database to ask, rather than make one and find nothing in it.
fn database_exists(engine: &Engine) -> Result<(), Failure> {
    let database = &engine.config().database;
    // Of a server only asking it tells.
    if let Place::Server(_) = Place::of(database) {
        return Ok(());
    }
    // What else is wrong with the path, opening it tells: below a file nothing is, which Windows calls not found, too.
    let below_a_file = || database.ancestors().skip(1).any(Path::is_file);
    match std::fs::metadata(database) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !below_a_file() => {
            let hint = "crawl something first, `smolcrawl crawl URL`, or name another file with --db";
            Err(Failure::new(format!("nothing is stored yet: {} does not exist", database.display()), hint))
        }
        _ => Ok(()),
    }
}

/// Whether a stream is coloured: as it is asked for, else on a terminal that knows colours, if nobody has set NO_COLOR.
pub fn paint(everywhere: &Everywhere, environment: &Environment, is_terminal: bool) -> Paint {
    let is_wanted = match everywhere.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => is_terminal && environment.value("NO_COLOR").is_none() && environment.value("TERM") != Some("dumb"),
    };
    if is_wanted { Paint::colours() } else { Paint::PLAIN }
}

/// Addresses as a user writes them, of which the name of a host is enough. What is a file here is none.
fn addresses(texts: &[String]) -> Result<CrawlRequest, Failure> {
    for text in texts.iter().map(|text| text.trim()).filter(|text| !text.contains("://") && !text.is_empty()) {
        if Path::new(text).exists() {
            let is_path = text.starts_with('.') || Path::new(text).is_absolute();
            let hint = match is_path {
                true => format!("`smolcrawl add {text}` stores what lies here"),
                false => format!("if a site is meant, write https://{text}; `smolcrawl add ./{text}` stores what lies here"),
            };
            return Err(Failure::new(format!("{text:?} is a file or folder here, not a URL"), hint));
        }
    }
    known(texts)
}

/// Addresses of what is stored: a file of such a name, as a copy of a site has, does not matter.
fn known(texts: &[String]) -> Result<CrawlRequest, Failure> {
    Ok(CrawlRequest::parse(texts).map_err(smolcrawl::Error::from)?)
}

/// The address of a stored page, which may be that of a file, or its path.
fn stored(text: &str) -> Result<Url, Failure> {
    let text = text.trim();
    match Url::parse(text) {
        Ok(url) if url.scheme() == "file" => Ok(url),
        // The name of a host is one, whatever lies here.
        _ => match known(&[text.to_owned()]) {
            Ok(mut request) => Ok(request.seeds.swap_remove(0)),
            Err(failure) => file(text).ok_or(failure),
        },
    }
}

/// The address of what lies at a path here; of one that says to be a path also where nothing lies any more.
fn file(text: &str) -> Option<Url> {
    let is_there = |path: &str| !path.is_empty() && Path::new(path).exists();
    let path = match text.split_once('#') {
        Some((path, _)) if !is_there(text) => path,
        _ => text,
    };
    let is_path = path.starts_with("./") || path.starts_with("../") || Path::new(path).is_absolute();
    if !is_path && !is_there(path) {
        return None;
    }
    let absolute = std::path::absolute(path).ok()?;
    // A folder upwards is another one where a link leads to it.
    let plain = if path.contains("..") { std::fs::canonicalize(&absolute).unwrap_or(absolute) } else { absolute };
    file_url(plain.to_str()?)
}

/// The beginning of addresses, if one is given. Below a route is less than below the page that shows it.
fn prefix(text: Option<&String>) -> Result<Option<String>, Failure> {
    text.map(|text| parse_route(text).map_or_else(|| stored(text), Ok).map(String::from)).transpose()
}

/// Runs `main` on a smol executor while this thread drives the engine's reactor.
fn drive<T>(engine: &Engine, main: impl Future<Output = T>) -> T {
    let executor = smol::LocalExecutor::new();
    engine.handle().block_on(executor.run(Box::pin(main)))
}

/// What a person sees on stderr besides the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A progress bar, if stderr is a terminal.
    Progress,
    /// A line now and then: it is no terminal, and more is wanted.
    Lines,
    /// Errors alone.
    Quiet,
}

impl Shown {
    fn of(everywhere: &Everywhere) -> Self {
        match (everywhere.quiet, everywhere.verbose) {
            (true, _) => Self::Quiet,
            (false, 1..) if !std::io::stderr().is_terminal() => Self::Lines,
            _ => Self::Progress,
        }
    }
}

/// Logs to stderr: errors and warnings, more with `-v`; `SMOLCRAWL_LOG` takes env_logger's own filters.
pub fn log_to_stderr(everywhere: &Everywhere, environment: &Environment) {
    let filters = environment.value("SMOLCRAWL_LOG").unwrap_or_else(|| filters(everywhere.quiet, everywhere.verbose));
    let mut builder = env_logger::Builder::new();
    builder.write_style(match everywhere.color {
        Color::Auto => env_logger::WriteStyle::Auto,
        Color::Always => env_logger::WriteStyle::Always,
        Color::Never => env_logger::WriteStyle::Never,
    });
    builder.parse_filters(filters).format(|log, record| {
        let style = log.default_level_style(record.level());
        let (time, message) = (log.timestamp_millis(), record.args().to_string());
        // What is logged quotes sites and services.
        let message = terminal::line(&message);
        writeln!(log, "[{time} {style}{:<5}{style:#} {}] {message}", record.level(), record.target())
    });
    builder.init();
}

fn filters(quiet: bool, verbose: u8) -> &'static str {
    match (quiet, verbose) {
        (true, _) => "error",
        // What html5ever warns of is how pages are written.
        (false, 0) => "warn,html5ever=error",
        (false, 1) => "smolcrawl=debug,warn,html5ever=error",
        (false, 2) => "smolcrawl=trace,warn,html5ever=error",
        (false, _) => "trace",
    }
}

#[cfg(test)]
mod tests {
    use log::{Level, Log, Record};

    use super::*;

    #[test]
    fn how_pages_are_written_is_no_warning_unless_all_is_asked_for() {
        let is_told = |quiet, verbose, level| {
            let logger = env_logger::Builder::new().parse_filters(filters(quiet, verbose)).build();
            logger.matches(&Record::builder().level(level).target("html5ever::tree_builder").args(format_args!("x")).build())
        };
        assert_eq!([0, 1, 2, 3].map(|verbose| is_told(false, verbose, Level::Warn)), [false, false, false, true]);
        assert!(!is_told(true, 0, Level::Warn) && is_told(false, 0, Level::Error));
        let ours = env_logger::Builder::new().parse_filters(filters(false, 0)).build();
        assert!(ours.enabled(&log::Metadata::builder().level(Level::Warn).target("smolcrawl::crawl").build()));
    }
}
