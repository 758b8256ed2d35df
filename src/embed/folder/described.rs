//! What a folder says of its model: which files it has, how vectors are pooled, what stands before texts. Reads the small files only.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{FolderConfig, Pooling, Unusable};
use crate::embed::Purpose;

/// A model as its folder, and the settings above it, describe it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Described {
    /// As people call it: the name of the folder, or that of the repository it was fetched from.
    pub name: String,
    pub weights: PathBuf,
    pub tokenizer: PathBuf,
    /// For graphs that do not pool themselves.
    pub pooling: Said<Pooling>,
    pub query_prefix: Said<String>,
    pub passage_prefix: Said<String>,
    /// Of one text, those that stand for its beginning and its end included.
    pub max_tokens: Said<usize>,
    /// Fills up shorter texts; some graphs count positions by it.
    pub padding: Option<i32>,
    /// Of the first token, for networks that are given the numbers of the positions.
    pub first_position: i32,
    /// The length of the states, where it is said.
    pub width: Option<usize>,
    /// The model was trained on small letters, and its tokenizer does not see to it.
    pub lower_case: bool,
}

/// A value, and who says so.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said<T> {
    pub value: T,
    pub by: String,
}

impl<T> Said<T> {
    fn new(value: T, by: impl Into<String>) -> Self {
        Self { value, by: by.into() }
    }
}

impl Described {
    pub(super) fn read(config: &FolderConfig) -> Result<Self, Unusable> {
        let (folder, weights) = weights(&config.path)?;
        let tokenizer = find(&folder, &weights, "tokenizer.json")
            .ok_or_else(|| Unusable::Missing { what: "tokenizer", looked_for: "tokenizer.json".to_owned() })?;
        let settings = |name| Settings::read(&folder, &weights, name);
        let network = settings("config.json")?;
        let name = name(&folder);
        // What it was made from says more than what its folder happens to be called.
        let made_from = network.text("_name_or_path").and_then(|path| path.rsplit(['/', '\\']).next()).unwrap_or_default();
        let family = Family::of(&name).or(Family::of(made_from));
        let (query_prefix, passage_prefix) = prefixes(config, &settings("config_sentence_transformers.json")?, family);
        let modules = modules(&settings("modules.json")?)?;
        let sentence = settings("sentence_bert_config.json")?;
        Ok(Self {
            pooling: pooling(config, &settings(&modules.pooling)?, family)?,
            query_prefix,
            passage_prefix,
            max_tokens: max_tokens(config, &network, &sentence, &settings("tokenizer_config.json")?),
            padding: network.number("pad_token_id").and_then(|id| i32::try_from(id).ok()),
            first_position: if is_shifted(&network) {
                network.number("pad_token_id").unwrap_or(1).saturating_add(1).min(1 << 20) as i32
            } else {
                0
            },
            width: network.number("hidden_size").and_then(|width| usize::try_from(width).ok()),
            lower_case: sentence.is_true("do_lower_case"),
            name,
            weights,
            tokenizer,
        })
    }

    /// A text as the tokenizer is given it.
    pub(super) fn shown(&self, text: &str, purpose: Purpose) -> String {
        let prefix = match purpose {
            Purpose::Query => &self.query_prefix.value,
            Purpose::Passage => &self.passage_prefix.value,
        };
        let text = format!("{prefix}{text}");
        if self.lower_case { text.to_lowercase() } else { text }
    }
}

/// The names that the weights are looked for by, in this order, each in the folder and in its `onnx/`.
pub(super) const WEIGHTS: [&str; 6] =
    ["model.onnx", "model_quantized.onnx", "model_int8.onnx", "model_uint8.onnx", "model_qint8_arm64.onnx", "model_O2.onnx"];

/// The folder of the model, and the file that is run: the path itself may name one.
fn weights(path: &Path) -> Result<(PathBuf, PathBuf), Unusable> {
    if path.is_file() {
        let folder = path.parent().unwrap_or(Path::new(""));
        let is_below = folder.file_name().is_some_and(|name| name == "onnx") && !folder.join("tokenizer.json").is_file();
        let folder = if is_below { folder.parent().unwrap_or(folder) } else { folder };
        return Ok((folder.to_owned(), path.to_owned()));
    }
    if !path.is_dir() {
        return Err(Unusable::NoFolder);
    }
    let places = WEIGHTS.iter().flat_map(|name| [path.join(name), path.join("onnx").join(name)]);
    let found = places.into_iter().find(|place| place.is_file());
    let missing = || Unusable::Missing { what: "network", looked_for: format!("{}, each also in onnx/", WEIGHTS.join(", ")) };
    found.map(|weights| (path.to_owned(), weights)).ok_or_else(missing)
}

