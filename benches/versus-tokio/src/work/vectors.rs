//! An embeddings service, asked for the vectors of many texts: through surf on our reactors, and with reqwest.

use std::hash::{DefaultHasher, Hash, Hasher};

use smolcrawl::embed::{Embed, Purpose, Remote, RemoteConfig};
use smolcrawl::http::{Client, Config, PrivateAddresses};

use super::Job;
use crate::contestants::{Contestant, Driver};
use crate::far::DIMENSIONS;
use crate::measured::{Measured, Meter};
use crate::support::site::Random;
use crate::theirs;

/// Texts that go out together.
pub const BATCH: usize = 64;
/// Words of a text: as a passage has.
const WORDS: usize = 60;

/// The service at a far end.
pub fn service(base_url: String) -> RemoteConfig {
    RemoteConfig { base_url, model: "bench".to_owned(), batch_count: BATCH, ..RemoteConfig::default() }
}

pub fn measure(contestant: Contestant, job: &Job) -> Measured {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let texts: Vec<String> = (0..job.size).map(|_| random.words(WORDS)).collect();
    let base = format!("http://{}/v1", job.far().addr);
    match contestant.driver() {
        Driver::Handle(handle) => {
            let config = Config { private_addresses: PrivateAddresses::Allow, ..Config::default() };
            let client = Client::new(&handle, config).expect("the settings are the default");
            let remote = Remote::new(handle.clone(), &client, service(base)).expect("the settings are right");
            handle.block_on(async {
                remote.embed(&texts[..BATCH], Purpose::Passage).await.expect("the service answers");
                let meter = Meter::start();
                let vectors = remote.embed(&texts, Purpose::Passage).await.expect("the service answers");
                meter.stop(texts.len(), told(&vectors))
            })
        }
        Driver::Runtime(runtime) => runtime.block_on(async {
            let (client, url) = (theirs::client(None).expect("reqwest takes its settings"), format!("{base}/embeddings"));
            theirs::vectors::embed(&client, &url, &texts[..BATCH], BATCH).await.expect("the service answers");
            let meter = Meter::start();
            let vectors = theirs::vectors::embed(&client, &url, &texts, BATCH).await.expect("the service answers");
            meter.stop(texts.len(), told(&vectors))
        }),
    }
}

/// What tells one lot of vectors from another.
fn told(vectors: &[Vec<f32>]) -> String {
    assert!(vectors.iter().all(|vector| vector.len() == DIMENSIONS));
    let mut hasher = DefaultHasher::new();
    vectors.iter().flatten().for_each(|number| number.to_bits().hash(&mut hasher));
    format!("{} vectors of {DIMENSIONS}, all of them {:016x}", vectors.len(), hasher.finish())
}
