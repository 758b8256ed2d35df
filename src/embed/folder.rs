//! A sentence model of the user's own: a folder with an ONNX file and its tokenizer, as model repositories have them, run by rten.
//! What the folder says of the model is read in `described`; what all models on this machine share is in `local`.

mod described;
mod pooling;
mod weights;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rten::{Model, ModelOptions, NodeId, ThreadPool, Value};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use tokenizers::Tokenizer;

use self::described::Described;
pub use self::pooling::Pooling;
use super::local::{self, Batch, Local, Network, Roomy, Unloaded};
use super::{Embed, Error, Judged, Purpose, normalised};
use crate::reactor::{Boxed, Handle};

/// A sentence model in a folder: bge, e5, gte, arctic-embed and others of BERT's kind, as ONNX with its `tokenizer.json`.
///
/// Made at once; the weights are loaded by the first text. Whatever is wrong with the folder is an error of that text, with the reason, and
/// of every one after it: no other model takes its place.
///
/// In this order the network is looked for as `model.onnx`, `model_quantized.onnx`, `model_int8.onnx`, `model_uint8.onnx`,
/// `model_qint8_arm64.onnx` and `model_O2.onnx`, each in the folder and then in its `onnx/`; the path may name the file itself. How states
/// become a vector is read from `modules.json` and `1_Pooling/config.json`, prefixes from `config_sentence_transformers.json`, the limit of
/// tokens from `sentence_bert_config.json`, `tokenizer_config.json` and `config.json`. A graph that has an output `sentence_embedding`
/// pools by itself.
pub struct FolderModel {
    local: Local<Own>,
    /// The name of the space, once it was asked for: the weights are read for it.
    model: OnceLock<String>,
}

/// Settings of [`FolderModel`]. What is none is as the folder says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderConfig {
    /// The folder, or the ONNX file in it.
    pub path: PathBuf,
    /// Batches of passages that are computed side by side, each on one thread. Default: one for each core, at most 4.
    pub threads: usize,
    /// Stands before every question.
    pub query_prefix: Option<String>,
    /// Stands before every passage.
    pub passage_prefix: Option<String>,
    /// For graphs that do not pool themselves.
    pub pooling: Option<Pooling>,
    /// Tokens of one text, at most; 512 if the folder names more or nothing. Never more than the network has positions for, and 8 at the
    /// least.
    pub max_tokens: Option<usize>,
}

impl FolderConfig {
    /// The model in this folder, as the folder says.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            threads: local::default_threads(),
            query_prefix: None,
            passage_prefix: None,
            pooling: None,
            max_tokens: None,
        }
    }
}

/// Why the model in a folder is of no use.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    #[error("there is no such folder or file")]
    NoFolder,
    /// A file without which nothing can be done.
    #[error("it has no {what}; looked for: {looked_for}")]
    Missing { what: &'static str, looked_for: String },
    #[error("{file} cannot be read: {why}")]
    Unreadable { file: String, why: String },
    /// The network cannot be loaded; the reason names the operator.
    #[error("{file} cannot be run: {why}")]
    Network { file: String, why: String },
    /// An input that no text has, or none of those that a text has.
    #[error("the network wants other inputs than a text has: {inputs}")]
    Inputs { inputs: String },
    /// A step behind the network that is not in its file.
    #[error("it has a layer {name} outside of its ONNX file")]
    Module { name: String },
    #[error("its way of pooling is not known: {name}")]
    Pooling { name: String },
    /// The files are others than those that the vectors were named by.
    #[error("its files have changed since this program began")]
    Changed,
}

