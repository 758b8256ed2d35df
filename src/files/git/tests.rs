//! With the real git on repositories of this disk, and with programs that stand in for it where it is to hang.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::files::archive::Next;

/// A repository with two commits, of which the first has a tag.
fn repository() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let run = Command::new("git")
            .args(["-c", "user.name=a", "-c", "user.email=a@b.test", "-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .current_dir(folder.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        assert!(run.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).unwrap().trim().to_owned()
    };
    git(&["init", "--quiet"]);
    fs::write(folder.path().join("a.md"), "# First $Format:%H$").unwrap();
    fs::write(folder.path().join("b.md"), "# Hidden from archives").unwrap();
    fs::write(folder.path().join(".gitattributes"), "b.md export-ignore\na.md export-subst\n").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("c.md")).unwrap();
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", "x"]);
    git(&["tag", "v1"]);
    fs::write(folder.path().join("a.md"), "# Second").unwrap();
    git(&["commit", "--quiet", "-am", "y"]);
    folder
}

fn fetched(remote: &str, reference: Option<&str>, protocols: &'static str) -> Result<GitFetch, Error> {
    fetched_as(GitUser::Own, remote, reference, protocols)
}

fn fetched_as(user: GitUser, remote: &str, reference: Option<&str>, protocols: &'static str) -> Result<GitFetch, Error> {
    let git = Git::new(OsStr::new("git"), protocols, user)?;
    let now = Instant::now();
    let mut fetch = GitFetch::start_with(git, remote, reference, GitLimits::default(), now)?;
    while !fetch.step(now)? {
        std::thread::yield_now();
    }
    Ok(fetch)
}

fn files(fetch: GitFetch) -> (Vec<(String, String)>, Option<String>) {
    let mut archive = fetch.into_archive(Selection::default(), ArchiveLimits::default()).unwrap();
    let mut files = Vec::new();
    loop {
        match archive.next().unwrap() {
            Next::File(file) => files.push((file.path, String::from_utf8(file.bytes).unwrap())),
            Next::More => {}
            Next::End => return (files, archive.commit().map(str::to_owned)),
        }
    }
}

#[test]
fn one_commit_is_fetched_and_read_as_it_was_committed() {
    let repository = repository();
    let remote = format!("file://{}", repository.path().display());
    let (found, commit) = files(fetched(&remote, None, "file").unwrap());
    let hidden = ("b.md".to_owned(), "# Hidden from archives".to_owned());
    assert_eq!(found, [("a.md".to_owned(), "# Second".to_owned()), hidden.clone()]);
    let head = fs::read_to_string(repository.path().join(".git/refs/heads/main")).unwrap();
    assert_eq!(commit.as_deref(), Some(head.trim()));
    let (found, commit) = files(fetched(&remote, Some("v1"), "file").unwrap());
    assert_eq!(found, [("a.md".to_owned(), "# First $Format:%H$".to_owned()), hidden]);
    assert_ne!(commit.as_deref(), Some(head.trim()));
    assert_eq!(files(fetched(&remote, Some(head.trim()), "file").unwrap()).1.as_deref(), Some(head.trim()), "a commit by its hash");
}

#[test]
fn nothing_of_its_user_is_asked_where_anybody_may_have_it_fetched() {
    let git = |user| Git::new(OsStr::new("git"), "https:http", user).unwrap();
    let said = |git: &Git, arguments: &[&str]| {
        let run = git.command(arguments).unwrap().stdout(Stdio::piped()).output().unwrap();
        String::from_utf8(run.stdout).unwrap()
    };
    let anybody = git(GitUser::Anybody);
    let settings = said(&anybody, &["config", "--list", "--show-origin"]);
    assert!(settings.lines().all(|line| line.starts_with("command line:")), "{settings}");
    assert!(settings.contains("credential.helper=\n"), "{settings}");
    for git in [&anybody, &git(GitUser::Own)] {
        assert_eq!(said(git, &["config", "--get", "http.followRedirects"]), "false\n");
    }
    let command = anybody.command(&["x"]).unwrap();
    let variable = |name: &str| command.get_envs().find(|(of, _)| *of == name).and_then(|(_, value)| value);
    let home = Path::new(variable("HOME").unwrap());
    assert_eq!(fs::read_dir(home).unwrap().count(), 0, "no .netrc, no .git-credentials");
    assert_eq!(
        (variable("GIT_CONFIG_GLOBAL").unwrap(), variable("GIT_CONFIG_NOSYSTEM").unwrap()),
        (OsStr::new("/dev/null"), OsStr::new("1"))
    );
    assert!(git(GitUser::Own).command(&["x"]).unwrap().get_envs().all(|(of, _)| of != "HOME"));
    let repository = repository();
    let remote = format!("file://{}", repository.path().display());
    assert_eq!(files(fetched_as(GitUser::Anybody, &remote, Some("v1"), "file").unwrap()).0.len(), 2);
}

#[test]
fn what_git_refuses_is_told_in_its_words() {
    let repository = repository();
    let remote = format!("file://{}", repository.path().display());
    let error = fetched(&remote, Some("nothing"), "file").unwrap_err();
    assert!(error.to_string().contains("nothing") && error.hint().is_some(), "{error}");
    let error = fetched(&remote, None, "https:ssh").unwrap_err();
    assert!(error.to_string().contains("not allowed"), "a protocol that is not allowed: {error}");
    let error = fetched("ext::sh -c 'touch /tmp/never'", None, "https:http:ssh").unwrap_err();
    assert!(error.to_string().contains("not allowed"), "{error}");
    let missing = Git::new(OsStr::new("/nonexistent/git"), "file", GitUser::Own).unwrap();
    let error = GitFetch::start_with(missing, &remote, None, GitLimits::default(), Instant::now()).unwrap_err();
    assert!(matches!(error, Error::NoGit { .. }) && error.hint().is_some(), "{error}");
}

