//! `setup`: the MCP server in the configuration of its clients. What is changed is shown and asked before; a file is written whole or
//! not at all, with a copy of what it was beside it.

mod clients;
mod edit;
mod write;

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use smolcrawl::config::{Config, Environment, Key, Origin, Settings};
use smolcrawl::store::Place;

use self::clients::{Disk, Folders, Platform};
use super::Failure;
use super::output::Output;
use crate::cli::{self, Client, Everywhere};
use crate::terminal::tell;

pub fn run(asked: &cli::Setup, everywhere: &Everywhere, environment: &Environment) -> Result<(), Failure> {
    let folders = folders(environment)?;
    match asked.client {
        None => list(asked, &folders),
        Some(client) => {
            understood(everywhere, environment)?;
            set_up(client, asked, everywhere, environment, &folders)
        }
    }
}

/// Every client with its file and how it stands there, for `doctor` as well.
pub fn states(environment: &Environment) -> Vec<State> {
    let Ok(folders) = folders(environment) else { return Vec::new() };
    Client::ALL.into_iter().map(|client| State::of(client, clients::file(client, &folders, &System), &folders, None)).collect()
}

/// How a client stands.
pub struct State {
    client: Client,
    file: PathBuf,
    is_found: bool,
    /// The name of the entry that starts this program, if there is one; or why that is not to be known.
    set_up: Result<Option<String>, String>,
}

impl State {
    fn of(client: Client, file: PathBuf, folders: &Folders, name: Option<&str>) -> Self {
        let set_up = read(&file).and_then(|text| match text {
            None => Ok(None),
            Some(text) => {
                let entries = edit::entries(&text, clients::format(client), keys(client, &text)).map_err(|broken| broken.to_string())?;
                Ok(name_in(&entries, name))
            }
        });
        Self { client, is_found: clients::is_found(client, folders, &System), file, set_up }
    }

    /// What there is to be done, if anything is.
    pub fn advice(&self) -> Option<String> {
        let name = self.client.name();
        match &self.set_up {
            Err(why) => Some(format!("{} of {} cannot be read: {why}: mend it", self.file.display(), clients::title(self.client))),
            Ok(None) if self.is_found => Some(format!("{} is not set up: `smolcrawl setup {name}` does it", clients::title(self.client))),
            Ok(_) => None,
        }
    }

    pub fn name(&self) -> &'static str {
        self.client.name()
    }

    pub fn described(&self) -> Value {
        let mut described = json!({ "file": self.file, "found": self.is_found, "set_up": matches!(self.set_up, Ok(Some(_))) });
        match &self.set_up {
            Ok(Some(name)) => described["as"] = name.as_str().into(),
            Ok(None) => {}
            Err(why) => described["error"] = why.as_str().into(),
        }
        described
    }

    fn line(&self) -> String {
        let state = match &self.set_up {
            Ok(Some(name)) => format!("set up as {name}"),
            Ok(None) if self.is_found => "not set up".to_owned(),
            Ok(None) => "not found".to_owned(),
            Err(why) => format!("cannot be read: {why}"),
        };
        format!("{:<15} {state:<20} {}", self.client.name(), self.file.display())
    }
}

/// The name of our entry, if there is one: as asked for, else the usual one, else that of any that starts this program.
fn name_in(entries: &Map<String, Value>, asked: Option<&str>) -> Option<String> {
    if let Some(name) = asked {
        return entries.contains_key(name).then(|| name.to_owned());
    }
    let usual = entries.get_key_value(cli::SERVER_NAME);
    let ours = usual.or_else(|| entries.iter().find(|(_, entry)| starts_us(entry)));
    ours.map(|(name, _)| name.clone())
}

/// The name of the entry that is meant: as asked for, else the usual one, else that of one which says the same. `Err` is the name of one that
/// starts this program in another way: whose that is, nobody but the user knows.
fn name_of<'a>(entries: &'a Map<String, Value>, asked: &'a cli::Setup, entry: &edit::Fields) -> Result<&'a str, &'a str> {
    let named = asked.name.as_deref().unwrap_or(cli::SERVER_NAME);
    if asked.name.is_some() || entries.contains_key(named) {
        return Ok(named);
    }
    let others = || entries.iter().filter(|(_, other)| starts_us(other));
    if let Some((same, _)) = others().find(|(_, other)| is_as(other, entry)) {
        return Ok(same);
    }
    others().next().map_or(Ok(named), |(other, _)| Err(other))
}

