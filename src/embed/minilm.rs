//! all-MiniLM-L6-v2 inside the program: 384 dimensions, int8, run by rten on the reactor's pool of threads.
//! The model's origin, licence and recipe stand beside it in `model/README.md`.

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rten::{Model, ModelOptions, NodeId, OpRegistry, ThreadPool, op_types};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

use super::local::{self, Batch, Local, Network, Roomy, Unloaded};
use super::tokenizer::{MAX_TOKENS, Tokenizer};
use super::{Embed, Error, Judged, Purpose, normalised};
use crate::reactor::{Boxed, Handle};

/// The bundled model: needs no network and no key.
///
/// Made at once and loaded by the first text (about a tenth of a second and 60 MB), however many ask for it together. Texts
/// are cut at 256 tokens, some 200 words. The model sees questions and passages alike, but a question does not wait
/// for more than one small batch of passages.
///
/// Activations are quantised for a whole run at once. Questions and passages of more than half the limit are run alone and so always
/// get the same vector; shorter passages share a run with others of like length and change each other's vectors slightly (the
/// cosine to the text alone is about 0.99).
///
/// ```
/// use smolcrawl::embed::{Embed, MiniLm, MiniLmConfig, Purpose};
/// use smolcrawl::reactor::sim::Sim;
///
/// let handle = Sim::new().handle();
/// let model = MiniLm::new(handle.clone(), MiniLmConfig::default());
/// let texts = ["cancel a task", "stop a job that is running", "a recipe for bread"].map(str::to_owned);
/// let vectors = handle.block_on(model.embed(&texts, Purpose::Passage))?;
/// let similarity = |a: usize, b: usize| vectors[a].iter().zip(&vectors[b]).map(|(x, y)| x * y).sum::<f32>();
/// assert!(similarity(0, 1) > similarity(0, 2) + 0.2);
/// # Ok::<(), smolcrawl::embed::Error>(())
/// ```
pub struct MiniLm(Local<Bundled>);

/// Settings of [`MiniLm`].
#[derive(Clone, Debug)]
pub struct MiniLmConfig {
    /// Batches of passages that are computed side by side, each on one thread. Default: one for each core, at most 4.
    pub threads: usize,
}

impl Default for MiniLmConfig {
    fn default() -> Self {
        Self { threads: local::default_threads() }
    }
}

impl MiniLm {
    /// Names the space of the vectors: model, precision and dimensions.
    pub const MODEL: &'static str = "all-MiniLM-L6-v2-int8-384";

    /// The length of the vectors.
    pub const DIMENSIONS: usize = 384;

    pub fn new(handle: Handle, config: MiniLmConfig) -> Self {
        Self(Local::new(handle, config.threads, ()))
    }
}

impl Embed for MiniLm {
    fn model(&self) -> &str {
        Self::MODEL
    }

    fn most_tokens(&self) -> Option<usize> {
        Some(MAX_TOKENS)
    }

    /// By the model's own vocabulary, for which the model need not be loaded.
    fn tokens(&self, passage: &str) -> usize {
        TOKENIZER.count(passage)
    }

    fn embed<'a>(&'a self, texts: &'a [String], purpose: Purpose) -> Boxed<'a, Result<Vec<Vec<f32>>, Error>> {
        Box::pin(self.0.embed(texts, purpose))
    }

    fn embed_each<'a>(&'a self, texts: &'a [String]) -> Boxed<'a, Result<Vec<Judged>, Error>> {
        Box::pin(self.0.embed_each(texts, Purpose::Passage))
    }

    fn embed_now<'a>(&'a self, texts: &'a [String], limit: Duration) -> Boxed<'a, Vec<Option<Judged>>> {
        Box::pin(self.0.embed_now(texts, limit))
    }

    fn familiarity(&self, question: &str) -> f32 {
        TOKENIZER.familiarity(question)
    }
}

impl fmt::Debug for MiniLm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MiniLm").field(&self.0).finish()
    }
}

/// The network, and where its inputs and its output are.
struct Bundled {
    model: Model,
    input_ids: NodeId,
    attention_mask: NodeId,
    last_hidden_state: NodeId,
}

impl Network for Bundled {
    type Recipe = ();

    /// What the model takes when it is loaded, and some for its work.
    fn memory((): &()) -> usize {
        96 << 20
    }

