//! Models of random weights through the whole path, against what ONNX Runtime answers (tests/models/tiny.py); and, where there is one, a
//! real model that is not committed (tests/models/convert.py).

use std::fs;

use super::*;
use crate::reactor::sim::Sim;

#[test]
fn vectors_are_those_of_the_reference_by_every_pooling() {
    for (name, pooling) in Pooling::ALL {
        let folder = folder("tiny.onnx", &[]);
        let (handle, model) = model(FolderConfig { pooling: Some(pooling), ..FolderConfig::new(folder.path()) });
        for purpose in [Purpose::Query, Purpose::Passage] {
            let (texts, expected) = reference(name);
            let vectors = handle.block_on(model.embed(&texts, purpose)).unwrap();
            for ((text, vector), expected) in texts.iter().zip(&vectors).zip(&expected) {
                let cosine = cosine(vector, expected);
                assert!(cosine > 0.9999, "{name} {purpose:?} {cosine} {text:?}");
            }
        }
    }
}

/// The same network, with the positions as an input, and with weights and states of half as many bits.
#[test]
fn positions_and_small_weights_give_the_same_vectors() {
    for (network, least) in [("positions.onnx", 0.9999), ("half.onnx", 0.999)] {
        let folder = folder(network, &[]);
        let (handle, model) = model(FolderConfig::new(folder.path()));
        let (texts, expected) = reference("mean");
        // All at once, so that short texts stand beside long ones, and each alone.
        let together = handle.block_on(model.embed(&texts, Purpose::Passage)).unwrap();
        for ((text, vector), expected) in texts.iter().zip(&together).zip(&expected) {
            assert!(cosine(vector, expected) > least, "{network} {} {text:?}", cosine(vector, expected));
            let alone = handle.block_on(model.embed(std::slice::from_ref(text), Purpose::Query)).unwrap();
            assert!(cosine(&alone[0], expected) > least, "{network} {text:?}");
        }
    }
}

