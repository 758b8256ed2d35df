use super::*;

fn settings(layers: &[(Origin, &[(Key, &str)])]) -> Settings {
    layers.iter().fold(Settings::default(), |settings, (origin, values)| {
        settings.then(*origin, values.iter().map(|(key, value)| (*key, (*value).to_owned())))
    })
}

#[test]
fn the_strongest_layer_wins() {
    let settings = settings(&[
        (Origin::Flag, &[(Key::Database, "flag.db")]),
        (Origin::Environment, &[(Key::Database, "environment.db"), (Key::Reactor, "selector")]),
        (Origin::Default, &[(Key::Reactor, "auto")]),
    ]);
    assert_eq!(settings.value(Key::Database), Some(("flag.db", Origin::Flag)));
    assert_eq!(settings.value(Key::Reactor), Some(("selector", Origin::Environment)));
    let config = Config::parse(&settings, &Environment::none()).unwrap();
    assert_eq!(config.reactor.kind, ReactorKind::Selector);
    assert_eq!(config.reactor.asked_by, AskedBy::Environment);
}

#[test]
fn an_unknown_reactor_is_ignored_from_the_environment_only() {
    let asked = |origin| Config::parse(&settings(&[(origin, &[(Key::Database, "x.db"), (Key::Reactor, "warp")])]), &Environment::none());
    assert_eq!(asked(Origin::Environment).unwrap().reactor.kind, ReactorKind::Auto);
    let error = asked(Origin::Flag).unwrap_err();
    assert_eq!(error.to_string(), format!("--reactor is \"warp\", expected {REACTORS}"));
    assert_eq!(asked(Origin::File).unwrap_err().to_string(), format!("reactor in the configuration file is \"warp\", expected {REACTORS}"));
}

#[test]
fn the_nearest_reactor_is_named_and_how_to_ask_for_it() {
    let hint = |origin, word| {
        let asked = settings(&[(origin, &[(Key::Database, "x.db"), (Key::Reactor, word)])]);
        Config::parse(&asked, &Environment::none()).unwrap_err().hint()
    };
    assert_eq!(hint(Origin::Flag, "epol"), "did you mean --reactor epoll, which is selector?");
    assert_eq!(hint(Origin::Flag, "pol"), "did you mean --reactor poll?");
    assert_eq!(hint(Origin::File, "completions"), "did you mean reactor = completion?");
    assert_eq!(hint(Origin::Flag, "warp"), "give another with --reactor");
}

#[test]
fn a_site_finds_the_rules_for_the_agent_it_sees() {
    let agents = |agent| {
        let settings = settings(&[(Origin::File, &[(Key::Database, "x.db"), (Key::UserAgent, agent)])]);
        let crawl = Config::parse(&settings, &Environment::none()).unwrap().crawl;
        (crawl.http.user_agent, crawl.agent)
    };
    assert_eq!(agents("house-bot/2.1 (+https://a.test/)"), ("house-bot/2.1 (+https://a.test/)".to_owned(), "house-bot".to_owned()));
    assert_eq!(agents("(nobody)").1, "smolcrawl");
}

#[test]
fn an_operator_overrides_what_a_program_configured() {
    let mut config = Config::new("program.db");
    config.environment =
        Environment::from_iter([("SMOLCRAWL_REACTOR".into(), "selector".into()), ("SMOLCRAWL_DB".into(), "operator.db".into())]);
    config.crawl.http.private_addresses = PrivateAddresses::Allow;
    let config = config.overridden().unwrap();
    assert_eq!((config.reactor.kind, config.reactor.asked_by), (ReactorKind::Selector, AskedBy::Environment));
    assert_eq!(config.database, PathBuf::from("operator.db"));
    assert_eq!(config.crawl.http.private_addresses, PrivateAddresses::Allow, "what is not overridden stays");

    let closed = Config { environment: Environment::none(), ..Config::new("program.db") }.overridden().unwrap();
    assert_eq!((closed.database, closed.reactor), (PathBuf::from("program.db"), Choice::default()));
}

