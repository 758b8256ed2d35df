//! all-MiniLM-L6-v2 inside the program: 384 dimensions, int8, run by rten on the reactor's pool of threads.
//! The model's origin, licence and recipe stand beside it in `model/README.md`.

mod room;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use futures_util::stream::{FuturesUnordered, StreamExt};
use rten::{Model, ModelOptions, NodeId, OpRegistry, RunOptions, ThreadPool, op_types};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

use super::tokenizer::{MAX_TOKENS, Tokenizer};
use super::{Embed, Error, Purpose, normalised};
use crate::reactor::{Boxed, Handle, Lane};

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
pub struct MiniLm {
    handle: Handle,
    lazy: Arc<Lazy>,
}

/// Settings of [`MiniLm`].
#[derive(Clone, Debug)]
pub struct MiniLmConfig {
    /// Batches of passages that are computed side by side, each on one thread. Default: one for each core, at most 4.
    pub threads: usize,
}

impl Default for MiniLmConfig {
    fn default() -> Self {
        Self { threads: std::thread::available_parallelism().map_or(1, |cores| cores.get().min(4)) }
    }
}

impl MiniLm {
    /// Names the space of the vectors: model, precision and dimensions.
    pub const MODEL: &'static str = "all-MiniLM-L6-v2-int8-384";

    /// The length of the vectors.
    pub const DIMENSIONS: usize = 384;

    pub fn new(handle: Handle, config: MiniLmConfig) -> Self {
        Self { handle, lazy: Arc::new(Lazy { threads: config.threads.max(1), loaded: OnceLock::new() }) }
    }

    /// One job for all: whoever asks waits for it, and it is seldom more than one text. It stands in no queue with passages, and many
    /// questions leave threads to those who look something up.
    async fn questions(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, Error> {
        self.load().await?;
        let place = self.lazy.loaded()?.questions.enter().await;
        let lazy = self.lazy.clone();
        let work = move || {
            let loaded = lazy.loaded()?;
            let inputs: Vec<_> = texts.iter().map(|text| loaded.tokenizer.tokens(text)).collect();
            inputs.iter().map(|input| loaded.run(&[input], &place.threads).map(|mut vectors| vectors.remove(0))).collect()
        };
        self.handle.unblock_on(Lane::Interactive, work).await
    }

    /// Loading takes a while, for which those that need no model must not wait.
    async fn load(&self) -> Result<(), Error> {
        if self.lazy.loaded.get().is_none() {
            let lazy = self.lazy.clone();
            self.handle.unblock_on(Lane::Heavy, move || lazy.loaded().map(drop)).await?;
        }
        Ok(())
    }

    /// Many small jobs, so that both a question and the end of this future's life are soon noticed.
    async fn passages(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, Error> {
        let lazy = self.lazy.clone();
        let tokenize = move || Ok(lazy.loaded()?.tokenize(&texts));
        let inputs: Arc<Vec<Vec<i32>>> = Arc::new(self.handle.unblock_on(Lane::Heavy, tokenize).await?);
        let places = &self.lazy.loaded()?.places;
        let mut jobs: FuturesUnordered<_> = batches(&inputs)
            .into_iter()
            .map(|batch| {
                let (lazy, inputs) = (self.lazy.clone(), inputs.clone());
                async move {
                    let place = places.enter().await;
                    let work = move || {
                        let texts: Vec<&[i32]> = batch.iter().map(|&at| inputs[at].as_slice()).collect();
                        let vectors = lazy.loaded()?.run(&texts, &place.threads)?;
                        Ok(batch.into_iter().zip(vectors).collect::<Vec<_>>())
                    };
                    self.handle.unblock_on(Lane::Heavy, work).await
                }
            })
            .collect();
        let mut vectors = vec![Vec::new(); inputs.len()];
        while let Some(done) = jobs.next().await {
            for (at, vector) in done? {
                vectors[at] = vector;
            }
        }
        Ok(vectors)
    }
}

impl Embed for MiniLm {
    fn model(&self) -> &str {
        Self::MODEL
    }

    fn embed<'a>(&'a self, texts: &'a [String], purpose: Purpose) -> Boxed<'a, Result<Vec<Vec<f32>>, Error>> {
        Box::pin(async move {
            match purpose {
                _ if texts.is_empty() => Ok(Vec::new()),
                Purpose::Query => self.questions(texts.to_vec()).await,
                Purpose::Passage => self.passages(texts.to_vec()).await,
            }
        })
    }

    fn familiarity(&self, question: &str) -> f32 {
        let loaded = self.lazy.loaded.get().and_then(|loaded| loaded.as_ref().ok());
        loaded.map_or(1.0, |loaded| loaded.tokenizer.familiarity(question))
    }
}

impl fmt::Debug for MiniLm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let loaded = self.lazy.loaded.get().is_some();
        f.debug_struct("MiniLm").field("threads", &self.lazy.threads).field("loaded", &loaded).finish_non_exhaustive()
    }
}