/// A server that is not started but connected to.
fn is_elsewhere(entry: &Value) -> bool {
    ["url", "httpUrl", "serverUrl"].iter().any(|field| entry.get(field).is_some())
}

/// An entry whose command is a program of this name.
fn starts_us(entry: &Value) -> bool {
    let command = entry.get("command").and_then(|command| command.as_str().or_else(|| command.get(0)?.as_str()));
    let name = command.and_then(|command| command.rsplit(['/', '\\']).next());
    name.is_some_and(|name| name.strip_suffix(".exe").unwrap_or(name) == "smolcrawl")
}

fn list(asked: &cli::Setup, folders: &Folders) -> Result<(), Failure> {
    let states = Client::ALL.into_iter().filter_map(|client| {
        let file = match asked.project {
            true => clients::project_file(client, Path::new(""), &System)?,
            false => clients::file(client, folders, &System),
        };
        Some(State::of(client, file, folders, asked.name.as_deref()))
    });
    let mut output = Output::new();
    if asked.json.json {
        let named = |state: State| {
            let mut described = json!({ "client": state.name() });
            if let (Value::Object(all), Value::Object(more)) = (&mut described, state.described()) {
                all.extend(more);
            }
            described
        };
        output.json(&json!({ "clients": states.map(named).collect::<Vec<_>>() }))?;
    } else {
        states.into_iter().try_for_each(|state| output.line(state.line()))?;
        output.line("")?;
        output.line("smolcrawl setup CLIENT sets one of them up; --print shows what it would write")?;
    }
    Ok(output.finish()?)
}

/// What the server would refuse when a client starts it, where nobody sees it, is refused here.
fn understood(everywhere: &Everywhere, environment: &Environment) -> Result<(), Failure> {
    if everywhere.config.is_some() {
        everywhere.settings(environment)?;
    }
    let flags = Settings::default().then(Origin::Flag, everywhere.flags()?).then(Origin::Default, [(Key::Database, ":memory:".to_owned())]);
    Ok(Config::parse(&flags, &Environment::none()).map(drop)?)
}

fn set_up(
    client: Client,
    asked: &cli::Setup,
    everywhere: &Everywhere,
    environment: &Environment,
    folders: &Folders,
) -> Result<(), Failure> {
    let file = match asked.project {
        true => clients::project_file(client, Path::new(""), &System).ok_or_else(|| {
            Failure::usage(format!("{} has no configuration of a project", clients::title(client)))
                .hinting("leave out --project: it is set up for all projects")
        })?,
        false => clients::file(client, folders, &System),
    };
    // By the way that it has from here, so that messages are short; a link is followed when it is written.
    let format = clients::format(client);
    let refused = |why: String| {
        let hint = format!("mend it, or put it in by hand: `smolcrawl setup {} --print` shows what", client.name());
        Failure::new(format!("{}: {why}: nothing was changed", file.display()), hint)
    };
    let entry = clients::entry(client, &program(folders)?, &arguments(everywhere)?);
    if asked.print {
        // A file that is broken is no reason not to say what belongs into it.
        let there = read(&file).ok().flatten().unwrap_or_default();
        let name = asked.name.as_deref().unwrap_or(cli::SERVER_NAME);
        return print(&file, &edit::snippet(format, keys(client, &there), name, &entry).map_err(|broken| refused(broken.to_string()))?);
    }
    let there = read(&file).map_err(&refused)?;
    let text = there.clone().unwrap_or_default();
    let keys = keys(client, &text);
    let entries = edit::entries(&text, format, keys).map_err(|broken| refused(broken.to_string()))?;
    let name = name_of(&entries, asked, &entry).map_err(|other| {
        let what = format!("{}: the server {other} starts this program already, in another way: nothing was changed", file.display());
        let add = if asked.remove { "" } else { ", another name to have both" };
        Failure::new(what, format!("say which is meant: --name {other}{add}"))
    })?;
    let known = entries.get(name);
    if !asked.remove && known.is_some_and(is_elsewhere) {
        let why = format!("{}: the server {name} is one that is reached by an address: nothing was changed", file.display());
        return Err(Failure::new(why, "give this one another name: --name NAME"));
    }
    let mut output = Output::new();
    let described = |changed: bool, backup: Option<&Path>| json!({ "client": client.name(), "file": file, "name": name, "changed": changed, "backup": backup });
    let is_done = match asked.remove {
        true => known.is_none(),
        false => known.is_some_and(|known| is_as(known, &entry)),
    };
    if is_done {
        if asked.json.json {
            output.json(&described(false, None))?;
            return Ok(output.finish()?);
        }
        let state = if asked.remove { format!("has no server {name}") } else { format!("is already set up as {name}") };
        output.line(format!("{} {state}: {}", clients::title(client), file.display()))?;
        return Ok(output.finish()?);
    }
    let edited = match asked.remove {
        true => edit::without(&text, format, keys, name),
        false => edit::with(&text, format, keys, name, &entry),
    };
    let edited = edited.map_err(|broken| refused(broken.to_string()))?;
    if !asked.remove
        && let Some((key, _)) = environment.settings().next()
    {
        tell!(
            "note: {} is set here, and the client may not know of it: give what it should have by flags, or in the configuration file",
            key.variable()
        );
    }
    tell!("{}:", crate::terminal::line(&file.display().to_string()));
    for line in edit::diff(&text, &edited) {
        tell!("{}", crate::terminal::line(&line));
    }
    if !asked.yes && !agreed(&file)? {
        return Err(Failure::new("nothing was changed", "answer y, or say --yes"));
    }
    let backup = write::replace(&file, there.as_deref(), &edited).map_err(|failure| refused_to_write(&file, &failure))?;
    if asked.json.json {
        output.json(&described(true, backup.as_deref()))?;
        return Ok(output.finish()?);
    }
    let done = if asked.remove { "no longer has" } else { "has" };
    output.line(format!("{} {done} the server {name}: {}", clients::title(client), file.display()))?;
    if let Some(backup) = backup {
        output.line(format!("what was there before: {}", backup.display()))?;
    }
    if !asked.remove {
        output.line(format!("start {} anew, so that it reads it", clients::title(client)))?;
    }
    Ok(output.finish()?)
}