#[test]
fn limits_are_numbers_within_bounds() {
    let with = |key, word| Config::parse(&settings(&[(Origin::File, &[(Key::Database, "x.db"), (key, word)])]), &Environment::none());
    assert_eq!(with(Key::MaxBodyMib, "64").unwrap().crawl.http.max_body, 64 << 20);
    assert_eq!(with(Key::TimeoutSeconds, "5").unwrap().crawl.http.total_timeout, Duration::from_secs(5));
    for word in ["0", "-1", "2000", "many"] {
        assert!(with(Key::MaxBodyMib, word).is_err(), "{word}");
    }
}

#[test]
fn the_case_of_a_variable_is_that_of_the_platform() {
    let environment = Environment::from_iter([("Smolcrawl_Db".into(), "x.db".into())]);
    assert_eq!(environment.value("SMOLCRAWL_DB"), cfg!(windows).then_some("x.db"));
}

#[test]
fn what_looks_like_a_setting_and_is_none_is_known() {
    let names = ["SMOLCRAWL_TIMEOUT", "SMOLCRAWL_DB", "SMOLCRAWL_LOG", "SMOLCRAWL_USERAGENT", "OTHER", "SMOLCRAWL_", "smolcrawl_x"];
    let environment = Environment::from_iter(names.map(|name| (name.to_owned(), "x".to_owned())));
    let strangers: Vec<_> = environment.strangers().collect();
    let meant = |name: &str| Some(name.to_owned());
    let expected = [
        ("SMOLCRAWL_TIMEOUT", meant("SMOLCRAWL_TIMEOUT_SECONDS")),
        ("SMOLCRAWL_USERAGENT", meant("SMOLCRAWL_USER_AGENT")),
        ("SMOLCRAWL_", None),
    ];
    assert_eq!(strangers, expected);
}

#[test]
fn the_nearest_name_is_found_and_no_name_that_is_far() {
    for (said, meant) in [
        ("timout", Some(Key::TimeoutSeconds)),
        ("timeout-seconds", Some(Key::TimeoutSeconds)),
        ("database", None),
        ("dbb", Some(Key::Database)),
        ("embeding_url", Some(Key::EmbeddingsUrl)),
        ("allow_privat", Some(Key::AllowPrivate)),
        ("reator", Some(Key::Reactor)),
        ("x", None),
        ("", None),
        ("colour", None),
    ] {
        assert_eq!(Key::meant(said), meant, "{said}");
    }
    assert_eq!(Key::meant(&"timeout_seconds".repeat(100_000)), None);
}

#[test]
fn a_url_is_shown_without_its_secrets() {
    let shown = |url: &str| settings(&[(Origin::File, &[(Key::EmbeddingsUrl, url)])]).shown(Key::EmbeddingsUrl).unwrap().0.into_owned();
    assert_eq!(shown("http://127.0.0.1:8377/v1"), "http://127.0.0.1:8377/v1");
    assert_eq!(shown("https://me:s3cret@a.test/v1?api-key=s3cret&x=1"), "https://a.test/v1?api-key=***&x=1");
    assert_eq!(shown("https//me:s3cret@a.test"), "(no URL)");
}

#[test]
fn a_key_is_never_shown() {
    let settings = settings(&[(Origin::File, &[(Key::EmbeddingsKey, "sk-secret")])]);
    assert!(!format!("{settings:?}").contains("secret"), "{settings:?}");
    let environment = Environment::from_iter([("SMOLCRAWL_EMBEDDINGS_KEY".into(), "sk-secret".into())]);
    assert!(!format!("{environment:?}").contains("secret"), "{environment:?}");
}

#[cfg(feature = "surf")]
#[test]
fn prefixes_keep_their_blank() {
    let remote = [
        (Key::Database, "x.db"),
        (Key::EmbeddingsUrl, "http://127.0.0.1:8377/v1"),
        (Key::EmbeddingsModel, "multilingual-e5-small"),
        (Key::EmbeddingsQueryPrefix, "query: "),
        (Key::EmbeddingsPassagePrefix, "passage: "),
    ];
    let config = Config::parse(&settings(&[(Origin::File, &remote)]), &Environment::none()).unwrap();
    let Embeddings::Remote(remote) = config.embeddings else { panic!("{:?}", config.embeddings) };
    assert_eq!((remote.query_prefix.as_str(), remote.passage_prefix.as_str()), ("query: ", "passage: "));
}