impl Unusable {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoFolder => "give the folder that holds model.onnx and tokenizer.json",
            Self::Missing { what: "tokenizer", .. } => {
                "a model's repository has a tokenizer.json; a vocab.txt or sentencepiece.bpe.model alone will not do"
            }
            Self::Missing { .. } => "export the model to ONNX, or take the onnx/ folder of its repository",
            Self::Unreadable { .. } => "the file may be cut short, or a pointer that Git LFS left in place of it: fetch it again",
            Self::Network { .. } => {
                "try another of the repository's ONNX files by its name, such as onnx/model.onnx: optimised and 4-bit ones need operators of their own"
            }
            Self::Inputs { .. } => "only models that read a text and give its vector can be used: no decoders, no pictures",
            Self::Module { .. } => {
                "export the whole sentence model to ONNX, so that the graph has an output sentence_embedding, and take modules.json out"
            }
            Self::Pooling { .. } => "set model_pooling to mean, cls, max, last or weighted",
            Self::Changed => "start it again",
        }
    }
}

impl FolderModel {
    /// Looks at nothing yet: the folder is read when it is first asked about, the weights with the first text.
    pub fn new(handle: Handle, config: FolderConfig) -> Self {
        let threads = config.threads;
        Self { local: Local::new(handle, threads, Recipe { config, read: OnceLock::new() }), model: OnceLock::new() }
    }

    /// Tokens of one text that the model takes, those around it and its prefix included; what is longer is cut.
    ///
    /// # Errors
    /// The folder says nothing that can be used.
    pub fn max_tokens(&self) -> Result<usize, Error> {
        Ok(self.recipe().read()?.described.max_tokens.value)
    }

    /// How many tokens a passage has, its prefix and those around it included, cut at nothing. Reads the tokenizer, if nobody has: some
    /// hundred milliseconds for one with many pieces.
    ///
    /// # Errors
    /// The folder or its tokenizer cannot be used.
    pub fn count_tokens(&self, passage: &str) -> Result<usize, Error> {
        let read = self.recipe().read()?;
        let text = read.described.shown(passage, Purpose::Passage);
        Ok(encoded(read.tokenizer()?, text).map_err(|why| self.recipe().failed(why))?.len())
    }

    fn recipe(&self) -> &Recipe {
        self.local.recipe()
    }

    fn name(&self) -> String {
        let Ok(read) = self.recipe().read() else {
            let path = &self.recipe().config.path;
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            return format!("{name} (not usable)");
        };
        let Described { name, pooling, passage_prefix, .. } = &read.described;
        let prefix = if passage_prefix.value.is_empty() { String::new() } else { format!(" {:?}", passage_prefix.value) };
        match &read.stamp {
            Ok(stamp) => format!("{name} {:016x} {}{prefix}", stamp.hash, pooling.value),
            Err(_) => format!("{name} (not usable)"),
        }
    }
}

impl Embed for FolderModel {
    /// The name of the model, a hash of its weights and its tokenizer, the pooling, and what stands before passages: whatever changes
    /// their vectors. The first call reads the files for that.
    fn model(&self) -> &str {
        self.model.get_or_init(|| self.name())
    }

    fn embed<'a>(&'a self, texts: &'a [String], purpose: Purpose) -> Boxed<'a, Result<Vec<Vec<f32>>, Error>> {
        Box::pin(self.local.embed(texts, purpose))
    }

    fn embed_each<'a>(&'a self, texts: &'a [String]) -> Boxed<'a, Result<Vec<Judged>, Error>> {
        Box::pin(self.local.embed_each(texts, Purpose::Passage))
    }

    fn embed_now<'a>(&'a self, texts: &'a [String], limit: Duration) -> Boxed<'a, Vec<Option<Judged>>> {
        Box::pin(self.local.embed_now(texts, limit))
    }

    /// None where the folder cannot be used.
    fn most_tokens(&self) -> Option<usize> {
        self.max_tokens().ok()
    }

    fn tokens(&self, passage: &str) -> usize {
        self.count_tokens(passage).unwrap_or_else(|_| super::reckoned(passage))
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = vec![("path", self.recipe().config.path.display().to_string())];
        match self.recipe().read() {
            Ok(read) => facts.extend(read.facts()),
            Err(_) => facts.push(("looked_for", format!("{} (each also in onnx/), tokenizer.json", described::WEIGHTS.join(", ")))),
        }
        facts
    }
}

