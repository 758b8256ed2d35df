//! `find` and `check`: what is called so in the packages that a project uses, and whether what code names is there.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use smolcrawl::Engine;
use smolcrawl::engine::{CodeChecked, FoundSymbol, Reference, SymbolQuery};
use smolcrawl::symbols::{How, Language, Prefix, Verdict};

use super::output::Output;
use super::{Failure, project};
use crate::cli;
use crate::terminal::{Paint, Style};

pub async fn find(engine: &Engine, asked: cli::Find, paint: Paint) -> Result<(), Failure> {
    let project = match (&asked.project, asked.everywhere) {
        (Some(path), _) => Some(project::of(engine, path).await?),
        (None, true) => None,
        (None, false) => engine.project_of(Path::new(".")).await?,
    };
    let query = SymbolQuery {
        name: asked.name.clone(),
        package: asked.package.clone(),
        kind: asked.kind,
        by_prefix: if asked.prefix { Prefix::Begins } else { Prefix::Whole },
        project: project.clone(),
        everywhere: asked.everywhere,
        offset: asked.offset,
        limit: usize::from(asked.limit),
        ..SymbolQuery::default()
    };
    let (found, total, left_off, not_searched) = match asked.members {
        true => {
            let listed = engine.list_symbols(query).await?;
            let left_off = listed.total.saturating_sub(asked.offset + listed.symbols.len());
            (listed.symbols, listed.total, left_off, listed.not_searched)
        }
        false => {
            let found = engine.find_symbols(query).await?;
            (found.found, found.total, found.left_off, found.not_searched)
        }
    };
    let mut output = Output::new();
    if asked.json.json {
        output
            .json(&json!({ "symbols": found, "total": total, "left_off": left_off, "project": project, "not_searched": not_searched }))?;
        return Ok(output.finish()?);
    }
    if found.first().is_some_and(|symbol| symbol.how == Some(How::Near)) {
        output.line(format!("nothing is called {:?}; like it are:", asked.name))?;
    }
    for symbol in &found {
        print(&mut output, symbol, paint)?;
    }
    match (found.is_empty(), total) {
        (false, _) => {}
        (true, 1..) => output.line(format!("no more: there are {total}"))?,
        (true, 0) if asked.members => output.line(format!("there is nothing of the kind in {:?}", asked.name))?,
        (true, 0) => output.line(format!("nothing is called {:?}", asked.name))?,
    }
    if left_off > 0 {
        output.line(format!("{left_off} more: --offset {}", asked.offset + found.len()))?;
    }
    for what in &not_searched {
        output.line(format!("not searched: {what}"))?;
    }
    Ok(output.finish()?)
}

/// A symbol: what it is called, and below that what there is to know.
pub fn print(output: &mut Output, symbol: &FoundSymbol, paint: Paint) -> Result<(), Failure> {
    let beside = format!("  {}  {}", symbol.kind, symbol.package);
    output.styled(paint, [(Style::Strong, symbol.path.as_str()), (Style::Faint, &beside)])?;
    let needs = symbol.needs.as_ref().map(|needs| format!("needs {needs}"));
    let deprecated = symbol.deprecated.as_ref().map(|why| format!("deprecated {why}").trim_end().to_owned());
    let lines = [Some(symbol.signature.clone()), Some(symbol.doc.clone()), needs, deprecated, symbol.place.clone()];
    for line in lines.into_iter().flatten().filter(|line| !line.is_empty()) {
        output.line(format!("    {line}"))?;
    }
    Ok(())
}

