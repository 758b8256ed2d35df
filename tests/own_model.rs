//! A model of the user's own in a folder: what an index made by another does with it, and what the command line says of it.
#![cfg(all(feature = "cli", feature = "models", feature = "bundled-model"))]

#[path = "support/binary.rs"]
mod binary;
#[path = "support/site.rs"]
mod site;

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::SystemTime;

use serde_json::json;
use smolcrawl::Engine;
use smolcrawl::config::{Config, Embeddings, Environment};
use smolcrawl::embed::FolderConfig;
use smolcrawl::engine::Chunking;
use smolcrawl::model::{Document, Mode, Query};
use smolcrawl::reactor::Handle;
use smolcrawl::reactor::sim::Sim;
use tempfile::TempDir;

use binary::{report, smolcrawl, text};

#[test]
fn the_old_vectors_answer_until_the_new_model_has_as_many() {
    let home = TempDir::new().unwrap();
    let database = home.path().join("x.db");
    let (handle, engine) = engine(&database, Embeddings::MiniLm);
    handle.block_on(async {
        for (name, text) in [("tasks", "A task is cancelled by dropping it."), ("bread", "Flour, water and salt make a dough.")] {
            let url = format!("https://docs.test/{name}").parse().unwrap();
            let page = Document::new(url, name, format!("# {name}\n\n{text}\n"), SystemTime::UNIX_EPOCH);
            engine.put(page, Chunking::default()).await.unwrap();
        }
        embed(&engine).await;
        assert_eq!(engine.find(query(Mode::Hybrid)).await.unwrap().former_model, None);
    });
    drop(engine);

    let old = smolcrawl::embed::MiniLm::MODEL;
    let own = Embeddings::Folder(FolderConfig::new(model(home.path(), "tiny.onnx")));
    let (handle, engine) = self::engine(&database, own);
    handle.block_on(async {
        for mode in [Mode::Hybrid, Mode::Dense] {
            let found = engine.find(query(mode)).await.unwrap();
            assert_eq!(found.former_model.as_deref(), Some(old), "{mode:?}");
            assert!(found.without_meaning.is_none());
            assert_eq!(found.hits[0].url.path(), "/bread", "by meaning, which a model of random weights has none of");
        }
        let found = engine.find(query(Mode::Lexical)).await.unwrap();
        assert_eq!(found.former_model, None, "words need no model");
        embed(&engine).await;
        let found = engine.find(query(Mode::Dense)).await.unwrap();
        assert_eq!((found.former_model, found.hits.len()), (None, 2));
        let models = engine.models().await.unwrap();
        let mut known: Vec<_> = models.iter().map(|model| (model.name.as_str(), model.dimensions, model.vectors)).collect();
        known.sort_unstable_by_key(|known| known.1);
        assert_eq!(known, [(engine.model().unwrap(), 16, 2), (old, 384, 2)]);
    });
    drop(engine);

    // A model that is not there is not replaced by another: the question goes by words, and says so.
    let (handle, engine) = self::engine(&database, Embeddings::Folder(FolderConfig::new(home.path().join("gone"))));
    handle.block_on(async {
        let found = engine.find(query(Mode::Hybrid)).await.unwrap();
        assert_eq!(found.former_model, None);
        let error = found.without_meaning.expect("no meaning without a model");
        assert!(error.to_string().contains("no such folder") && error.hint().is_some(), "{error}");
        assert!(engine.find(query(Mode::Dense)).await.is_err());
        assert!(engine.embed_pending().next().await.unwrap().is_err());
    });
}