impl fmt::Debug for FolderModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FolderModel").field("path", &self.recipe().config.path).field("local", &self.local).finish_non_exhaustive()
    }
}

/// Where the model is, and what its folder says once it was looked at.
struct Recipe {
    config: FolderConfig,
    read: OnceLock<Result<Read, Unusable>>,
}

impl Recipe {
    /// Blocks for the small files, and for the weights' hash.
    fn read(&self) -> Result<&Read, Error> {
        self.look().map_err(|why| self.error(why))
    }

    fn look(&self) -> Result<&Read, Unusable> {
        self.read.get_or_init(|| Read::new(&self.config)).as_ref().map_err(Unusable::clone)
    }

    fn error(&self, why: Unusable) -> Error {
        Error::Folder { path: self.config.path.clone(), why }
    }

    fn failed(&self, why: String) -> Error {
        Error::FolderRun { path: self.config.path.clone(), why }
    }
}

/// The folder, looked at.
struct Read {
    described: Described,
    stamp: Result<weights::Stamp, Unusable>,
    tokenizer: OnceLock<Result<Arc<Tokenizer>, Unusable>>,
    path: PathBuf,
}

impl Read {
    fn new(config: &FolderConfig) -> Result<Self, Unusable> {
        let described = Described::read(config)?;
        for (what, said) in [("before questions", &described.query_prefix), ("before passages", &described.passage_prefix)] {
            if said.by == described::NAME && !said.value.is_empty() {
                log::info!("{}: {:?} stands {what}, as {} asks for it", described.name, said.value, said.by);
            }
        }
        let stamp = weights::Stamp::of(&described.weights, &described.tokenizer);
        Ok(Self { stamp, tokenizer: OnceLock::new(), path: config.path.clone(), described })
    }

    fn tokenizer(&self) -> Result<&Arc<Tokenizer>, Error> {
        self.loaded_tokenizer().map_err(|why| Error::Folder { path: self.path.clone(), why })
    }

    fn loaded_tokenizer(&self) -> Result<&Arc<Tokenizer>, Unusable> {
        self.tokenizer.get_or_init(|| read_tokenizer(&self.described.tokenizer).map(Arc::new)).as_ref().map_err(Unusable::clone)
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let Described { weights, tokenizer, pooling, query_prefix, passage_prefix, max_tokens, width, .. } = &self.described;
        let prefix = |said: &described::Said<String>| format!("{:?} ({})", said.value, said.by);
        let mut facts = vec![
            ("network", weights.display().to_string()),
            ("tokenizer", tokenizer.display().to_string()),
            ("pooling", format!("{} ({})", pooling.value, pooling.by)),
            ("query_prefix", prefix(query_prefix)),
            ("passage_prefix", prefix(passage_prefix)),
            ("max_tokens", format!("{} ({})", max_tokens.value, max_tokens.by)),
        ];
        facts.extend(width.map(|width| ("hidden_size", width.to_string())));
        facts
    }
}

fn read_tokenizer(path: &Path) -> Result<Tokenizer, Unusable> {
    let unreadable = |why: String| Unusable::Unreadable { file: "tokenizer.json".to_owned(), why };
    let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let parsed = catch_unwind(|| Tokenizer::from_bytes(&bytes)).map_err(|_| unreadable("its parser panicked".to_owned()))?;
    let mut tokenizer = parsed.map_err(|error| unreadable(error.to_string()))?;
    // We pad and cut ourselves.
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None).map_err(|error| unreadable(error.to_string()))?;
    // A page that says `[SEP]` does not end its own input.
    tokenizer.set_encode_special_tokens(true);
    Ok(tokenizer)
}

