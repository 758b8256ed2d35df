//! The command line: read what is asked for, run it, say how it ended.

// It panics where nobody reads it: see `terminal::tell`.
#![deny(clippy::print_stderr)]

mod cli;
mod commands;
mod failure;
mod terminal;

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use smolcrawl::config::Environment;

fn main() -> ExitCode {
    let environment = Environment::of_process();
    if let Some(shell) = environment.value(commands::COMPLETE) {
        return commands::complete(shell, &environment);
    }
    let cli = match cli::Cli::read() {
        Ok(Some(cli)) => cli,
        Ok(None) => return ExitCode::SUCCESS,
        Err(failure) => return failure.report_plain(),
    };
    commands::log_to_stderr(&cli.everywhere, &environment);
    let paint = commands::paint(&cli.everywhere, &environment, io::stderr().is_terminal());
    match commands::run(cli, &environment) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(paint),
    }
}