#[test]
fn doctor_tells_of_the_model_and_why_it_cannot_be_used() {
    let home = TempDir::new().unwrap();
    let tiny = model(home.path(), "tiny.onnx");
    let output = doctor(home.path(), &tiny, &[("SMOLCRAWL_MODEL_POOLING", "cls"), ("SMOLCRAWL_MODEL_QUERY_PREFIX", "query: ")]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let findings = report(&output);
    let facts = &findings["model_facts"];
    assert_eq!((&facts["dimensions"], &facts["pooling"]), (&json!(16), &json!("cls (settings)")));
    assert_eq!(facts["query_prefix"], json!(r#""query: " (settings)"#));
    assert!(findings["model"].as_str().unwrap().starts_with("tiny "), "{}", findings["model"]);
    assert_eq!(findings["settings"]["model"]["from"], json!("environment"));

    let stranger = model(home.path(), "stranger.onnx");
    let output = doctor(home.path(), &stranger, &[]);
    assert!(!output.status.success());
    assert!(report(&output)["problems"][0].as_str().unwrap().contains("Mystery"), "the operator is named");
    assert!(text(&output.stderr).contains("hint: "), "{}", text(&output.stderr));
    // Where nothing is there it says what is looked for.
    let output = doctor(home.path(), home.path(), &[]);
    assert!(!output.status.success());
    assert!(report(&output)["model_facts"]["looked_for"].as_str().unwrap().contains("model_quantized.onnx"));
}

#[test]
fn a_search_with_a_model_that_cannot_be_used_says_that_it_goes_by_words() {
    let home = TempDir::new().unwrap();
    std::fs::write(home.path().join("pages.jsonl"), r#"{"url": "https://docs.test/", "title": "Tasks", "text": "Cancel a task."}"#)
        .unwrap();
    let ours = |arguments: &[&str], model: &Path| {
        let output = smolcrawl(home.path()).args(arguments).args(["--db", "x.db"]).env("SMOLCRAWL_MODEL", model).output().unwrap();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    let tiny = model(home.path(), "tiny.onnx");
    let bundled = smolcrawl(home.path()).args(["index", "--jsonl", "pages.jsonl", "--db", "x.db"]).output().unwrap();
    assert!(bundled.status.success());
    let (is_found, _, said) = ours(&["search", "cancel"], &tiny);
    assert!(is_found && said.contains("the model has changed") && said.contains("all-MiniLM-L6-v2"), "{said}");
    let (is_indexed, _, said) = ours(&["index", "--jsonl", "pages.jsonl"], &tiny);
    assert!(is_indexed && said.contains("the model has changed from all-MiniLM-L6-v2"), "{said}");
    let (is_found, hits, said) = ours(&["search", "cancel"], &tiny);
    assert!(is_found && hits.contains("Tasks") && said.is_empty(), "{hits} {said}");
    for broken in [home.path().join("none"), model(home.path(), "decoder.onnx")] {
        let (is_found, hits, said) = ours(&["search", "cancel"], &broken);
        assert!(is_found && hits.contains("Tasks"), "words find it: {hits}");
        assert!(said.contains("found by words only") && said.contains("hint: "), "{said}");
        let (is_indexed, _, said) = ours(&["index", "--jsonl", "pages.jsonl"], &broken);
        assert!(!is_indexed && said.contains("cannot be used"), "{said}");
    }
}

fn engine(database: &Path, embeddings: Embeddings) -> (Handle, Engine) {
    let handle = Sim::new().handle();
    let config = Config { environment: Environment::none(), embeddings, ..Config::new(database) };
    (handle.clone(), Engine::with_handle(config, handle).unwrap())
}

async fn embed(engine: &Engine) {
    let mut embedding = engine.embed_pending();
    while let Some(progress) = embedding.next().await {
        progress.unwrap();
    }
}

fn query(mode: Mode) -> Query {
    Query { mode, ..Query::new("a recipe for a loaf: flour") }
}

/// A folder of that name with one of the networks of tests/models/tiny.py.
fn model(home: &Path, network: &str) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models");
    let folder = home.join(network.trim_end_matches(".onnx"));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(fixtures.join(network), folder.join("model.onnx")).unwrap();
    std::fs::copy(fixtures.join("tokenizer.json"), folder.join("tokenizer.json")).unwrap();
    folder
}

fn doctor(home: &Path, model: &Path, settings: &[(&str, &str)]) -> Output {
    smolcrawl(home).args(["doctor", "--json"]).env("SMOLCRAWL_MODEL", model).envs(settings.iter().copied()).output().unwrap()
}
