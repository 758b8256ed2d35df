//! What happens to a file that cannot be read in time, which nothing but its budget can make so.

use std::io::Write;
use std::time::Duration;

use super::*;
use crate::config::{Config, Embeddings, Environment};
use crate::files::Origin;
use crate::model::Budget;

fn archive(path: &std::path::Path, files: &[&str]) {
    let mut builder = tar::Builder::new(Vec::new());
    for name in files {
        let text = format!("# Page {name}\n\nText of it.\n");
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        builder.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    std::fs::File::create(path).unwrap().write_all(&builder.into_inner().unwrap()).unwrap();
}

#[test]
fn a_file_of_an_archive_that_failed_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pots.tar");
    let mut config = Config { environment: Environment::none(), ..Config::new(folder.path().join("index.db")) };
    config.embeddings = Embeddings::None;
    let engine = Engine::new(config).unwrap();
    let add = |budget: Option<Budget>| {
        engine.handle().block_on(async {
            let mut adding = engine.add(AddRequest::new(Origin::Archive(path.clone())), Chunking::default());
            if let Some(budget) = budget {
                adding.reading.budget = budget;
            }
            while let Some(event) = adding.next().await {
                event.unwrap();
            }
            let report = adding.report();
            [report.added, report.unchanged, report.failed_total]
        })
    };
    let has_changed = || {
        engine.handle().block_on(async {
            let sources = engine.sources_on_disk().await.unwrap();
            engine.has_changed_on_disk(&sources[0]).await.unwrap()
        })
    };
    archive(&path, &["a.md"]);
    assert_eq!(add(None), [1, 0, 0]);
    archive(&path, &["a.md", "b.md"]);
    assert!(has_changed());
    assert_eq!(add(Some(Budget::new(Duration::ZERO))), [0, 1, 1]);
    assert!(!has_changed(), "it is not tried without end");
    assert_eq!(add(None), [1, 1, 0]);
    assert_eq!(add(None), [0, 2, 0]);
}
