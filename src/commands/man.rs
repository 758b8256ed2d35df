//! `man`: pages of the manual, made of what the command line says of itself.

use std::fs;
use std::path::Path;

use super::Failure;
use super::output::Output;
use crate::cli;

pub fn run(asked: &cli::Man) -> Result<(), Failure> {
    let mut command = cli::command().disable_help_subcommand(true);
    command.build();
    let mut output = Output::new();
    match &asked.to {
        Some(folder) => {
            let pages = written(&command, folder).map_err(|(path, error)| {
                Failure::new(format!("{path} cannot be written: {error}"), "name a folder that can be written, or a new one")
            })?;
            output.line(format!("{pages} pages in {0}: `man -l {0}/smolcrawl.1` shows the first", folder.display()))?;
        }
        None => {
            let of = match asked.command.as_deref() {
                None => &command,
                Some(name) => command.find_subcommand(name).ok_or_else(|| unknown(&command, name))?,
            };
            output.bytes(&page(of)?)?;
        }
    }
    Ok(output.finish()?)
}

fn unknown(command: &clap::Command, name: &str) -> Failure {
    let names: Vec<_> = visible(command).map(clap::Command::get_name).collect();
    Failure::usage(format!("{name:?} is no command")).hinting(format!("commands are {}", names.join(", ")))
}

/// One page a command, and one of all: how many.
fn written(command: &clap::Command, folder: &Path) -> Result<usize, (String, std::io::Error)> {
    let at = |path: &Path| {
        let path = path.display().to_string();
        move |error| (path, error)
    };
    fs::create_dir_all(folder).map_err(at(folder))?;
    let all: Vec<_> = std::iter::once(command).chain(visible(command)).collect();
    for command in &all {
        let path = folder.join(format!("{}.1", title(command)));
        page(command).and_then(|page| fs::write(&path, page)).map_err(at(&path))?;
    }
    Ok(all.len())
}

fn visible(command: &clap::Command) -> impl Iterator<Item = &clap::Command> {
    command.get_subcommands().filter(|command| !command.is_hide_set())
}

fn page(command: &clap::Command) -> std::io::Result<Vec<u8>> {
    let title = title(command);
    let source = concat!("smolcrawl ", env!("CARGO_PKG_VERSION"));
    let page = clap_mangen::Man::new(command.clone()).title(title).section("1").source(source).manual("smolcrawl");
    let mut roff = Vec::new();
    page.render(&mut roff)?;
    Ok(roff)
}

/// `smolcrawl` or `smolcrawl-crawl`, as `man` knows it.
fn title(command: &clap::Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}