/// The model, once the first text has come.
struct Lazy {
    threads: usize,
    loaded: OnceLock<Result<Loaded, Unloaded>>,
}

impl Lazy {
    /// Blocks while the model is loaded, be it by another: for threads of the pool, or when it is known to be there.
    fn loaded(&self) -> Result<&Loaded, Error> {
        let loaded = self.loaded.get_or_init(|| Loaded::new(self.threads));
        loaded.as_ref().map_err(Unloaded::error)
    }
}

/// Why there is no model.
#[derive(Debug)]
enum Unloaded {
    /// A defect of the build.
    Unreadable(String),
    /// The system's limits.
    NoRoom(String),
}

impl Unloaded {
    fn error(&self) -> Error {
        match self {
            Self::Unreadable(why) => Error::Load { why: why.clone() },
            Self::NoRoom(why) => Error::NoRoom { why: why.clone() },
        }
    }
}

struct Loaded {
    tokenizer: Tokenizer,
    model: Model,
    input_ids: NodeId,
    attention_mask: NodeId,
    last_hidden_state: NodeId,
    /// Their own, so that they wait for no passage.
    questions: Places,
    places: Places,
}

impl Loaded {
    fn new(threads: usize) -> Result<Self, Unloaded> {
        let unreadable = |error: String| Unloaded::Unreadable(error);
        // The library below panics, or ends the process, where it is refused what it needs: so that is asked for first.
        let packing = std::thread::available_parallelism().map_or(1, usize::from);
        let asking = threads.min(ASKING);
        let wanted = packing + asking + threads;
        let granted = room::threads(wanted).map_err(|error| Unloaded::NoRoom(format!("not one thread: {error}")))?;
        let is_roomy = granted == wanted && room::memory(MEMORY + wanted * room::OF_A_THREAD).is_ok();
        if !is_roomy {
            let needed = MEMORY + room::OF_A_THREAD;
            room::memory(needed).map_err(|error| Unloaded::NoRoom(format!("no {} MB of memory: {error}", needed >> 20)))?;
            log::warn!("the model has one thread: the system grants this process few threads or little memory");
        }
        // Packed weights take 11 MB more and halve the time of a question; packing them takes a thread for each processor, for good.
        let loading = || ModelOptions::with_ops(operators()).prepack_weights(is_roomy).load_static_slice(MODEL);
        // What was granted may be gone a moment later.
        let loaded = catch_unwind(loading).map_err(|_| Unloaded::NoRoom("it panicked while it was loaded".to_owned()))?;
        let model = loaded.map_err(|error| unreadable(error.to_string()))?;
        let node = |name| model.node_id(name).map_err(|error| unreadable(error.to_string()));
        let first = room::pool().map_err(|error| Unloaded::NoRoom(format!("not one thread: {error}")))?;
        let more = |count: usize| (0..count).map_while(|_| room::pool().ok()).collect::<Vec<_>>();
        let (questions, places) = match is_roomy {
            true => (more(asking - 1), more(threads)),
            false => (Vec::new(), Vec::new()),
        };
        // Where there is little, passages share the thread of the questions.
        let places = if places.is_empty() { vec![first.clone()] } else { places };
        let questions: Vec<_> = std::iter::once(first).chain(questions).collect();
        Ok(Self {
            tokenizer: Tokenizer::new(VOCABULARY),
            input_ids: node("input_ids")?,
            attention_mask: node("attention_mask")?,
            last_hidden_state: node("last_hidden_state")?,
            questions: Places::new(questions),
            places: Places::new(places),
            model,
        })
    }

