//! `help`: commands and topics, the help of a command, the text of a topic. Through clap, as `--help` is: what is a terminal and what it
//! can show is decided in one place.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};

use clap::ColorChoice;
use clap::builder::StyledStr;
use smolcrawl::docs::{TOPICS, Topic};

use super::Failure;
use crate::cli::{self, Color, Everywhere, Help};

pub fn run(asked: &Help, everywhere: &Everywhere) -> Result<(), Failure> {
    let (color, is_painted) = match everywhere.color {
        Color::Auto => (ColorChoice::Auto, std::io::stdout().is_terminal()),
        Color::Always => (ColorChoice::Always, true),
        Color::Never => (ColorChoice::Never, false),
    };
    let all = || cli::command().color(color);
    match asked.about.as_deref().map(str::trim) {
        None => all().after_help(topics()).print_help()?,
        Some(name) if all().find_subcommand(name).is_some() => of_command(all(), name)?,
        Some(name) => {
            let topic = TOPICS.iter().find(|topic| topic.name.eq_ignore_ascii_case(name)).ok_or_else(|| unknown(name))?;
            let text = if is_painted { rendered(topic.text) } else { topic.text.to_owned() };
            all().override_help(text).print_help()?;
        }
    }
    // clap leaves the last line of what it prints in the buffer.
    Ok(std::io::stdout().flush()?)
}

/// The same as `--help` behind it, and what there is to read about it.
fn of_command(all: clap::Command, name: &str) -> std::io::Result<()> {
    let about = MORE.iter().filter(|(command, _)| *command == name).flat_map(|(_, topics)| *topics);
    let about: Vec<_> = about.map(|topic| format!("smolcrawl help {topic}")).collect();
    let more = if about.is_empty() { String::new() } else { format!("More: {}", about.join(", ")) };
    let behind = |said: Option<&StyledStr>| said.map_or_else(|| more.clone(), |said| format!("{}\n\n{more}", said.ansi()));
    let command = all.mut_subcommand(name, |command| match (command.get_after_help(), command.get_after_long_help()) {
        _ if more.is_empty() => command,
        (_, Some(said)) => {
            let said = behind(Some(said));
            command.after_long_help(said)
        }
        (said, None) => {
            let said = behind(said);
            command.after_help(said)
        }
    });
    match command.try_get_matches_from(["smolcrawl", name, "--help"]) {
        Err(help) => help.print(),
        Ok(_) => unreachable!("--help is an error to clap"),
    }
}

/// What is listed below the commands.
fn topics() -> String {
    let mut list = "Topics:\n".to_owned();
    let width = TOPICS.iter().map(|topic| topic.name.len()).max().unwrap_or_default();
    for Topic { name, summary, .. } in TOPICS {
        let _ = writeln!(list, "  {name:width$}  {summary}");
    }
    list + "\nsmolcrawl help COMMAND explains a command, smolcrawl help TOPIC a topic."
}

fn unknown(name: &str) -> Failure {
    let commands = cli::command();
    let known = commands.get_subcommands().map(clap::Command::get_name).chain(TOPICS.iter().map(|topic| topic.name));
    let near = known.map(|known| (strsim::normalized_damerau_levenshtein(&name.to_lowercase(), known), known));
    let hint = match near.max_by(|(one, _), (other, _)| one.total_cmp(other)) {
        Some((alike, known)) if alike >= ALIKE => format!("is `smolcrawl help {known}` meant? `smolcrawl help` lists commands and topics"),
        _ => "`smolcrawl help` lists commands and topics".to_owned(),
    };
    Failure::usage(format!("{name:?} is neither a command nor a topic")).hinting(hint)
}

/// Markdown for people in front of a terminal: headings stand out, tables are aligned, code is set in, and a link to another topic is its
/// name. All else is markdown still.
fn rendered(markdown: &str) -> String {
    let mut shown = String::with_capacity(markdown.len() + markdown.len() / 4);
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            for code in lines.by_ref().take_while(|line| !line.starts_with("```")) {
                // Lines that only make a doc test complete.
                if code != "#" && !code.starts_with("# Ok::<") {
                    let _ = writeln!(shown, "    {code}");
                }
            }
        } else if line.starts_with('#') {
            let _ = writeln!(shown, "{BOLD}{line}{PLAIN}");
        } else if line.starts_with('|') {
            let mut rows = vec![cells(line)];
            while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
                rows.push(cells(row));
            }
            // The ruling.
            rows.remove(1);
            table(&mut shown, &rows);
        } else if !is_definition(line) {
            shown.push_str(&inline(line));
            shown.push('\n');
        }
    }
    shown
}

