//! What it takes to have it: crates, the time of a clean build, the size of the program, the time of a start.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::results::Quartiles;

/// Of one program.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Cost {
    pub name: String,
    pub told: String,
    /// Crates in its tree, itself among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crates: Option<usize>,
    /// Seconds of wall time and of processor time; none if it was not built anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub built: Option<(f64, f64)>,
    /// Bytes of the program without symbols.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Milliseconds from the start to the end of `--version`, or of an `ours` and `theirs` that has nothing to do: a median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<f64>,
}

/// What is built, and how.
struct Built {
    name: &'static str,
    told: &'static str,
    /// Of the package that has it.
    manifest: PathBuf,
    features: &'static [&'static str],
    binary: &'static str,
    /// Whether the time of a clean build is told: it takes minutes.
    is_timed: bool,
}

/// Builds programs into folders below `folder`; those of which the time is told into empty ones.
pub fn measure(folder: &Path) -> Vec<Cost> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (own, root) = (here.join("Cargo.toml"), here.join("../../Cargo.toml"));
    let built = |name, told, manifest: &Path, features, binary, is_timed| Built {
        name,
        told,
        manifest: manifest.to_owned(),
        features,
        binary,
        is_timed,
    };
    let all = [
        built("ours", "crawls into a store and serves MCP, by this library", &own, &["--no-default-features"][..], "ours", true),
        built(
            "theirs",
            "the same on Tokio, reqwest and rmcp, with this library's extraction and store",
            &own,
            &["--no-default-features", "--features", "theirs"],
            "theirs",
            true,
        ),
        built(
            "smolcrawl-lean",
            "the program without the model",
            &root,
            &["--no-default-features", "--features", "cli,surf"],
            "smolcrawl",
            false,
        ),
        built("smolcrawl", "the program", &root, &[], "smolcrawl", false),
    ];
    all.iter().map(|built| built.cost(folder)).collect()
}

impl Built {
    fn cost(&self, folder: &Path) -> Cost {
        eprintln!("cost of {}", self.name);
        let target = folder.join(if self.is_timed { self.name } else { "programs" });
        if self.is_timed && target.exists() {
            std::fs::remove_dir_all(&target).unwrap_or_else(|error| panic!("{}: {error}", target.display()));
        }
        let begun = Instant::now();
        let mut build = self.cargo("build");
        build.args(["--release", "--quiet", "--bin", self.binary]).env("CARGO_TARGET_DIR", &target);
        let worked = children_worked(&mut build);
        let built = worked.filter(|_| self.is_timed).map(|worked| (begun.elapsed().as_secs_f64(), worked));
        let program = target.join("release").join(self.binary);
        Cost {
            name: self.name.to_owned(),
            told: self.told.to_owned(),
            crates: self.crates(),
            built,
            size: stripped(&program),
            start: started(&program),
        }
    }

    fn cargo(&self, what: &str) -> Command {
        let mut command = Command::new("cargo");
        command.arg(what).args(["--locked", "--manifest-path"]).arg(&self.manifest).args(self.features);
        command
    }

    fn crates(&self) -> Option<usize> {
        let output =
            self.cargo("tree").args(["-e", "normal", "--prefix", "none"]).output().ok().filter(|output| output.status.success())?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut names: Vec<String> = text.lines().map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect();
        names.sort();
        names.dedup();
        Some(names.len())
    }
}

/// Runs a command and returns the processor time of it and all it started, as bash(1) tells it; none if it failed.
fn children_worked(command: &mut Command) -> Option<f64> {
    let mut timed = Command::new("bash");
    timed.args(["-c", "TIMEFORMAT='%U %S'; time \"$@\" >&2 2>&1", "bash"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        timed.env(name, value?);
    }
    let output = timed.stdin(Stdio::null()).output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        eprintln!("{said}");
        return None;
    }
    let numbers: Vec<f64> = said.lines().last()?.split(' ').filter_map(|word| word.parse().ok()).collect();
    match numbers[..] {
        [user, system] => Some(user + system),
        _ => None,
    }
}

fn stripped(program: &Path) -> Option<u64> {
    let copy = program.with_extension("stripped");
    Command::new("strip").args(["-s", "-o"]).arg(&copy).arg(program).status().ok().filter(|status| status.success())?;
    Some(std::fs::metadata(&copy).ok()?.len())
}

/// The least of a program: it says its version, or that it was not told what to do.
fn started(program: &Path) -> Option<f64> {
    let once = || {
        let begun = Instant::now();
        let mut command = Command::new(program);
        command.arg("--version").env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().ok()?;
        Some(begun.elapsed().as_secs_f64() * 1_000.0)
    };
    once()?;
    let times: Option<Vec<f64>> = (0..20).map(|_| once()).collect();
    Quartiles::of(&times?).map(|quartiles| quartiles.middle)
}