    fn tokenize(&self, texts: &[String]) -> Vec<Vec<i32>> {
        texts.iter().map(|text| self.tokenizer.tokens(text)).collect()
    }

    /// The vectors of one batch. Shorter texts are padded to the longest, and the padding is masked.
    fn run(&self, texts: &[&[i32]], threads: &Arc<ThreadPool>) -> Result<Vec<Vec<f32>>, Error> {
        let longest = texts.iter().map(|text| text.len()).max().unwrap_or_default();
        let shape = [texts.len(), longest];
        let token = |[text, at]: [usize; 2]| texts[text].get(at).copied();
        let ids = NdTensor::<i32, 2>::from_fn(shape, |index| token(index).unwrap_or(PADDING));
        let mask = NdTensor::<i32, 2>::from_fn(shape, |index| i32::from(token(index).is_some()));
        let inputs = vec![(self.input_ids, ids.into()), (self.attention_mask, mask.into())];
        let options = RunOptions::default().with_thread_pool(Some(threads.clone()));
        let fault = |why: String| Error::Run { why };
        // A defect that one text shows ends no more than the work on it.
        let running = AssertUnwindSafe(|| self.model.run_n(inputs, [self.last_hidden_state], Some(options)));
        let outcome = catch_unwind(running).map_err(|_| fault("it panicked".to_owned()))?;
        let [states] = outcome.map_err(|error| fault(error.to_string()))?;
        let states: NdTensor<f32, 3> = states.try_into().map_err(|_| fault("its output is no tensor of three axes".to_owned()))?;
        if states.shape() != [texts.len(), longest, MiniLm::DIMENSIONS] {
            return Err(fault(format!("its output has the shape {:?}", states.shape())));
        }
        texts.iter().enumerate().map(|(at, text)| mean(states.slice(at), text.len())).collect()
    }
}

/// The mean over a text's own tokens, as a direction.
fn mean(states: rten_tensor::NdTensorView<'_, f32, 2>, tokens: usize) -> Result<Vec<f32>, Error> {
    let mut sum = vec![0.0; MiniLm::DIMENSIONS];
    for token in 0..tokens {
        sum.iter_mut().zip(states.slice(token).iter()).for_each(|(sum, value): (&mut f32, &f32)| *sum += value);
    }
    // The direction of the sum is that of the mean.
    normalised(sum)
}

/// Which texts share a run: neighbours by length, so that little is padding, and no run is long.
fn batches(inputs: &[Vec<i32>]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..inputs.len()).collect();
    order.sort_by_key(|&at| std::cmp::Reverse(inputs[at].len()));
    let mut batches: Vec<Vec<usize>> = Vec::new();
    for at in order {
        match batches.last_mut() {
            // Sorted from long to short: the first text says how long all rows of its batch are.
            Some(batch) if batch.len() < BATCH_TEXTS && (batch.len() + 1) * inputs[batch[0]].len() <= BATCH_TOKENS => batch.push(at),
            _ => batches.push(vec![at]),
        }
    }
    batches
}

/// Threads for passages: a run of the model takes one, and so the cores are shared without one run waiting for parts of another.
struct Places {
    free: async_channel::Receiver<Arc<ThreadPool>>,
    back: async_channel::Sender<Arc<ThreadPool>>,
}

impl Places {
    /// One at the least.
    fn new(pools: Vec<Arc<ThreadPool>>) -> Self {
        let (back, free) = async_channel::bounded(pools.len().max(1));
        for pool in pools {
            back.try_send(pool).expect("the channel has room for all places");
        }
        Self { free, back }
    }

