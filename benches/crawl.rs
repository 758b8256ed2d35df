//! What does it cost to take in a site of 1,000 pages, and to ask it: time, processor time, memory, disk, with embedding and without?
//!
//! `cargo bench --bench crawl`; `CRAWL_PAGES=100` another number of pages, `CRAWL_BIN=FILE` another program than the one built here. The
//! site is made up and served on loopback by this process; what is measured is `smolcrawl` in processes of its own, run as a user runs it.
//! A page has 1,500 words in eight sections, code and a table. Memory and processor time are told on Linux alone; the machine should have
//! nothing else to do.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

#[path = "support/site.rs"]
mod site;

use site::page;

fn main() {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let pages = std::env::var("CRAWL_PAGES").ok().and_then(|pages| pages.parse().ok()).unwrap_or(if is_bench { 1_000 } else { 20 });
    let program = std::env::var("CRAWL_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_smolcrawl").to_owned());
    let site = serve(pages);
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let run = |arguments: &[&str]| measure(&program, folder.path(), arguments);
    let crawl =
        ["crawl", &site, "--depth", "50", "--max-pages", &pages.to_string(), "--concurrency", "16", "--allow-private", "--ignore-robots"];

    say(&format!("{pages} pages, {} KiB of HTML each", page(1, pages).len() >> 10));
    say("| | time | processor time | peak memory | database |");
    say("|---|---|---|---|---|");
    let words = run(&[&crawl[..], &["--no-index", "--db", "words.db"]].concat());
    say(&words.row("words only (`--no-index`)", Some(size(folder.path(), "words.db"))));
    let both = run(&[&crawl[..], &["--db", "both.db"]].concat());
    say(&both.row("words and meaning", Some(size(folder.path(), "both.db"))));
    for (name, database, mode) in [("a question by words", "words.db", "lexical"), ("a question by both", "both.db", "hybrid")] {
        let asked = run(&["search", "how is a worker told to stop after a timeout", "--db", database, "--mode", mode]);
        say(&asked.row(name, None));
    }
    say(run(&["sources", "--db", "both.db"]).said.trim_end());
}

/// What one run of the program took.
struct Measured {
    wall: Duration,
    /// User and system; none where the system does not tell.
    worked: Option<Duration>,
    /// The most memory it had at one time, in bytes.
    peak: Option<u64>,
    said: String,
}

impl Measured {
    fn row(&self, name: &str, disk: Option<u64>) -> String {
        let seconds = |time: Duration| format!("{:.2} s", time.as_secs_f64());
        let mib = |bytes: Option<u64>| bytes.map_or_else(String::new, |bytes| format!("{} MiB", bytes >> 20));
        format!(
            "| {name} | {} | {} | {} | {} |",
            seconds(self.wall),
            self.worked.map_or_else(String::new, seconds),
            mib(self.peak),
            mib(disk)
        )
    }
}

/// With nothing of what this machine's user has set.
fn measure(program: &str, folder: &Path, arguments: &[&str]) -> Measured {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("SMOLCRAWL_") || name.to_ascii_lowercase().ends_with("_proxy") {
            command.env_remove(name);
        }
    }
    for variable in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "APPDATA", "LOCALAPPDATA"] {
        command.env(variable, folder);
    }
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped());
    let started = Instant::now();
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{program} cannot be run: {error}"));
    let mut stdout = child.stdout.take().expect("it is piped");
    let reading = thread::spawn(move || io::read_to_string(&mut stdout));
    let (mut worked, mut peak) = (None, None);
    // What a process took is gone with it: it is looked at until then.
    let status = loop {
        (worked, peak) = (processor_time(child.id()).or(worked), peak_memory(child.id()).or(peak));
        match child.try_wait().expect("it is a child of ours") {
            Some(status) => break status,
            None => thread::sleep(LOOK),
        }
    };
    let wall = started.elapsed();
    let said = reading.join().expect("reading does not panic").expect("it writes UTF-8");
    assert!(status.success(), "smolcrawl {}: {status}\n{said}", arguments.join(" "));
    Measured { wall, worked, peak, said }
}

/// proc(5): the fields after the name, which is in parentheses; user and system time are the 14th and 15th of all, in hundredths of a second.
fn processor_time(process: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<u64> = stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    match fields[..] {
        [user, system] => Some(Duration::from_millis((user + system) * 10)),
        _ => None,
    }
}

fn peak_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? << 10)
}

/// Of the database and the files that SQLite has beside it.
fn size(folder: &Path, database: &str) -> u64 {
    let files = std::fs::read_dir(folder).expect("the folder is ours").flatten();
    let of_it = files.filter(|file| file.file_name().to_string_lossy().starts_with(database));
    of_it.filter_map(|file| Some(file.metadata().ok()?.len())).sum()
}

/// The site, for as long as this process runs.
fn serve(pages: u64) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    let url = format!("http://{}/", listener.local_addr().expect("it is bound"));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || drop(answer(stream, pages)));
        }
    });
    url
}

/// Requests of one connection, one after the other.
fn answer(mut stream: TcpStream, pages: u64) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    while let Some(request) = lines.next().transpose()? {
        for line in lines.by_ref() {
            if line?.is_empty() {
                break;
            }
        }
        let path = request.split(' ').nth(1).unwrap_or_default();
        let number = if path == "/" { Some(0) } else { path.trim_start_matches("/page/").parse().ok() };
        let (status, body) = match number.filter(|number| *number < pages) {
            Some(number) => ("200 OK", page(number, pages)),
            None => ("404 Not Found", "<title>Not found</title>".to_owned()),
        };
        let head = format!("HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
    }
    Ok(())
}

fn say(line: &str) {
    writeln!(io::stdout(), "{line}").expect("standard output takes a line");
}

const LOOK: Duration = Duration::from_millis(5);