/// A file of the folder, or beside the weights.
fn find(folder: &Path, weights: &Path, name: &str) -> Option<PathBuf> {
    let beside = weights.parent().map(|beside| beside.join(name));
    [Some(folder.join(name)), beside].into_iter().flatten().find(|place| place.is_file())
}

/// What the folder is called: in the cache of a download, the repository that it came from.
fn name(folder: &Path) -> String {
    let whole = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let parts: Vec<_> = whole.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    let repository = parts.iter().rev().find_map(|part| part.strip_prefix("models--")?.rsplit("--").next().map(str::to_owned));
    let own = || parts.iter().rev().find(|part| *part != "onnx").cloned();
    let named = repository.or_else(own).unwrap_or_default();
    let named: String = named.chars().filter(|character| !character.is_control()).take(80).collect();
    if named.is_empty() { "model".to_owned() } else { named }
}

/// A JSON file of settings; one that is not there says nothing.
struct Settings {
    name: String,
    value: Value,
}

impl Settings {
    fn read(folder: &Path, weights: &Path, name: &str) -> Result<Self, Unusable> {
        let value = match find(folder, weights, name) {
            None => Value::Null,
            Some(path) => {
                let unreadable = |why: String| Unusable::Unreadable { file: name.to_owned(), why };
                let length = fs::metadata(&path).map_err(|error| unreadable(error.to_string()))?.len();
                if length > MAX_SETTINGS {
                    return Err(unreadable(format!("it has {length} bytes, more than {MAX_SETTINGS}")));
                }
                let text = fs::read(&path).map_err(|error| unreadable(error.to_string()))?;
                serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))?
            }
        };
        Ok(Self { name: name.to_owned(), value })
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.value.get(key)?.as_str()
    }

    /// A count; some files write them as floating-point numbers.
    fn number(&self, key: &str) -> Option<u64> {
        let value = self.value.get(key)?;
        value.as_u64().or_else(|| value.as_f64().filter(|number| (0.0..1e15).contains(number)).map(|number| number as u64))
    }

    fn is_true(&self, key: &str) -> bool {
        self.value.get(key).and_then(Value::as_bool).unwrap_or_default()
    }
}

/// Bytes of a file of settings, at the most; a tokenizer_config.json with many added tokens has some hundred thousand.
const MAX_SETTINGS: u64 = 16 << 20;

struct Modules {
    /// The file that says how to pool.
    pooling: String,
}

/// What is done to the states of the network, which must be no more than we can do.
fn modules(settings: &Settings) -> Result<Modules, Unusable> {
    let mut pooling = "1_Pooling/config.json".to_owned();
    for module in settings.value.as_array().into_iter().flatten() {
        let part = |key| module.get(key).and_then(Value::as_str).unwrap_or_default();
        match part("type").rsplit('.').next().unwrap_or_default() {
            "Pooling" => pooling = format!("{}/config.json", part("path")),
            // Vectors are always brought to length 1, and that is all that these do.
            "Transformer" | "Normalize" | "" => {}
            other => return Err(Unusable::Module { name: other.chars().take(60).collect() }),
        }
    }
    Ok(Modules { pooling })
}

fn pooling(config: &FolderConfig, settings: &Settings, family: Option<Family>) -> Result<Said<Pooling>, Unusable> {
    if let Some(asked) = config.pooling {
        return Ok(Said::new(asked, SETTING));
    }
    let unknown = |name: String| Unusable::Pooling { name };
    if let Some(name) = settings.text("pooling_mode") {
        let known = Pooling::of_settings(name).ok_or_else(|| unknown(name.chars().take(60).collect()))?;
        return Ok(Said::new(known, &settings.name));
    }
    let modes =
        settings.value.as_object().into_iter().flatten().filter(|(key, value)| key.starts_with(MODE) && **value == Value::Bool(true));
    let mut modes = modes.map(|(key, _)| key[MODE.len()..].trim_end_matches("_tokens").trim_end_matches("_token").to_owned());
    match (modes.next(), modes.next()) {
        (Some(one), None) => Pooling::of_settings(&one).map(|known| Said::new(known, &settings.name)).ok_or_else(|| unknown(one)),
        (Some(one), Some(other)) => Err(unknown(format!("{one} and {other} together"))),
        _ => Ok(match family.map(Family::pooling) {
            Some(pooling) => Said::new(pooling, NAME),
            None => Said::new(Pooling::Mean, DEFAULT),
        }),
    }
}