pub async fn check(engine: &Engine, asked: cli::Check) -> Result<(), Failure> {
    let is_stdin = asked.file.as_os_str() == "-";
    let by_name = || asked.file.to_str().and_then(Language::of_path);
    let language = asked.language.or_else(|| by_name().filter(|_| !is_stdin)).ok_or_else(|| {
        Failure::usage(format!("{}: the language is not known", asked.file.display()))
            .hinting("name it: --language python or --language rust")
    })?;
    let code = read(&asked.file)?;
    let project = match &asked.project {
        Some(path) => Some(project::of(engine, path).await?),
        None if is_stdin => engine.project_of(Path::new(".")).await?,
        None => match engine.project_of(&std::path::absolute(&asked.file)?).await? {
            Some(project) => Some(project),
            None => engine.project_of(Path::new(".")).await?,
        },
    };
    let file = (!is_stdin).then(|| std::path::absolute(&asked.file)).transpose()?;
    let checked = engine.check_code_of(file, code, language, project).await?;
    let missing = count(&checked, Verdict::DoesNotExist);
    let mut output = Output::new();
    match asked.json.json {
        true => output.json(&described(&checked))?,
        false => print_all(&mut output, &asked, &checked)?,
    }
    output.finish()?;
    match missing {
        0 => Ok(()),
        1 => Err(Failure::new("one name does not exist", HINT)),
        many => Err(Failure::new(format!("{many} names do not exist"), HINT)),
    }
}

fn read(path: &PathBuf) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let opened = || -> std::io::Result<Box<dyn Read>> {
        Ok(match path.as_os_str() == "-" {
            true => Box::new(std::io::stdin()),
            false => Box::new(fs::File::open(path)?),
        })
    };
    let read = opened().and_then(|reader| reader.take(LARGEST + 1).read_to_end(&mut bytes));
    read.map_err(|error| {
        Failure::new(format!("{}: {error}", path.display()), "name a file of Python, Rust, JavaScript or TypeScript, or - for stdin")
    })?;
    if bytes.len() as u64 > LARGEST {
        return Err(Failure::new(format!("{} is larger than {} KiB", path.display(), LARGEST >> 10), "check a part of it, by stdin"));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn count(checked: &CodeChecked, verdict: Verdict) -> usize {
    checked.references.iter().filter(|reference| reference.checked.verdict == verdict).count()
}

fn print_all(output: &mut Output, asked: &cli::Check, checked: &CodeChecked) -> Result<(), Failure> {
    for Reference { checked, .. } in &checked.references {
        let is_told = !checked.why.is_empty() && checked.verdict == Verdict::Exists;
        let is_finding = matches!(checked.verdict, Verdict::DoesNotExist | Verdict::NotInLock);
        if !(asked.all || is_finding || is_told) {
            continue;
        }
        let package = checked.package.as_ref().map(|package| format!(" [{package}]")).unwrap_or_default();
        let why = if checked.why.is_empty() { String::new() } else { format!(": {}", checked.why) };
        let near = if checked.near.is_empty() { String::new() } else { format!("; is {} meant?", checked.near.join(", or ")) };
        let (file, line) = (asked.file.display(), checked.line);
        output.line(format!("{file}:{line}: {} {}{why}{near}{package}", checked.text, words(checked.verdict)))?;
    }
    for what in &checked.not_indexed {
        output.line(format!("not looked into: {what}"))?;
    }
    let [exist, missing, unknown, outside] =
        [Verdict::Exists, Verdict::DoesNotExist, Verdict::Unknown, Verdict::NotInLock].map(|verdict| count(checked, verdict));
    output.line(format!(
        "{} references: {exist} exist, {missing} do not, {unknown} cannot be told, {outside} are of packages outside the lock file",
        checked.references.len()
    ))?;
    Ok(())
}

fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Exists => "exists",
        Verdict::DoesNotExist => "does not exist",
        Verdict::NotInLock => "is of no package that the project uses",
        Verdict::Unknown => "cannot be told",
    }
}

fn described(checked: &CodeChecked) -> Value {
    let reference = |reference: &Reference| {
        let mut value = json!(reference.checked);
        value["package"] = json!(reference.checked.package.as_ref().map(ToString::to_string));
        value["url"] = json!(reference.url);
        value
    };
    json!({
        "references": checked.references.iter().map(reference).collect::<Vec<_>>(),
        "project": checked.project,
        "not_indexed": checked.not_indexed,
    })
}

/// Bytes of code, as much as is read of it.
const LARGEST: u64 = 1 << 20;
const HINT: &str = "`smolcrawl find NAME` shows what there is; after a change of the lock file run `smolcrawl project` again";