    async fn enter(&self) -> Place {
        let threads = self.free.recv().await.expect("a sender is in this struct");
        Place { threads, back: self.back.clone() }
    }
}

/// The right to compute one batch; goes back by being dropped, be the work done or given up.
struct Place {
    threads: Arc<ThreadPool>,
    back: async_channel::Sender<Arc<ThreadPool>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        // Fails only when the model itself is gone.
        let _ = self.back.try_send(self.threads.clone());
    }
}

/// Questions that are computed side by side, at the most.
const ASKING: usize = 2;

/// What the model takes when it is loaded, and some for its work.
const MEMORY: usize = 96 << 20;

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

/// Texts of one run, at most.
const BATCH_TEXTS: usize = 8;

/// Tokens of one run, padding included, unless one text alone has more. Measured: texts of 16 tokens cost half as much in eights as alone,
/// from 128 tokens on nothing is saved, and every doubling takes memory. A question may have to wait for one such run.
const BATCH_TOKENS: usize = MAX_TOKENS;

const PADDING: i32 = 0;

static MODEL: &[u8] = include_bytes!("model/minilm_l6_v2_dyn_int8.onnx");
static VOCABULARY: &str = include_str!("model/vocab.txt");

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
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
    fn a_batch_is_small_and_of_like_lengths() {
        let inputs: Vec<Vec<i32>> = (0..40).map(|at| vec![0; [256, 16, 100, 2][at % 4]]).collect();
        let batches = batches(&inputs);
        let mut seen: Vec<usize> = batches.iter().flatten().copied().collect();
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..40));
        let mut padding = 0;
        for batch in &batches {
            let longest = batch.iter().map(|&at| inputs[at].len()).max().unwrap();
            assert!(batch.len() <= BATCH_TEXTS && batch.len() * longest <= BATCH_TOKENS);
            padding += batch.iter().map(|&at| longest - inputs[at].len()).sum::<usize>();
        }
        assert!(padding < 1000, "{padding}");
    }

    #[test]
    fn a_lane_comes_back_when_its_work_is_given_up() {
        let places = Places::new(vec![room::pool().unwrap()]);
        futures_lite::future::block_on(async {
            drop(places.enter().await);
            let place = places.enter().await;
            assert!(places.free.is_empty());
            drop(place);
            assert_eq!(places.free.len(), 1);
        });
    }

    #[test]
    fn the_model_is_loaded_once_even_when_raced_for() {
        let (handle, _) = crate::reactor::choose(Default::default()).unwrap();
        let model = MiniLm::new(handle, MiniLmConfig::default());
        let texts = ["race".to_owned()];
        let embed = || futures_lite::future::block_on(model.embed(&texts, Purpose::Query));
        std::thread::scope(|scope| {
            let race = || embed().map(|vectors| (vectors, model.lazy.loaded().unwrap()));
            let racers: Vec<_> = (0..4).map(|_| scope.spawn(race)).collect();
            let mut results = racers.into_iter().map(|racer| racer.join().unwrap().unwrap());
            let (vectors, loaded) = results.next().unwrap();
            assert!(results.all(|(others, again)| others == vectors && std::ptr::eq(again, loaded)));
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
        let loaded = Loaded::new(1).unwrap();
        eprintln!("loaded in {:?}", start.elapsed());
        let threads = room::pool().unwrap();
        for (tokens, texts) in [(16, 1), (16, 8), (64, 1), (64, 4), (128, 1), (128, 2), (256, 1), (256, 4)] {
            let input: Vec<i32> = (0..tokens).map(|at| 2000 + at * 37).collect();
            let batch = vec![input.as_slice(); texts];
            loaded.run(&batch, &threads).unwrap();
            let (start, cpu, rounds) = (Instant::now(), cpu(), 20);
            for _ in 0..rounds {
                loaded.run(&batch, &threads).unwrap();
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