/// The tokens of a text as the tokenizer gives them, on this thread; or why it has none.
fn encoded(tokenizer: &Tokenizer, text: String) -> Result<Tokens, String> {
    let encoding = catch_unwind(AssertUnwindSafe(|| tokenizer.encode_fast(text, true)));
    let encoding = encoding.map_err(|_| "its tokenizer panicked".to_owned())?.map_err(|error| error.to_string())?;
    let ids = encoding.get_ids().iter().map(|&id| i32::try_from(id)).collect::<Result<Vec<_>, _>>();
    let ids = ids.map_err(|_| "a token has a number that no graph takes".to_owned())?;
    let behind = encoding.get_special_tokens_mask().iter().rev().take_while(|&&special| special == 1).count();
    Ok(Tokens { ids, behind })
}

struct Tokens {
    ids: Vec<i32>,
    /// How many stand for the end of the text: they stay when it is cut.
    behind: usize,
}

impl Tokens {
    fn len(&self) -> usize {
        self.ids.len()
    }

    fn cut(mut self, limit: usize) -> Vec<i32> {
        if self.ids.len() > limit {
            let kept = limit - self.behind.min(limit);
            self.ids.drain(kept..self.ids.len() - self.behind);
            self.ids.truncate(limit);
        }
        self.ids
    }
}

/// The network, its tokenizer, and where its inputs and its output are.
struct Own {
    path: PathBuf,
    /// As [`Read`]'s: what it needs of it.
    described: Described,
    tokenizer: Arc<Tokenizer>,
    padding: i32,
    model: Model,
    input_ids: NodeId,
    attention_mask: NodeId,
    token_types: Option<NodeId>,
    positions: Option<NodeId>,
    output: NodeId,
}

impl Own {
    fn fault(&self, why: String) -> Error {
        Error::FolderRun { path: self.path.clone(), why }
    }
}

impl Network for Own {
    type Recipe = Recipe;

    fn memory(recipe: &Recipe) -> usize {
        // The weights, some of them a second time in the order that suits the processor, the tokenizer, and room for work.
        let bytes = recipe.look().ok().and_then(|read| read.stamp.as_ref().ok()).map_or(0, |stamp| stamp.bytes);
        usize::try_from(bytes).unwrap_or(usize::MAX / 4).saturating_mul(2).saturating_add(64 << 20)
    }

    fn load(recipe: &Recipe, room: Roomy) -> Result<Self, Unloaded> {
        let path = recipe.config.path.clone();
        load(recipe, room).map_err(|why| Unloaded::Folder { path, why })
    }

    fn tokens(&self, text: &str, purpose: Purpose) -> Result<Vec<i32>, Error> {
        let limit = self.described.max_tokens.value;
        // A tokenizer takes time and memory for all of a text, and no tokens are so long.
        let end = text.char_indices().nth(limit.saturating_mul(LONGEST_TOKEN)).map_or(text.len(), |(end, _)| end);
        let shown = self.described.shown(&text[..end], purpose);
        let tokens = encoded(&self.tokenizer, shown).map_err(|why| self.fault(why))?.cut(limit);
        if tokens.is_empty() { Err(self.fault("its tokenizer finds nothing in the text".to_owned())) } else { Ok(tokens) }
    }

