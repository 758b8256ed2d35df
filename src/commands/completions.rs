//! `completions`: what a shell runs once to complete this program's lines, and the answers to its questions. The scripts ask the program
//! itself, so that commands and flags are always those of this version and sources those that are stored.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::Shells;
use smolcrawl::config::{Environment, Key, Settings};
use smolcrawl::store::{self, Store};

use super::Failure;
use super::output::Output;
use crate::cli::{self, Everywhere};

/// The variable by which a script asks for completions: its value is the shell.
pub const COMPLETE: &str = "SMOLCRAWL_COMPLETE";

/// Prints the script for a shell.
pub fn run(asked: cli::Completions) -> Result<(), Failure> {
    let mut script = Vec::new();
    let shell = Shells::builtins();
    let shell = shell.completer(asked.shell.name()).expect("the four of them are built in");
    // By its name, and not by where it lies: an update may move it.
    shell.write_registration(COMPLETE, "smolcrawl", "smolcrawl", "smolcrawl", &mut script)?;
    if asked.shell == cli::Shell::Bash {
        script.extend_from_slice(WHOLE_WORDS.as_bytes());
    }
    let mut output = Output::new();
    output.bytes(&script)?;
    Ok(output.finish()?)
}

/// Answers a script. Nothing but answers is printed, whatever is wrong: the user is in the middle of a line.
pub fn complete(shell: &str, environment: &Environment) -> ExitCode {
    match answers(shell, environment) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn answers(shell: &str, environment: &Environment) -> Result<(), Failure> {
    let shells = Shells::builtins();
    let unknown = || Failure::usage(format!("{COMPLETE}: {shell:?} is no known shell"));
    let shell = Path::new(shell).file_stem().and_then(OsStr::to_str).and_then(|name| shells.completer(name)).ok_or_else(unknown)?;
    // What stands before the first "--" is the program itself.
    let line: Vec<OsString> = cli::arguments().skip_while(|argument| argument != "--").skip(1).collect();
    let settings = cli::everywhere_of(line.iter().cloned()).and_then(|everywhere| settings(&everywhere, environment));
    let sources = settings.map(|settings| stored(&settings)).unwrap_or_default();
    let mut command = with_sources(cli::command(), sources);
    let mut answers = Vec::new();
    shell.write_complete(&mut command, line, std::env::current_dir().ok().as_deref(), &mut answers)?;
    let mut output = Output::new();
    output.bytes(&answers)?;
    Ok(output.finish()?)
}

fn settings(everywhere: &Everywhere, environment: &Environment) -> Option<Settings> {
    everywhere.settings(environment).ok()
}

/// The names of what is stored, if there is a database; none is made, and nothing is waited for.
fn stored(settings: &Settings) -> Vec<String> {
    let Some((database, _)) = settings.value(Key::Database) else { return Vec::new() };
    let database = Path::new(database);
    if !database.is_file() {
        return Vec::new();
    }
    let sources = Store::open_to_read(database, store::Config::default()).and_then(|store| store.sources_after("", "", MOST));
    let names = sources.unwrap_or_default().into_iter().map(|source| source.as_str().to_owned());
    names.filter(|name| is_plain(name)).collect()
}

/// Whether a shell takes a name for nothing else: an index that somebody else has made may call its sources anything.
fn is_plain(name: &str) -> bool {
    let of_names = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':' | '@' | '+' | '~');
    name.starts_with(char::is_alphanumeric) && name.chars().all(of_names)
}

/// The command with the names wherever a source is named.
fn with_sources(command: clap::Command, sources: Vec<String>) -> clap::Command {
    command.mut_subcommands(|subcommand| {
        let is_compare = subcommand.get_name() == "compare";
        let is_source = |id: &str| matches!(id, "source" | "sources") || (is_compare && matches!(id, "from" | "to"));
        let ids: Vec<_> =
            subcommand.get_arguments().map(|argument| argument.get_id().clone()).filter(|id| is_source(id.as_str())).collect();
        ids.into_iter().fold(subcommand, |subcommand, id| {
            let sources = sources.clone();
            subcommand.mut_arg(id, |argument| {
                argument.add(ArgValueCompleter::new(move |typed: &OsStr| {
                    let typed = typed.to_str().unwrap_or_default();
                    sources.iter().filter(|name| name.starts_with(typed)).map(CompletionCandidate::new).collect::<Vec<_>>()
                }))
            })
        })
    })
}

/// bash ends words at `@`, `:` and `=`, and puts in only what comes behind the last of them: the names of sources have all three around
/// them. So the line is cut at blanks, and what is there already is taken off the answers.
const WHOLE_WORDS: &str = r#"
_smolcrawl() {
    local line="${COMP_LINE:0:COMP_POINT}" word sign head there=""
    word="${line##*[[:space:]]}"
    local -a COMP_WORDS
    IFS=$' \t\n' read -r -a COMP_WORDS <<< "$line"
    [[ -n $word ]] || COMP_WORDS+=("")
    local COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _clap_complete_smolcrawl "$1" "$word" "$3"
    for sign in @ : =; do
        [[ $COMP_WORDBREAKS == *"$sign"* && $word == *"$sign"* ]] || continue
        head="${word%"$sign"*}$sign"
        ((${#head} <= ${#there})) || there="$head"
    done
    COMPREPLY=("${COMPREPLY[@]#"$there"}")
}
complete -o nospace -o bashdefault -F _smolcrawl smolcrawl
"#;

/// Names at the most: nobody reads more of them below a line.
const MOST: usize = 1_000;