    fn load((): &(), room: Roomy) -> Result<Self, Unloaded> {
        let unreadable = |error: String| Unloaded::Unreadable(error);
        // Packed weights take 11 MB more and halve the time of a question; packing them takes a thread for each processor, for good.
        let mut options = ModelOptions::with_ops(operators());
        let loaded = options.prepack_weights(room == Roomy::Yes).load_static_slice(MODEL);
        let model = loaded.map_err(|error| unreadable(error.to_string()))?;
        let node = |name| model.node_id(name).map_err(|error| unreadable(error.to_string()));
        Ok(Self {
            input_ids: node("input_ids")?,
            attention_mask: node("attention_mask")?,
            last_hidden_state: node("last_hidden_state")?,
            model,
        })
    }

    fn tokens(&self, text: &str, _: Purpose) -> Result<Vec<i32>, Error> {
        Ok(TOKENIZER.tokens(text))
    }

    fn run(&self, texts: &[&[i32]], threads: &Arc<ThreadPool>) -> Result<Vec<Judged>, Error> {
        let fault = |why: String| Error::Run { why };
        let Batch { ids, mask } = Batch::new(texts, PADDING);
        let shape = [texts.len(), ids.size(1), MiniLm::DIMENSIONS];
        let inputs = vec![(self.input_ids, ids), (self.attention_mask, mask)];
        let states = local::output(&self.model, inputs, self.last_hidden_state, threads).map_err(fault)?;
        let states: NdTensor<f32, 3> = states.try_into().map_err(|_| fault("its output is no tensor of three axes".to_owned()))?;
        if states.shape() != shape {
            return Err(fault(format!("its output has the shape {:?}", states.shape())));
        }
        Ok(texts.iter().enumerate().map(|(at, text)| mean(states.slice(at), text.len())).collect())
    }
}

/// The mean over a text's own tokens, as a direction.
fn mean(states: rten_tensor::NdTensorView<'_, f32, 2>, tokens: usize) -> Judged {
    let mut sum = vec![0.0; MiniLm::DIMENSIONS];
    for token in 0..tokens {
        sum.iter_mut().zip(states.slice(token).iter()).for_each(|(sum, value): (&mut f32, &f32)| *sum += value);
    }
    // The direction of the sum is that of the mean.
    normalised(sum)
}

/// Those the model has; leaving out the rest keeps two megabytes out of the program.
fn operators() -> OpRegistry {
    OpRegistry::with_ops(&[
        &op_types::Add,
        &op_types::Cast,
        &op_types::DequantizeLinear,
        &op_types::DynamicQuantizeLinear,
        &op_types::Erf,
        &op_types::Gather,
        &op_types::Identity,
        &op_types::LayerNormalization,
        &op_types::MatMul,
        &op_types::MatMulInteger,
        &op_types::Mul,
        &op_types::Reshape,
        &op_types::Shape,
        &op_types::Slice,
        &op_types::Softmax,
        &op_types::Sub,
        &op_types::Transpose,
        &op_types::Unsqueeze,
    ])
}

const PADDING: i32 = 0;

