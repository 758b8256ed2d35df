//! One file a command. Results go to stdout through `output`, all else to stderr; only the public API is used.

mod compare;
mod crawl;
mod credentials;
mod demo;
mod doctor;
mod extract;
mod fetch;
mod help;
mod index;
mod lines;
mod output;
mod progress;
mod search;
mod serve;
mod share;
mod signals;
mod sources;
mod verify;

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use smolcrawl::Engine;
use smolcrawl::config::{Config, Environment};

use crate::cli::{Cli, Command, Everywhere};
use crate::failure::Failure;
use crate::terminal;

/// Runs one command to its end.
pub fn run(cli: Cli, environment: &Environment) -> Result<(), Failure> {
    // Before the first file.
    smolcrawl::reactor::raise_open_files_limit();
    let everywhere = &cli.everywhere;
    match cli.command {
        Command::Extract(extract) => return extract::run(&extract),
        Command::Demo => return demo::run(everywhere, environment),
        Command::Help(help) => return help::run(&help),
        _ => {}
    }
    let settings = everywhere.settings(environment)?;
    for (name, meant) in environment.strangers() {
        let meant = meant.map_or_else(String::new, |meant| format!("; is {meant} meant?"));
        log::warn!("{name} is no setting and is ignored{meant}");
    }
    let config = Config::parse(&settings, environment)?;
    if let Command::Doctor(asked) = cli.command {
        return doctor::run(config, &settings, everywhere.configuration_file(environment).as_deref(), asked);
    }
    let mut config = config;
    config.crawl.credentials = credentials::of(&cli.command, &settings, environment)?;
    let engine = Engine::new(config)?;
    let shown = Shown::of(everywhere);
    drive(&engine, async {
        let outcome = match cli.command {
            Command::Crawl(crawl) => crawl::run(&engine, crawl, shown).await,
            Command::Fetch(fetch) => fetch::run(&engine, fetch).await,
            Command::Search(search) => search::run(&engine, search, shown).await,
            Command::Sources(json) => sources::list(&engine, json).await,
            Command::Remove(source) => sources::remove(&engine, source).await,
            Command::Refresh(refresh) => sources::refresh(&engine, refresh, shown).await,
            Command::Compare(compare) => compare::run(&engine, compare).await,
            Command::Verify(verify) => verify::run(&engine, verify).await,
            Command::Index(index) => index::run(&engine, index, shown).await,
            Command::Export(export) => share::export(&engine, export).await,
            Command::Import(import) => share::import(&engine, import, shown).await,
            Command::Serve(asked) => serve::run(&engine, asked).await,
            Command::Demo | Command::Extract(_) | Command::Doctor(_) | Command::Help(_) => unreachable!("run before there was an engine"),
        };
        // Whatever the command has left open: idle connections, as a rule.
        let ended = engine.shutdown(GRACE).await;
        log::debug!("shut down: {ended}");
        outcome
    })
}

/// For connections that outlive their command. `serve` has given its calls a grace of their own by then.
const GRACE: Duration = Duration::from_millis(100);

/// Fails where there is no database to ask, rather than make one and find nothing in it.
fn database_exists(engine: &Engine) -> Result<(), Failure> {
    let database = &engine.config().database;
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

/// Runs `main` on a smol executor while this thread drives the engine's reactor.
fn drive<T>(engine: &Engine, main: impl Future<Output = T>) -> T {
    let executor = smol::LocalExecutor::new();
    engine.handle().block_on(executor.run(main))
}

/// What a person sees on stderr besides the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A progress bar, if stderr is a terminal.
    Progress,
    /// Errors alone.
    Quiet,
}

impl Shown {
    fn of(everywhere: &Everywhere) -> Self {
        if everywhere.quiet { Self::Quiet } else { Self::Progress }
    }
}

/// Logs to stderr: errors and warnings, more with `-v`; `SMOLCRAWL_LOG` takes env_logger's own filters.
pub fn log_to_stderr(everywhere: &Everywhere, environment: &Environment) {
    let level = match (everywhere.quiet, everywhere.verbose) {
        (true, _) => "error",
        // What html5ever warns of is how pages are written.
        (false, 0) => "warn,html5ever=error",
        (false, 1) => "smolcrawl=debug,warn,html5ever=error",
        (false, 2) => "smolcrawl=trace,warn,html5ever=error",
        (false, _) => "trace",
    };
    let filters = environment.value("SMOLCRAWL_LOG").unwrap_or(level);
    let mut builder = env_logger::Builder::new();
    builder.parse_filters(filters).format(|log, record| {
        let style = log.default_level_style(record.level());
        let (time, message) = (log.timestamp_millis(), record.args().to_string());
        // What is logged quotes sites and services.
        let message = terminal::line(&message);
        writeln!(log, "[{time} {style}{:<5}{style:#} {}] {message}", record.level(), record.target())
    });
    builder.init();
}