/// A program that initialises and then hangs, with a child that holds the pipe open for as long as it lives.
fn hanging(folder: &Path) -> (Git, std::path::PathBuf) {
    let pipe = folder.join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let program = folder.join("git");
    let script = format!("#!/bin/sh\ncase \"$*\" in *init*) exit 0;; esac\n(sleep 1000 > '{}') &\nwait\n", pipe.display());
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    (Git::new(program.as_os_str(), "file", GitUser::Own).unwrap(), pipe)
}

#[test]
fn a_fetch_that_is_dropped_or_late_ends_with_all_that_it_started() {
    for is_late in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let (git, pipe) = hanging(folder.path());
        let place = git.folder.path().to_owned();
        let now = Instant::now();
        let mut fetch = GitFetch::start_with(git, "file:///x", None, GitLimits::default(), now).unwrap();
        assert!(!fetch.step(now).unwrap());
        // Opens once the grandchild has it open, and ends once that is gone.
        let mut held = File::open(pipe).unwrap();
        if is_late {
            let error = fetch.step(now + GitLimits::default().time).unwrap_err();
            assert!(matches!(error, Error::TooMuch { .. }), "{error}");
        }
        drop(fetch);
        assert_eq!(held.read_to_end(&mut Vec::new()).unwrap(), 0);
        assert!(!place.exists());
    }
}

#[test]
fn a_repository_that_is_too_large_is_not_fetched_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let (git, _) = hanging(folder.path());
    let packs = git.folder.path().join("objects/pack");
    let now = Instant::now();
    let mut fetch = GitFetch::start_with(git, "file:///x", None, GitLimits { max_bytes: 10, ..GitLimits::default() }, now).unwrap();
    fs::create_dir_all(&packs).unwrap();
    fs::write(packs.join("tmp_pack_x"), [0; 11]).unwrap();
    assert!(matches!(fetch.step(now), Err(Error::TooMuch { .. })));
}

#[test]
fn the_waiting_goes_by_the_reactors_clock() {
    let handle = crate::reactor::sim::Sim::new().handle();
    let repository = Repository { remote: "https://127.0.0.1:1/none.git".into(), web: None, reference: None, folder: None };
    let error = handle.block_on(fetch(&handle, repository, GitUser::Own, Vec::new(), GitLimits::default())).unwrap_err();
    assert!(matches!(error, Error::Git { .. } | Error::TooMuch { .. }), "{error}");
}

#[test]
fn a_name_is_asked_where_it_was_found_and_nowhere_else() {
    let [v4, v6] = ["192.0.2.1", "2001:db8::1"].map(|address| address.parse::<IpAddr>().unwrap());
    let remote = |text: &str| Url::parse(text).unwrap();
    assert_eq!(resolved(&remote("https://a.test/x"), &[v4, v6]).as_deref(), Some("a.test:443:192.0.2.1,[2001:db8::1]"));
    assert_eq!(resolved(&remote("http://a.test:8080/x"), &[v4]).as_deref(), Some("a.test:8080:192.0.2.1"));
    assert_eq!(resolved(&remote("https://192.0.2.1/x"), &[v4]), None);
    assert_eq!(resolved(&remote("https://a.test/x"), &[]), None);
    // Nothing of that name is on any network: who asks at loopback is told what is there, which is nothing.
    let loopback = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = loopback.local_addr().unwrap().port();
    let asked = std::thread::spawn(move || loopback.accept().map(|_| ()));
    let repository = Repository { remote: format!("http://kettle.test:{port}/x.git"), web: None, reference: None, folder: None };
    let now = Instant::now();
    let mut fetch = GitFetch::start(&repository, GitUser::Anybody, &["127.0.0.1".parse().unwrap()], GitLimits::default(), now).unwrap();
    let error = loop {
        match fetch.step(now) {
            Ok(false) => std::thread::yield_now(),
            Ok(true) => panic!("there is nothing to be fetched"),
            Err(error) => break error.to_string(),
        }
    };
    assert!(!error.contains("resolve host"), "{error}");
    asked.join().unwrap().unwrap();
}

#[test]
fn documents_have_what_they_include_of_the_repository() {
    let folder = repository();
    let git = |arguments: &[&str]| {
        let options = ["-c", "user.name=a", "-c", "user.email=a@b.test", "-c", "commit.gpgsign=false"];
        let run =
            Command::new("git").args(options).args(arguments).current_dir(folder.path()).env("GIT_CONFIG_GLOBAL", "/dev/null").output();
        assert!(run.unwrap().status.success(), "{arguments:?}");
    };
    fs::write(folder.path().join("a.md"), "{* z.py *}").unwrap();
    fs::write(folder.path().join("z.py"), "boil()").unwrap();
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", "z"]);
    let fetch = fetched(&format!("file://{}", folder.path().display()), None, "file").unwrap();
    let (files, commit) = files(fetch);
    assert!(files.contains(&("a.md".to_owned(), "```python\nboil()\n```".to_owned())) && commit.is_some(), "{files:?}");
}