fn refused_to_write(file: &Path, error: &io::Error) -> Failure {
    Failure::new(
        format!("{} cannot be written: {error}: nothing was changed", file.display()),
        "permit it to be written, or put it in by hand: --print shows what",
    )
}

fn print(file: &Path, snippet: &str) -> Result<(), Failure> {
    // stdout is the snippet alone.
    tell!("belongs into {}:", crate::terminal::line(&file.display().to_string()));
    let mut output = Output::new();
    output.text(snippet.trim_end())?;
    Ok(output.finish()?)
}

/// Whether an entry has all that it should have, whatever else it has.
fn is_as(known: &Value, entry: &edit::Fields) -> bool {
    entry.iter().all(|(field, value)| known.get(*field) == Some(value))
}

/// opencode's newer way, where the file has it: below `servers`, which is no server itself.
fn keys(client: Client, text: &str) -> &'static [&'static str] {
    let is_newer = client == Client::Opencode
        && edit::entries(text, clients::format(client), &["mcp"]).is_ok_and(|mcp: Map<_, _>| {
            mcp.get("servers").is_some_and(|servers| servers.is_object() && servers.get("type").is_none_or(Value::is_object))
        });
    clients::keys(client, is_newer)
}

fn agreed(file: &Path) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        let hint = "say --yes to write it without being asked, or --print to see what belongs there";
        return Err(Failure::new(format!("{} is not changed without an answer, and there is no terminal to ask on", file.display()), hint));
    }
    let unread =
        |error: io::Error| Failure::new(format!("the answer cannot be read: {error}"), "say --yes to write it without being asked");
    confirmed(&mut io::stdin().lock(), &mut io::stderr()).map_err(unread)
}

/// No is what is not yes, and the end of input.
fn confirmed(input: &mut impl BufRead, output: &mut impl Write) -> io::Result<bool> {
    write!(output, "write this? [y/N] ")?;
    output.flush()?;
    let mut answer = String::new();
    input.take(LONGEST_ANSWER).read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// The file's text, if it is there.
fn read(file: &Path) -> Result<Option<String>, String> {
    let opened = match std::fs::File::open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && std::fs::symlink_metadata(file).is_ok() => {
            return Err("it is a link to a file that is not there".to_owned());
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| error.to_string())?,
    };
    let mut bytes = Vec::new();
    opened.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("it is larger than {} MiB", LARGEST >> 20));
    }
    edit::text(bytes).map(Some).map_err(|broken| broken.to_string())
}

fn folders(environment: &Environment) -> Result<Folders, Failure> {
    let nobody = || Failure::new("it is not known which folder is yours", "set HOME to it, on Windows USERPROFILE");
    Folders::of(environment, Platform::THIS).ok_or_else(nobody)
}