/// What the keys of the modes begin with.
const MODE: &str = "pooling_mode_";

fn prefixes(config: &FolderConfig, settings: &Settings, family: Option<Family>) -> (Said<String>, Said<String>) {
    let prompt = |names: &[&str]| names.iter().find_map(|name| settings.value.get("prompts")?.get(name)?.as_str());
    let (query, passage) = (prompt(&["query", "search_query"]), prompt(&["passage", "document", "search_document", "corpus"]));
    // A library writes empty ones into every folder: only others say something.
    let stated = [query, passage].into_iter().flatten().any(|prompt| !prompt.is_empty());
    let one = |asked: &Option<String>, stated_one: Option<&str>, of_family: fn((&'static str, &'static str)) -> &'static str| match asked {
        Some(asked) => Said::new(asked.clone(), SETTING),
        None if stated => Said::new(stated_one.unwrap_or_default().to_owned(), &settings.name),
        None => match family.map(Family::prefixes) {
            Some(both) => Said::new(of_family(both).to_owned(), NAME),
            None => Said::new(String::new(), DEFAULT),
        },
    };
    (one(&config.query_prefix, query, |both| both.0), one(&config.passage_prefix, passage, |both| both.1))
}

/// Models that are published without saying in their files what their description says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    E5,
    BgeEnglish,
    BgeChinese,
    Bge,
    Arctic,
    Arctic2,
    Nomic,
}

impl Family {
    fn of(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let has = |word: &str| name.split(|character: char| !character.is_ascii_alphanumeric()).any(|part| part == word);
        match () {
            // Those that take instructions have a prefix for each task, which nobody can guess.
            () if has("instruct") => None,
            () if has("e5") => Some(Self::E5),
            () if has("bge") && has("en") => Some(Self::BgeEnglish),
            () if has("bge") && has("zh") => Some(Self::BgeChinese),
            () if has("bge") => Some(Self::Bge),
            () if name.contains("arctic-embed") && name.contains("v2") => Some(Self::Arctic2),
            () if name.contains("arctic-embed") => Some(Self::Arctic),
            () if name.contains("nomic-embed") => Some(Self::Nomic),
            () => None,
        }
    }

    /// Of a question and of a passage.
    fn prefixes(self) -> (&'static str, &'static str) {
        match self {
            Self::E5 => ("query: ", "passage: "),
            Self::BgeEnglish | Self::Arctic => ("Represent this sentence for searching relevant passages: ", ""),
            Self::BgeChinese => ("为这个句子生成表示以用于检索相关文章：", ""),
            Self::Bge => ("", ""),
            Self::Arctic2 => ("query: ", ""),
            Self::Nomic => ("search_query: ", "search_document: "),
        }
    }

    fn pooling(self) -> Pooling {
        match self {
            Self::E5 | Self::Nomic => Pooling::Mean,
            Self::BgeEnglish | Self::BgeChinese | Self::Bge | Self::Arctic | Self::Arctic2 => Pooling::First,
        }
    }
}

/// The least of what the files say, and no more than [`DEFAULT_TOKENS`] unless a setting asks for it.
fn max_tokens(config: &FolderConfig, network: &Settings, sentence: &Settings, tokenizer: &Settings) -> Said<usize> {
    let said = |settings: &Settings, key: &str| {
        let number = settings.number(key).filter(|number| (LEAST_TOKENS as u64..1 << 20).contains(number))?;
        Some(Said::new(usize::try_from(number).ok()?, &settings.name))
    };
    let before = if is_shifted(network) { 2 } else { 0 };
    let positions = said(network, "max_position_embeddings").map(|said| Said { value: said.value - before, ..said });
    let no_more = |said: Said<usize>| match &positions {
        Some(positions) if positions.value < said.value => positions.clone(),
        _ => said,
    };
    if let Some(asked) = config.max_tokens {
        return no_more(Said::new(asked.max(LEAST_TOKENS), SETTING));
    }
    let stated = said(sentence, "max_seq_length").or_else(|| said(tokenizer, "model_max_length"));
    let stated = stated.filter(|said| said.value <= DEFAULT_TOKENS).unwrap_or_else(|| Said::new(DEFAULT_TOKENS, DEFAULT));
    no_more(stated)
}