/// Models of RoBERTa's kind count from the one behind the padding's: here that gives others.
#[test]
fn positions_begin_where_the_model_says() {
    let files = [("config.json", r#"{"model_type": "roberta", "pad_token_id": 1}"#)];
    let folder = folder("positions.onnx", &files);
    let (handle, model) = model(FolderConfig::new(folder.path()));
    let (texts, expected) = reference("mean");
    let vectors = handle.block_on(model.embed(&texts, Purpose::Passage)).unwrap();
    assert!(vectors.iter().zip(&expected).any(|(vector, expected)| cosine(vector, expected) < 0.99));
}

/// Negative control of the one above: another pooling gives other vectors.
#[test]
fn the_reference_tells_poolings_apart() {
    let (_, mean) = reference("mean");
    for name in ["cls", "max", "last", "graph"] {
        let (_, other) = reference(name);
        assert!(mean.iter().zip(&other).any(|(mean, other)| cosine(mean, other) < 0.99), "{name}");
    }
}

#[test]
fn a_graph_that_pools_is_believed_unless_a_setting_says_otherwise() {
    let folder = folder("pooled.onnx", &[("1_Pooling/config.json", r#"{"pooling_mode_cls_token": true}"#)]);
    for (pooling, name) in [(None, "graph"), (Some(Pooling::Mean), "mean")] {
        let (handle, model) = model(FolderConfig { pooling, ..FolderConfig::new(folder.path()) });
        let (texts, expected) = reference(name);
        let vectors = handle.block_on(model.embed(&texts, Purpose::Passage)).unwrap();
        assert!(vectors.iter().zip(&expected).all(|(vector, expected)| cosine(vector, expected) > 0.9999), "{name}");
    }
}

#[test]
fn prefixes_stand_before_questions_and_passages() {
    let folder = folder("tiny.onnx", &[("config.json", r#"{"_name_or_path": "someone/e5-tiny", "hidden_size": 16}"#)]);
    let (handle, model) = model(FolderConfig::new(folder.path()));
    let (texts, expected) = reference("mean");
    for (purpose, prefix) in [(Purpose::Query, "query: "), (Purpose::Passage, "passage: ")] {
        let at = texts.iter().position(|text| text.starts_with(prefix)).unwrap();
        let bare = [texts[at][prefix.len()..].to_owned()];
        let vector = handle.block_on(model.embed(&bare, purpose)).unwrap().remove(0);
        assert!(cosine(&vector, &expected[at]) > 0.9999, "{purpose:?}");
        let other = if purpose == Purpose::Query { Purpose::Passage } else { Purpose::Query };
        let vector = handle.block_on(model.embed(&bare, other)).unwrap().remove(0);
        assert!(cosine(&vector, &expected[at]) < 0.9999, "the other prefix is another text");
    }
    let facts = model.facts();
    let fact = |name: &str| facts.iter().find(|(known, _)| *known == name).unwrap().1.clone();
    assert_eq!(fact("query_prefix"), r#""query: " (the model's name)"#);
    assert_eq!(fact("max_tokens"), "512 (default)");
}

#[test]
fn a_long_text_is_cut_and_keeps_its_end() {
    let folder = folder("tiny.onnx", &[("config.json", r#"{"max_position_embeddings": 40}"#)]);
    let (handle, model) = model(FolderConfig::new(folder.path()));
    assert_eq!(model.max_tokens().unwrap(), 40);
    assert_eq!(model.count_tokens("cancel a task").unwrap(), 5);
    assert_eq!(model.count_tokens(&"cancel a task ".repeat(100)).unwrap(), 302, "counted without being cut");
    let texts = [100, 10_000].map(|times| "cancel a task ".repeat(times));
    let vectors = handle.block_on(model.embed(&texts, Purpose::Passage)).unwrap();
    assert!(cosine(&vectors[0], &vectors[1]) > 0.9999);
    // Without the limit the graph has no positions: that is told as its failure.
    let unlimited = self::folder("tiny.onnx", &[]);
    let (handle, model) = self::model(FolderConfig::new(unlimited.path()));
    let error = handle.block_on(model.embed(&texts[..1], Purpose::Passage)).unwrap_err();
    assert!(matches!(error, Error::FolderRun { .. }), "{error:?}");
    assert!(error.hint().is_some());
    assert_eq!(Tokens { ids: vec![1, 2, 3, 4, 5, 9], behind: 1 }.cut(4), [1, 2, 3, 9]);
}

#[test]
fn special_tokens_inside_a_text_are_text() {
    let folder = folder("tiny.onnx", &[]);
    let (_, model) = model(FolderConfig::new(folder.path()));
    let corpus = corpus();
    for case in corpus["cases"].as_array().unwrap() {
        let expected: Vec<i32> = serde_json::from_value(case["ids"].clone()).unwrap();
        let tokenizer = model.recipe().read().unwrap().tokenizer().unwrap();
        assert_eq!(encoded(tokenizer, case["text"].as_str().unwrap().to_owned()).unwrap().ids, expected, "{}", case["text"]);
    }
}

#[test]
fn the_space_is_named_by_all_that_changes_passages() {
    let name = |model_file: &str, files: &[(&str, &str)], change: fn(&mut FolderConfig)| {
        let folder = folder(model_file, files);
        let mut config = FolderConfig { path: folder.path().join("same"), ..FolderConfig::new("") };
        fs::rename(folder.path().join("model"), &config.path).unwrap();
        change(&mut config);
        model(config).1.model().to_owned()
    };
    let first = name("tiny.onnx", &[], |_| ());
    assert!(first.starts_with("same ") && first.ends_with(" mean"), "{first}");
    assert_eq!(name("tiny.onnx", &[], |_| ()), first);
    // A question's prefix changes no passage.
    assert_eq!(name("tiny.onnx", &[], |config| config.query_prefix = Some("ask: ".to_owned())), first);
    let others = [
        name("pooled.onnx", &[], |_| ()),
        name("tiny.onnx", &[], |config| config.pooling = Some(Pooling::First)),
        name("tiny.onnx", &[], |config| config.passage_prefix = Some("passage: ".to_owned())),
        name("tiny.onnx", &[("tokenizer.json", "{}")], |_| ()),
    ];
    for (at, other) in others.iter().enumerate() {
        assert!(*other != first && !others[..at].contains(other), "{other}");
    }
}

#[test]
fn what_cannot_be_used_says_why_each_time() {
    let errors = |config: FolderConfig| {
        let (handle, model) = model(config);
        let embed = |purpose| handle.block_on(model.embed(&["a task".to_owned()], purpose)).unwrap_err();
        let (first, second) = (embed(Purpose::Query), embed(Purpose::Passage));
        assert_eq!(first.to_string(), second.to_string());
        assert!(first.hint().is_some() && !first.is_transient() && !first.may_be_the_texts(), "{first}");
        assert!(!model.model().is_empty() && !model.facts().is_empty());
        first.to_string()
    };
    let of = |model_file: &str, files: &[(&str, &str)]| {
        let folder = folder(model_file, files);
        errors(FolderConfig::new(folder.path().join("model")))
    };
    assert!(errors(FolderConfig::new("/no/such/folder")).contains("no such folder"));
    let said = of("stranger.onnx", &[]);
    assert!(said.contains("Mystery") && said.contains("model.onnx"), "the operator is named: {said}");
    let said = of("decoder.onnx", &[]);
    assert!(said.contains("past_key_values.0.key") && !said.contains("panicked"), "{said}");
    let said = of("tiny.onnx", &[("tokenizer.json", "version https://git-lfs.github.com/spec/v1")]);
    assert!(said.contains("tokenizer.json"), "{said}");
    let said = of("tiny.onnx", &[("model.onnx", "version https://git-lfs.github.com/spec/v1")]);
    assert!(said.contains("model.onnx cannot be run"), "{said}");
    let said = of("tiny.onnx", &[("modules.json", r#"[{"type": "sentence_transformers.models.Dense", "path": "2_Dense"}]"#)]);
    assert!(said.contains("Dense"), "{said}");
    let empty = tempfile::tempdir().unwrap();
    let said = errors(FolderConfig::new(empty.path()));
    assert!(said.contains("model.onnx") && said.contains("onnx/"), "what is looked for: {said}");
}

#[test]
fn files_that_were_replaced_are_not_embedded_by_the_old_name() {
    let folder = folder("tiny.onnx", &[]);
    let (handle, model) = model(FolderConfig::new(folder.path().join("model")));
    let _ = model.model();
    fs::copy(fixture("pooled.onnx"), folder.path().join("model/model.onnx")).unwrap();
    let error = handle.block_on(model.embed(&["a task".to_owned()], Purpose::Query)).unwrap_err();
    assert!(matches!(error, Error::Folder { why: Unusable::Changed, .. }), "{error:?}");
}

/// A real one: `SMOLCRAWL_TEST_MODEL=FOLDER cargo test --lib embed::folder -- --ignored --nocapture`, as tests/models/convert.py says.
#[test]
#[ignore = "needs a model that is not committed"]
fn a_real_model_answers_as_its_own_engine() {
    let Ok(folder) = std::env::var("SMOLCRAWL_TEST_MODEL") else {
        eprintln!("skipped: SMOLCRAWL_TEST_MODEL names no folder made by tests/models/convert.py");
        return;
    };
    let reference: serde_json::Value = serde_json::from_slice(&fs::read(Path::new(&folder).join("reference.json")).unwrap()).unwrap();
    let (handle, model) = model(FolderConfig::new(&folder));
    eprintln!("{}\n{:#?}", model.model(), model.facts());
    let texts: Vec<String> = serde_json::from_value(reference["texts"].clone()).unwrap();
    for (purpose, name) in [(Purpose::Query, "queries"), (Purpose::Passage, "passages")] {
        let expected: Vec<Vec<f32>> = serde_json::from_value(reference[name].clone()).unwrap();
        for (text, expected) in texts.iter().zip(&expected) {
            let vector = handle.block_on(model.embed(std::slice::from_ref(text), purpose)).unwrap().remove(0);
            let cosine = cosine(&vector, expected);
            eprintln!("{cosine:.4} {name} {:?}", text.chars().take(50).collect::<String>());
            assert!(cosine >= 0.99, "{name} {cosine} {text:?}");
        }
    }
    for set in reference["sets"].as_array().unwrap() {
        let stored: Vec<String> = serde_json::from_value(set["stored"].clone()).unwrap();
        let stored = handle.block_on(model.embed(&stored, Purpose::Passage)).unwrap();
        for question in set["questions"].as_array().unwrap() {
            let (text, answer) = (question[0].as_str().unwrap().to_owned(), question[1].as_u64().unwrap() as usize);
            let vector = handle.block_on(model.embed(std::slice::from_ref(&text), Purpose::Query)).unwrap().remove(0);
            let best = (0..stored.len()).max_by(|&a, &b| cosine(&vector, &stored[a]).total_cmp(&cosine(&vector, &stored[b]))).unwrap();
            assert_eq!(best, answer, "{text}");
        }
    }
}

fn model(config: FolderConfig) -> (Handle, FolderModel) {
    let handle = Sim::new().handle();
    (handle.clone(), FolderModel::new(handle, FolderConfig { threads: 2, ..config }))
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models").join(name)
}

/// A folder with the tiny tokenizer and one of the networks; and, in its `model/`, the same again with `files` above it.
fn folder(network: &str, files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for place in [folder.path().to_owned(), folder.path().join("model")] {
        fs::create_dir_all(place.join("1_Pooling")).unwrap();
        fs::copy(fixture(network), place.join("model.onnx")).unwrap();
        fs::copy(fixture("tokenizer.json"), place.join("tokenizer.json")).unwrap();
        for (name, content) in files {
            fs::write(place.join(name), content).unwrap();
        }
    }
    folder
}

fn corpus() -> serde_json::Value {
    serde_json::from_slice(&fs::read(fixture("reference.json")).unwrap()).unwrap()
}

fn reference(pooling: &str) -> (Vec<String>, Vec<Vec<f32>>) {
    let corpus = corpus();
    let cases = corpus["cases"].as_array().unwrap().iter();
    cases
        .map(|case| {
            (case["text"].as_str().unwrap().to_owned(), serde_json::from_value::<Vec<f32>>(case["vectors"][pooling].clone()).unwrap())
        })
        .unzip()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}
