//! What the user shows to sites that want to know who asks: `--header`, and the file of credentials. The only reader of that file.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use smolcrawl::config::{Environment, Key, Settings};
use smolcrawl::crawl::{CrawlRequest, Credentials, parse_url};
use url::Url;

use super::Failure;
use crate::cli::{Command, Everywhere};
use crate::failure::place;
use crate::terminal;

/// Those of the file, and those of the command line for the sites that it names; none for what asks no site for anything. A server goes on
/// without a file that is no use: what it has stored needs none.
pub fn of(command: &Command, settings: &Settings, environment: &Environment) -> Result<Credentials, Failure> {
    let mut credentials = Credentials::default();
    match command {
        Command::Add(_) | Command::Crawl(_) | Command::Fetch(_) | Command::Refresh(_) | Command::Verify(_) | Command::Work(_) => {
            credentials.add(&of_file(settings, environment)?);
        }
        Command::Serve(_) => match of_file(settings, environment) {
            Ok(known) => credentials.add(&known),
            Err(failure) => log::warn!("no site is shown who you are: {}", failure.told()),
        },
        _ => {}
    }
    let (headers, sites): (&[String], &[String]) = match command {
        Command::Crawl(asked) => (&asked.header, &asked.urls),
        Command::Add(asked) => (&[], std::slice::from_ref(&asked.what)),
        Command::Fetch(asked) => (&asked.header, std::slice::from_ref(&asked.url)),
        _ => (&[], &[]),
    };
    for site in sites {
        // User and password in an address: a crawl has them already, a page is asked for by its address without them.
        if let Ok(request) = CrawlRequest::parse(std::slice::from_ref(site)) {
            credentials.add(&request.credentials);
        }
    }
    for site in if headers.is_empty() { &[] } else { sites } {
        let site = parse_url(site).map_err(smolcrawl::Error::from)?;
        for header in headers {
            let (name, value) =
                header.split_once(':').ok_or_else(|| Failure::usage("--header: there is no colon in it").hinting(HEADER))?;
            let value = resolved(value, environment).map_err(|why| Failure::new(format!("--header {name:?}: {why}"), HEADER))?;
            credentials.header(&site, name, &value).map_err(Failure::flag)?;
        }
    }
    Ok(credentials)
}

/// Those of the file that a setting names, else of the usual one, if there is one.
pub fn of_file(settings: &Settings, environment: &Environment) -> Result<Credentials, Failure> {
    let named = settings.value(Key::Credentials).map(|(path, _)| PathBuf::from(path));
    let usual = || Everywhere::usual_credentials().filter(|path| path.exists());
    named.or_else(usual).map_or_else(|| Ok(Credentials::default()), |path| read_file(&path, environment))
}

/// Tables by origin: `["https://docs.test"]` with `headers`, `user` and `password`, or `cookies`, a file in Netscape's format.
fn read_file(path: &Path, environment: &Environment) -> Result<Credentials, Failure> {
    let failure = |why: String| Failure::new(format!("credentials {}: {why}", path.display()), FILE);
    let text = read_secret(path)?;
    // A parser's message quotes the line, which may be a secret.
    let table = text.parse::<toml::Table>().map_err(|error| {
        let at = error.span().map_or_else(String::new, |span| format!("{}: ", place(&text, span.start)));
        failure(format!("{at}this is not TOML"))
    })?;
    let mut credentials = Credentials::default();
    for (origin, value) in &table {
        let said = terminal::line(origin);
        let site = parse_url(origin)
            .ok()
            .filter(is_origin)
            .ok_or_else(|| failure(format!("[{said:?}] is no origin such as https://docs.test")))?;
        let toml::Value::Table(of_site) = value else { return Err(failure(format!("{said:?} is no table"))) };
        let wrong = |what: &str, why: &str| failure(format!("[{said:?}] {what}: {why}"));
        let string = |name: &str| match of_site.get(name) {
            None => Ok(None),
            Some(toml::Value::String(value)) => resolved(value, environment).map(Some).map_err(|why| wrong(name, &why)),
            Some(_) => Err(wrong(name, "it is no string")),
        };
        if let Some(name) = of_site.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            return Err(wrong(name, "it is none of headers, user, password, cookies"));
        }
        match of_site.get("headers") {
            None => {}
            Some(toml::Value::Table(headers)) => {
                for (name, value) in headers {
                    let value = value.as_str().ok_or_else(|| wrong(name, "it is no string"))?;
                    let value = resolved(value, environment).map_err(|why| wrong(name, &why))?;
                    credentials.header(&site, name, &value).map_err(|error| wrong(name, &error.to_string()))?;
                }
            }
            Some(_) => return Err(wrong("headers", "it is no table")),
        }
        match (string("user")?, string("password")?) {
            (None, None) => {}
            (Some(user), Some(password)) => {
                credentials.basic(&site, &user, &password).map_err(|error| wrong("user", &error.to_string()))?;
            }
            (Some(_), None) => return Err(wrong("password", "it is missing")),
            (None, Some(_)) => return Err(wrong("user", "it is missing")),
        }
        if let Some(file) = string("cookies")? {
            let file = path.parent().unwrap_or(Path::new("")).join(file);
            let cookies = credentials.cookies(&read_secret(&file)?, SystemTime::now());
            cookies.map_err(|error| wrong("cookies", &format!("{}: {error}", file.display())))?;
        }
    }
    Ok(credentials)
}

/// Nobody else may read what is in it.
fn read_secret(path: &Path) -> Result<String, Failure> {
    let failure = |why: String, hint: &str| Failure::new(format!("credentials {}: {why}", path.display()), hint);
    let told = |error: std::io::Error| failure(error.to_string(), FILE);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(path).map_err(told)?.permissions().mode();
        if mode & 0o077 != 0 {
            let others = format!("others may read it (mode {:03o})", mode & 0o777);
            return Err(failure(others, &format!("chmod 600 {}", path.display())));
        }
    }
    fs::read_to_string(path).map_err(told)
}

fn is_origin(url: &Url) -> bool {
    url.path() == "/" && url.query().is_none() && url.username().is_empty()
}

/// `env:NAME` stands for the value of a variable.
fn resolved(value: &str, environment: &Environment) -> Result<String, String> {
    match value.trim().strip_prefix("env:") {
        None => Ok(value.to_owned()),
        Some(name) => environment.value(name.trim()).map(str::to_owned).ok_or_else(|| format!("the environment has no {}", name.trim())),
    }
}

const KNOWN: [&str; 4] = ["headers", "user", "password", "cookies"];
const HEADER: &str = "as in --header 'Authorization: Bearer TOKEN' or --header 'Authorization: env:NAME'";
const FILE: &str =
    "as in [\"https://docs.test\"] with headers = { Authorization = \"env:NAME\" }, user and password, or cookies = \"FILE\"";