/// These count positions from the one after that of the padding.
fn is_shifted(network: &Settings) -> bool {
    matches!(network.text("model_type"), Some("roberta" | "xlm-roberta" | "camembert" | "mpnet" | "xlm-roberta-xl"))
}

/// What a text takes grows with the square of its tokens, and passages are seldom longer.
pub(super) const DEFAULT_TOKENS: usize = 512;
/// Fewer leave no room for a text.
pub(super) const LEAST_TOKENS: usize = 8;

/// Who says so.
pub(super) const SETTING: &str = "settings";
pub(super) const NAME: &str = "the model's name";
pub(super) const DEFAULT: &str = "default";

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in [("model.onnx", ""), ("tokenizer.json", "")].iter().chain(files) {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        folder
    }

    fn read(files: &[(&str, &str)]) -> Result<Described, Unusable> {
        Described::read(&FolderConfig::new(folder(files).path()))
    }

    #[test]
    fn weights_are_looked_for_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let config = FolderConfig::new(folder.path());
        assert!(matches!(Described::read(&FolderConfig::new(folder.path().join("none"))), Err(Unusable::NoFolder)));
        assert!(matches!(Described::read(&config), Err(Unusable::Missing { what: "network", .. })));
        fs::create_dir(folder.path().join("onnx")).unwrap();
        fs::write(folder.path().join("onnx/model_quantized.onnx"), "").unwrap();
        assert!(matches!(Described::read(&config), Err(Unusable::Missing { what: "tokenizer", .. })));
        fs::write(folder.path().join("tokenizer.json"), "").unwrap();
        for name in ["onnx/model_quantized.onnx", "onnx/model.onnx", "model.onnx"] {
            fs::write(folder.path().join(name), "").unwrap();
            assert_eq!(Described::read(&config).unwrap().weights, folder.path().join(name));
        }
        // A file that is named is the one, and its folder is that of the model.
        let named = Described::read(&FolderConfig::new(folder.path().join("onnx/model_quantized.onnx"))).unwrap();
        assert_eq!(named.weights, folder.path().join("onnx/model_quantized.onnx"));
        assert_eq!(named.tokenizer, folder.path().join("tokenizer.json"));
    }

    #[test]
    fn pooling_is_what_the_folder_says() {
        let said = |text: &str| read(&[("1_Pooling/config.json", text)]).map(|described| described.pooling.value);
        assert_eq!(said("{}").unwrap(), Pooling::Mean);
        for (key, pooling) in [
            ("mean_tokens", Pooling::Mean),
            ("cls_token", Pooling::First),
            ("max_tokens", Pooling::Max),
            ("lasttoken", Pooling::Last),
            ("mean_sqrt_len_tokens", Pooling::Mean),
            ("weightedmean_tokens", Pooling::Weighted),
        ] {
            let text = format!(r#"{{"pooling_mode_{key}": true, "pooling_mode_other": false, "word_embedding_dimension": 384}}"#);
            assert_eq!(said(&text).unwrap(), pooling, "{key}");
        }
        assert_eq!(said(r#"{"pooling_mode": "cls"}"#).unwrap(), Pooling::First);
        assert!(matches!(said(r#"{"pooling_mode": "attention"}"#), Err(Unusable::Pooling { .. })));
        assert!(matches!(said(r#"{"pooling_mode_cls_token": true, "pooling_mode_max_tokens": true}"#), Err(Unusable::Pooling { .. })));
        assert!(matches!(said("no JSON"), Err(Unusable::Unreadable { .. })));
        let folder = folder(&[("1_Pooling/config.json", r#"{"pooling_mode": "cls"}"#)]);
        let config = FolderConfig { pooling: Some(Pooling::Max), ..FolderConfig::new(folder.path()) };
        assert_eq!(Described::read(&config).unwrap().pooling, Said::new(Pooling::Max, SETTING));
    }

    #[test]
    fn a_layer_that_the_graph_lacks_is_not_left_out() {
        let modules = |kind: &str| {
            format!(
                r#"[{{"type": "sentence_transformers.models.Transformer", "path": ""}},
                {{"type": "sentence_transformers.models.Pooling", "path": "9_Pool"}}, {{"type": "sentence_transformers.models.{kind}", "path": "2"}}]"#
            )
        };
        let described = read(&[("modules.json", &modules("Normalize")), ("9_Pool/config.json", r#"{"pooling_mode": "cls"}"#)]).unwrap();
        assert_eq!(described.pooling.value, Pooling::First);
        assert!(matches!(read(&[("modules.json", &modules("Dense"))]), Err(Unusable::Module { name }) if name == "Dense"));
    }

    #[test]
    fn prefixes_are_stated_or_known_by_name() {
        let of = |made_from: &str, prompts: &str| {
            let config = format!(r#"{{"_name_or_path": "{made_from}"}}"#);
            let described = read(&[("config.json", &config), ("config_sentence_transformers.json", prompts)]).unwrap();
            (described.query_prefix, described.passage_prefix)
        };
        let both = |query: &str, passage: &str, by: &str| (Said::new(query.to_owned(), by), Said::new(passage.to_owned(), by));
        assert_eq!(of("intfloat/multilingual-e5-small", "{}"), both("query: ", "passage: ", NAME));
        // Written by a library that knows nothing.
        assert_eq!(of("a/e5-base", r#"{"prompts": {"query": "", "document": ""}}"#), both("query: ", "passage: ", NAME));
        let stated = r#"{"prompts": {"query": "ask: ", "document": "doc: "}}"#;
        assert_eq!(of("a/e5-base", stated), both("ask: ", "doc: ", "config_sentence_transformers.json"));
        assert_eq!(of("a/e5-mistral-instruct", "{}"), both("", "", DEFAULT));
        assert_eq!(of("sentence-transformers/all-MiniLM-L6-v2", "{}"), both("", "", DEFAULT));
        assert_eq!(of("BAAI/bge-small-en-v1.5", "{}").0.value, "Represent this sentence for searching relevant passages: ");
        let folder = folder(&[("config.json", r#"{"_name_or_path": "x/e5-small"}"#)]);
        let config = FolderConfig { query_prefix: Some(String::new()), ..FolderConfig::new(folder.path()) };
        let described = Described::read(&config).unwrap();
        assert_eq!((described.query_prefix, described.passage_prefix.value.as_str()), (Said::new(String::new(), SETTING), "passage: "));
    }

    #[test]
    fn the_limit_is_the_least_that_is_said() {
        let of = |files: &[(&str, &str)], asked| {
            let folder = folder(files);
            Described::read(&FolderConfig { max_tokens: asked, ..FolderConfig::new(folder.path()) }).unwrap().max_tokens.value
        };
        let network = ("config.json", r#"{"max_position_embeddings": 514, "model_type": "xlm-roberta"}"#);
        let long = ("config.json", r#"{"max_position_embeddings": 8192, "model_type": "bert"}"#);
        let sentence = ("sentence_bert_config.json", r#"{"max_seq_length": 128}"#);
        let huge = ("tokenizer_config.json", r#"{"model_max_length": 1000000000000000019884624838656}"#);
        assert_eq!(of(&[], None), 512);
        assert_eq!(of(&[network, huge], None), 512);
        assert_eq!(of(&[network, sentence, huge], None), 128);
        assert_eq!(of(&[long], None), 512);
        assert_eq!(of(&[long], Some(2000)), 2000);
        assert_eq!(of(&[network], Some(2000)), 512, "a graph has no more positions");
        assert_eq!(of(&[network], Some(0)), LEAST_TOKENS);
    }

    #[test]
    fn a_model_is_called_by_its_repository() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("models--intfloat--multilingual-e5-small/snapshots/0123456789abcdef0123456789abcdef01234567/onnx");
        fs::create_dir_all(&deep).unwrap();
        assert_eq!(name(&deep), "multilingual-e5-small");
        let plain = root.path().join("bge-m3");
        fs::create_dir_all(&plain).unwrap();
        assert_eq!(name(&plain), "bge-m3");
    }
}
