//! The engine that tests of a store run on: a file, or, where `SMOLCRAWL_TEST_POSTGRES` names a database, schemas of its own there.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use smolcrawl::store::{Config, Error, Store};

/// A store that no other test has.
pub fn in_memory() -> Store {
    match server() {
        None => Store::open_in_memory().unwrap(),
        Some(_) => open(":memory:", Config::default()).unwrap(),
    }
}

/// The store of a path: whoever opens the same has the same.
pub fn open(path: impl AsRef<Path>, config: Config) -> Result<Store, Error> {
    Store::open(named(path.as_ref()), config)
}

/// What `--db` is for the store of a path; `:memory:` is another each time.
pub fn named(path: &Path) -> PathBuf {
    let Some(server) = server() else { return path.to_owned() };
    if path.as_os_str() == ":memory:" {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        return in_schema(&server, &format!("m{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))).into();
    }
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    in_schema(&server, &format!("f{:x}", hasher.finish())).into()
}

fn server() -> Option<String> {
    std::env::var("SMOLCRAWL_TEST_POSTGRES").ok().filter(|server| !server.is_empty())
}

fn in_schema(server: &str, schema: &str) -> String {
    format!("{server}{}schema={schema}", if server.contains('?') { '&' } else { '?' })
}