/// What a client is to start: this very program, by the name under which it is found if that is a link to it, as an update moves what it
/// leads to.
fn program(folders: &Folders) -> Result<String, Failure> {
    let program = std::env::current_exe();
    let real = program.as_ref().ok().and_then(|program| std::fs::canonicalize(program).ok());
    let name = format!("smolcrawl{}", std::env::consts::EXE_SUFFIX);
    let leads_here = |path: &PathBuf| path.is_absolute() && real.is_some() && std::fs::canonicalize(path).ok() == real;
    let program = folders.path.iter().map(|folder| folder.join(&name)).find(leads_here).map_or(program, Ok);
    let failure =
        |why: String| Failure::new(format!("it is not known where this program lies: {why}"), "put it in by hand: --print shows what");
    let program = program.map_err(|error| failure(error.to_string()))?;
    program.into_os_string().into_string().map_err(|_| failure("its path is not Unicode".to_owned()))
}

/// `serve`, and the flags that this was called with. A client starts it in a folder of its own choice, hence whole paths.
fn arguments(everywhere: &Everywhere) -> Result<Vec<String>, Failure> {
    let mut arguments = vec!["serve".to_owned()];
    let mut path = |flag: &str, path: &Path| -> Result<(), Failure> {
        let whole = match path.to_str() {
            Some(":memory:") => path.to_owned(),
            // A password in it would stand in the files of others.
            Some(_) if Place::of(path).is_unreadable() => {
                return Err(Failure::usage(format!("{flag}: the address cannot be read: postgres://USER@HOST/DATABASE")));
            }
            Some(_) if Place::of(path).without_password().is_some_and(|(_, password)| password.is_some()) => {
                return Err(Failure::usage(format!("{flag}: the address has a password in it, which is for ~/.pgpass")));
            }
            Some(_) if matches!(Place::of(path), Place::Server(_)) => path.to_owned(),
            _ => std::path::absolute(path).map_err(|error| Failure::usage(format!("{flag}: {error}")))?,
        };
        let whole = whole.to_str().ok_or_else(|| Failure::usage(format!("{flag}: the path is not Unicode")))?.to_owned();
        arguments.extend([flag.to_owned(), whole]);
        Ok(())
    };
    if let Some(database) = &everywhere.db {
        path("--db", database)?;
    }
    if let Some(file) = &everywhere.config {
        path("--config", file)?;
    }
    if let Some(kind) = &everywhere.reactor {
        arguments.extend(["--reactor".to_owned(), kind.clone()]);
    }
    if everywhere.allow_private {
        arguments.push("--allow-private".to_owned());
    }
    arguments.extend((0..everywhere.verbose).map(|_| "-v".to_owned()));
    if everywhere.quiet {
        arguments.push("-q".to_owned());
    }
    Ok(arguments)
}

/// The disk of this machine.
struct System;

impl Disk for System {
    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn names(&self, folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }
}

/// Bytes of a file that is read, and of an answer. Claude Code keeps what was typed in its file, too.
const LARGEST: u64 = 64 << 20;
const LONGEST_ANSWER: u64 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_is_yes_and_everything_else_is_no() {
        let mut asked = Vec::new();
        let mut answered = |text: &str| confirmed(&mut text.as_bytes(), &mut asked).unwrap();
        assert_eq!(["y\n", "Y\r\n", "yes\n", " YES "].map(&mut answered), [true; 4]);
        assert_eq!(["", "\n", "n\n", "yy\n", "no, y\n"].map(&mut answered), [false; 5]);
        assert!(asked.starts_with(b"write this? [y/N] "));
        assert!(!confirmed(&mut "y".repeat(1 << 20).as_bytes(), &mut Vec::new()).unwrap());
    }

    #[test]
    fn an_entry_of_ours_is_known_by_its_program() {
        for ours in [
            json!({ "command": "/usr/bin/smolcrawl" }),
            json!({ "command": "C:\\x\\smolcrawl.exe" }),
            json!({ "command": ["smolcrawl", "serve"] }),
        ] {
            assert!(starts_us(&ours), "{ours}");
        }
        for other in
            [json!({ "command": "/usr/bin/other" }), json!({ "url": "https://a.test" }), json!("smolcrawl"), json!({ "command": [] })]
        {
            assert!(!starts_us(&other), "{other}");
        }
    }
}