#[cfg(feature = "models")]
#[test]
fn a_folder_is_a_model_and_what_is_set_stands_above_its_files() {
    use crate::embed::{FolderConfig, Pooling};
    let with = |values: &[(Key, &str)]| {
        let named = [&[(Key::Database, "x.db")], values].concat();
        Config::parse(&settings(&[(Origin::File, &named)]), &Environment::none()).map(|config| config.embeddings)
    };
    let folder = |values: &[(Key, &str)]| match with(values).unwrap() {
        Embeddings::Folder(folder) => folder,
        other => panic!("{other:?}"),
    };
    assert_eq!(folder(&[(Key::Model, "models/e5")]), FolderConfig::new("models/e5"));
    let all = [
        (Key::Model, "models/e5"),
        (Key::ModelQueryPrefix, "query: "),
        (Key::ModelPassagePrefix, ""),
        (Key::ModelPooling, "cls"),
        (Key::ModelMaxTokens, "256"),
    ];
    let wanted = FolderConfig {
        query_prefix: Some("query: ".to_owned()),
        passage_prefix: Some(String::new()),
        pooling: Some(Pooling::First),
        max_tokens: Some(256),
        ..FolderConfig::new("models/e5")
    };
    assert_eq!(folder(&all), wanted);
    // Who names a kind of model gets it.
    assert!(matches!(with(&[(Key::Model, "models/e5"), (Key::Embeddings, "none")]), Ok(Embeddings::None)));
    assert!(matches!(with(&[(Key::Embeddings, "folder")]), Err(Error::NoFolder)));
    assert!(with(&[(Key::Model, "models/e5"), (Key::ModelPooling, "median")]).is_err());
    assert!(with(&[(Key::Model, "models/e5"), (Key::ModelMaxTokens, "0")]).is_err());
    // A folder comes before a server that is set as well; nothing in it is nothing.
    let server = [(Key::EmbeddingsUrl, "http://127.0.0.1:1/v1"), (Key::EmbeddingsModel, "m")];
    assert_eq!(folder(&[(Key::Model, "models/e5"), server[0], server[1]]).path, PathBuf::from("models/e5"));
    assert!(!matches!(with(&[(Key::Model, " ")]), Ok(Embeddings::Folder(_))));
}

#[test]
fn a_switch_is_a_switch() {
    let with =
        |word| Config::parse(&settings(&[(Origin::Flag, &[(Key::Database, "x.db"), (Key::AllowPrivate, word)])]), &Environment::none());
    assert_eq!(with("yes").unwrap().crawl.http.private_addresses, PrivateAddresses::Allow);
    assert_eq!(with("0").unwrap().crawl.http.private_addresses, PrivateAddresses::Refuse);
    assert!(with("maybe").is_err());
}

#[test]
#[cfg(unix)]
fn a_setting_that_is_not_unicode_is_no_other_one() {
    use std::os::unix::ffi::OsStringExt;
    let of = |name: &str| Environment::of([(name.into(), OsString::from_vec(b"/data/\xff.db".to_vec())), ("LANG".into(), "C".into())]);
    let asked = |environment: &Environment| Config::parse(&settings(&[(Origin::Default, &[(Key::Database, "x.db")])]), environment);
    for name in ["SMOLCRAWL_DB", "SMOLCRAWL_CONFIG", "HTTP_PROXY", "https_proxy"] {
        let error = asked(&of(name)).unwrap_err();
        assert_eq!(error.to_string(), format!("{name} is not Unicode"));
        assert!(error.hint().contains(name));
        assert!(Config { environment: of(name), ..Config::new("x.db") }.overridden().is_err(), "{name}");
    }
    // What is no setting counts as not set.
    let other = of("HOME");
    assert!(asked(&other).is_ok());
    assert_eq!((other.value("HOME"), other.value("LANG")), (None, Some("C")));
}