    fn run(&self, texts: &[&[i32]], threads: &Arc<ThreadPool>) -> Result<Vec<Judged>, Error> {
        let Batch { ids, mask } = Batch::new(texts, self.padding);
        let longest = ids.size(1);
        let mut inputs = vec![(self.input_ids, ids), (self.attention_mask, mask)];
        inputs.extend(self.token_types.map(|node| (node, NdTensor::zeros([texts.len(), longest]))));
        // Behind the end of a text they count on: the mask leaves those out.
        let position = |[_, at]: [usize; 2]| self.described.first_position.saturating_add(at as i32);
        inputs.extend(self.positions.map(|node| (node, NdTensor::from_fn([texts.len(), longest], position))));
        let value = local::output(&self.model, inputs, self.output, threads).map_err(|why| self.fault(why))?;
        let (shape, Value::FloatTensor(values)) = (value.shape().to_vec(), value) else {
            return Err(self.fault("its output is not of floating-point numbers".to_owned()));
        };
        let values = values.to_vec();
        match *shape {
            // The graph has pooled.
            [count, width] if count == texts.len() && width > 0 => {
                Ok(values.chunks_exact(width).map(|row| normalised(row.to_vec())).collect())
            }
            [count, tokens, width] if count == texts.len() && tokens == longest && width > 0 => {
                let states = values.chunks_exact(longest * width).zip(texts);
                Ok(states
                    .map(|(states, text)| normalised(self.described.pooling.value.pool(&states[..text.len() * width], width)))
                    .collect())
            }
            _ => Err(self.fault(format!("its output has the shape {shape:?} for {} texts of {longest} tokens", texts.len()))),
        }
    }
}

fn load(recipe: &Recipe, room: Roomy) -> Result<Own, Unusable> {
    let read = recipe.look()?;
    let described = read.described.clone();
    let file = described.weights.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let stamp = read.stamp.as_ref().map_err(Unusable::clone)?;
    if !stamp.is_still_of(&described.weights, &described.tokenizer) {
        return Err(Unusable::Changed);
    }
    let tokenizer = read.loaded_tokenizer()?.clone();
    // All operators: what a model of somebody else needs is not to be known.
    let mut options = ModelOptions::with_all_ops();
    options.prepack_weights(room == Roomy::Yes);
    let refused = |why: String| Unusable::Network { file: file.clone(), why };
    let loaded = catch_unwind(AssertUnwindSafe(|| options.load_file(&described.weights)));
    let model = loaded.map_err(|_| refused("its loader panicked".to_owned()))?.map_err(|error| refused(error.to_string()))?;
    let name = |node: &NodeId| model.node_info(*node).and_then(|info| info.name()).unwrap_or_default().to_owned();
    let inputs: Vec<(NodeId, String)> = model.input_ids().iter().map(|node| (*node, name(node))).collect();
    let input = |wanted: &str| inputs.iter().find(|(_, name)| name == wanted).map(|(node, _)| *node);
    let known = ["input_ids", "attention_mask", "token_type_ids", "position_ids"];
    let is_known = inputs.iter().all(|(_, name)| known.contains(&name.as_str()));
    let (Some(input_ids), Some(attention_mask), true) = (input("input_ids"), input("attention_mask"), is_known) else {
        let names: Vec<_> = inputs.iter().map(|(_, name)| name.chars().take(60).collect::<String>()).take(12).collect();
        return Err(Unusable::Inputs { inputs: names.join(", ") });
    };
    let outputs: Vec<(NodeId, String)> = model.output_ids().iter().map(|node| (*node, name(node))).collect();
    // Who sets the pooling wants the states.
    let pooled = if recipe.config.pooling.is_some() { "" } else { "sentence_embedding" };
    let wanted = [pooled, "last_hidden_state", "token_embeddings", "sentence_embedding"];
    let output = wanted.iter().find_map(|wanted| outputs.iter().find(|(_, name)| name == wanted)).or(outputs.first());
    let Some(output) = output.map(|(node, _)| *node) else { return Err(refused("it has no output".to_owned())) };
    let (token_types, positions) = (input("token_type_ids"), input("position_ids"));
    let known = ["[PAD]", "<pad>"].iter().find_map(|token| tokenizer.token_to_id(token)).and_then(|id| i32::try_from(id).ok());
    let padding = described.padding.or(known).unwrap_or_default();
    Ok(Own {
        path: recipe.config.path.clone(),
        described,
        tokenizer,
        padding,
        input_ids,
        attention_mask,
        token_types,
        positions,
        output,
        model,
    })
}

/// Characters of a token, at the most, for those that are given to the tokenizer at all.
const LONGEST_TOKEN: usize = 64;

#[cfg(test)]
mod tests;