static MODEL: &[u8] = include_bytes!("model/minilm_l6_v2_dyn_int8.onnx");
/// Made of the vocabulary with the first text, a hundredth of a second.
static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(|| Tokenizer::new(include_str!("model/vocab.txt")));

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::embed::local::Loaded;
    use crate::reactor::sim::Sim;

    #[test]
    fn vectors_are_those_of_the_reference() {
        let corpus: serde_json::Value = serde_json::from_str(include_str!("../../tests/corpus/embed/vectors.json")).unwrap();
        let (mut texts, mut expected) = (Vec::new(), Vec::new());
        for case in corpus["cases"].as_array().unwrap() {
            texts.push(case["text"].as_str().unwrap().to_owned());
            expected.push(serde_json::from_value::<Vec<f32>>(case["vector"].clone()).unwrap());
        }
        let (handle, model) = model();
        // Alone, and together with others padded to one length.
        let least = if multiplies_bytes_exactly() { [0.99, 0.98] } else { [0.95, 0.95] };
        for (purpose, least) in [Purpose::Query, Purpose::Passage].into_iter().zip(least) {
            let vectors = handle.block_on(model.embed(&texts, purpose)).unwrap();
            for ((text, vector), expected) in texts.iter().zip(&vectors).zip(&expected) {
                assert_eq!(vector.len(), MiniLm::DIMENSIONS);
                let cosine = cosine(vector, expected);
                assert!(cosine >= least, "{purpose:?} {cosine} {text:?}");
            }
        }
    }

    /// Whether the processor sums products of bytes in 32 bits. One with AVX2 alone cuts sums of two products off at 16 bits: measured there,
    /// "Hello, World!" has a cosine of 0.984 and a text in nine scripts one of 0.964, where others have more than 0.99.
    fn multiplies_bytes_exactly() -> bool {
        #[cfg(target_arch = "x86_64")]
        let exactly = [is_x86_feature_detected!("avx512vnni"), is_x86_feature_detected!("avxvnni")].contains(&true);
        #[cfg(not(target_arch = "x86_64"))]
        let exactly = true;
        exactly
    }

    #[test]
    fn nothing_to_embed_loads_nothing() {
        let (handle, model) = model();
        assert!(handle.block_on(model.embed(&[], Purpose::Passage)).unwrap().is_empty());
        assert!(format!("{model:?}").contains("loaded: false"));
    }

    #[test]
    fn the_model_is_loaded_once_even_when_raced_for() {
        let (handle, _) = crate::reactor::choose(Default::default()).unwrap();
        let model = MiniLm::new(handle, MiniLmConfig::default());
        let texts = ["race".to_owned()];
        let embed = || futures_lite::future::block_on(model.embed(&texts, Purpose::Query));
        std::thread::scope(|scope| {
            let race = || embed().map(|vectors| (vectors, model.0.loaded_address()));
            let racers: Vec<_> = (0..4).map(|_| scope.spawn(race)).collect();
            let mut results = racers.into_iter().map(|racer| racer.join().unwrap().unwrap());
            let (vectors, loaded) = results.next().unwrap();
            assert!(results.all(|(others, again)| others == vectors && again == loaded));
        });
    }

    #[test]
    fn a_question_goes_before_passages_that_were_there_first() {
        let (handle, _) = crate::reactor::choose(Default::default()).unwrap();
        let model = MiniLm::new(handle.clone(), MiniLmConfig::default());
        let passages = vec!["a passage of some length ".repeat(30); 16];
        let question = ["a question".to_owned()];
        let first = handle.block_on(async {
            // Loaded, so that both start equal.
            model.embed(&question, Purpose::Query).await.unwrap();
            let mut passages = model.embed(&passages, Purpose::Passage);
            assert!(futures_lite::future::poll_once(&mut passages).await.is_none());
            let passages = async { passages.await.map(|_| Purpose::Passage) };
            let question = async { model.embed(&question, Purpose::Query).await.map(|_| Purpose::Query) };
            futures_lite::future::or(passages, question).await.unwrap()
        });
        assert_eq!(first, Purpose::Query);
    }

    #[test]
    fn passages_given_up_leave_the_lanes_free() {
        let (handle, _) = crate::reactor::choose(Default::default()).unwrap();
        let model = MiniLm::new(handle.clone(), MiniLmConfig { threads: 1 });
        let passages = vec!["short".to_owned(); 40];
        handle.block_on(async {
            for _ in 0..3 {
                let mut given_up = model.embed(&passages, Purpose::Passage);
                assert!(futures_lite::future::poll_once(&mut given_up).await.is_none());
            }
            let vectors = model.embed(&passages[..1], Purpose::Passage).await.unwrap();
            assert_eq!(vectors.len(), 1);
        });
    }

    /// `cargo test --release --lib -- --ignored --nocapture costs`
    #[test]
    #[ignore = "a measurement"]
    fn costs() {
        let start = Instant::now();
        let loaded = Loaded::<Bundled>::new(&(), 1).unwrap();
        eprintln!("loaded in {:?}", start.elapsed());
        let threads = local::test_pool();
        for (tokens, texts) in [(16, 1), (16, 8), (64, 1), (64, 4), (128, 1), (128, 2), (256, 1), (256, 4)] {
            let input: Vec<i32> = (0..tokens).map(|at| 2000 + at * 37).collect();
            let batch = vec![input.as_slice(); texts];
            loaded.network.run(&batch, &threads).unwrap();
            let (start, cpu, rounds) = (Instant::now(), cpu(), 20);
            for _ in 0..rounds {
                loaded.network.run(&batch, &threads).unwrap();
            }
            let count = f64::from(rounds) * texts as f64;
            let (wall, cpu) = (start.elapsed().as_secs_f64() * 1e3 / count, (self::cpu() - cpu) / count);
            eprintln!("{texts} texts of {tokens} tokens: {wall:.2} ms, {cpu:.2} CPU ms each");
        }
    }

    /// CPU milliseconds of this process so far.
    fn cpu() -> f64 {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let fields: Vec<f64> =
            stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(2).map(|field| field.parse().unwrap()).collect();
        fields.iter().sum::<f64>() * 10.0
    }

    fn model() -> (Handle, MiniLm) {
        let handle = Sim::new().handle();
        (handle.clone(), MiniLm::new(handle, MiniLmConfig { threads: 2 }))
    }

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    }
}