/// In columns if there is room for them, else each row as a paragraph of its own.
fn table(shown: &mut String, rows: &[Vec<String>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default())
        .collect();
    let (head, body) = rows.split_first().expect("a table has a head");
    if widths.iter().map(|width| width + GAP).sum::<usize>() <= COLUMNS {
        for (index, row) in rows.iter().enumerate() {
            let line: String = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:0$}", width + GAP)).collect();
            let line = line.trim_end();
            let _ = if index == 0 { writeln!(shown, "{BOLD}{line}{PLAIN}") } else { writeln!(shown, "{line}") };
        }
        return;
    }
    for (index, row) in body.iter().enumerate() {
        if index > 0 {
            shown.push('\n');
        }
        let _ = writeln!(shown, "{BOLD}{}{PLAIN}", folded(row.first().map_or("", String::as_str), ""));
        for (name, cell) in head.iter().zip(row).skip(1).filter(|(_, cell)| !cell.is_empty()) {
            let said = if name.is_empty() { cell.clone() } else { format!("{name}: {cell}") };
            let _ = writeln!(shown, "{}", folded(&said, "  "));
        }
    }
}

/// No line longer than there is room, and each set in.
fn folded(text: &str, indent: &str) -> String {
    let mut lines = vec![indent.to_owned()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is one always");
        match line.len() == indent.len() {
            true => line.push_str(word),
            false if line.chars().count() + 1 + word.chars().count() <= COLUMNS => *line += &format!(" {word}"),
            false => lines.push(format!("{indent}{word}")),
        }
    }
    lines.join("\n")
}

fn cells(row: &str) -> Vec<String> {
    let row = row.trim().trim_start_matches('|').trim_end_matches('|');
    row.split('|').map(|cell| inline(cell.trim())).collect()
}

/// Topics by their names, other links with their address behind them.
fn inline(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('[') {
        let (before, link) = rest.split_at(at);
        shown.push_str(before);
        // What is in backticks is no link.
        let is_code = before.matches('`').count() % 2 == 1 || shown.matches('`').count() % 2 == 1;
        let name = link[1..].split(']').next().unwrap_or_default();
        let behind = link.get(name.len() + 2..).unwrap_or_default();
        let address = behind.strip_prefix('(').and_then(|behind| behind.split_once(')'));
        match address {
            Some((address, after)) if !is_code => {
                let _ = if address.contains("://") { write!(shown, "{name} ({address})") } else { write!(shown, "{name}") };
                rest = after;
            }
            _ if !is_code && TOPICS.iter().any(|topic| topic.name == name) => {
                shown.push_str(name);
                rest = behind;
            }
            _ => {
                shown.push('[');
                rest = &link[1..];
            }
        }
    }
    shown.push_str(rest);
    shown
}

/// `[name]: file.md`, which is for other readers.
fn is_definition(line: &str) -> bool {
    line.strip_prefix('[').and_then(|line| line.split_once("]: ")).is_some_and(|(_, file)| !file.contains(' ') && file.ends_with(".md"))
}

/// What to read about a command.
const MORE: &[(&str, &[&str])] = &[
    ("crawl", &["crawling", "extraction", "private"]),
    ("fetch", &["extraction"]),
    ("extract", &["extraction"]),
    ("search", &["searching", "ranking"]),
    ("sources", &["versions", "fresh"]),
    ("remove", &["versions"]),
    ("refresh", &["fresh"]),
    ("compare", &["versions"]),
    ("verify", &["versions", "fresh"]),
    ("project", &["projects", "checking"]),
    ("find", &["projects"]),
    ("check", &["checking", "projects"]),
    ("index", &["crawling"]),
    ("work", &["together", "stores"]),
    ("export", &["sharing"]),
    ("import", &["sharing"]),
    ("copy", &["stores"]),
    ("serve", &["clients", "tools"]),
    ("setup", &["clients"]),
    ("doctor", &["settings", "faq"]),
];
/// From here on a name is taken for a misspelt one.
const ALIKE: f64 = 0.5;
const COLUMNS: usize = 100;
const GAP: usize = 2;
const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";

#[cfg(test)]
mod tests;
