//! The browser reads its third descriptor and writes its fourth. A shell puts them there before it becomes the browser, as a child of ours has
//! the first three only, unless its start is written in unsafe code.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

/// The group of the browser's processes.
#[derive(Debug)]
pub(in crate::render) struct Leash {
    /// None once the browser has been waited for: then its number may be another's. Held while the group is ended.
    group: Mutex<Option<Pid>>,
}

impl Leash {
    /// Ends whatever is left of the browser.
    pub(in crate::render) fn end(&self) {
        if let Some(group) = *self.group.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// The same, and the browser is waited for.
    pub(in crate::render) fn bury(&self, child: &mut Child) {
        let mut group = self.group.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(group) = group.take() {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = child.wait();
    }
}

type Started = (Child, Leash, Box<dyn Write + Send>, Box<dyn Read + Send>, ChildStderr);

pub(super) fn start(program: &Path, arguments: &[String], prepare: impl FnOnce(&mut Command)) -> io::Result<Started> {
    let mut command = super::command(Path::new("/bin/sh"));
    command.args(["-c", BECOME]).arg(program).args(arguments).arg("--remote-debugging-pipe");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    prepare(&mut command);
    let mut child = command.spawn()?;
    let leash = Leash { group: Mutex::new(Some(Pid::from_child(&child))) };
    match (child.stdin.take(), child.stdout.take(), child.stderr.take()) {
        (Some(to), Some(from), Some(said)) => Ok((child, leash, Box::new(to), Box::new(from), said)),
        _ => unreachable!("all three were asked for"),
    }
}

/// 4 GiB of data for each process, where the system counts that: a page that fills arrays without end meets it before the others do.
const BECOME: &str = "ulimit -d 4194304 2>/dev/null; exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null";
