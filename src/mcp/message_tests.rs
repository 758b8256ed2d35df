use proptest::prelude::*;

use super::*;

fn one(line: &str) -> Result<Message, Refused> {
    match Line::parse(line.as_bytes()) {
        Line::One(message) => message,
        other => panic!("{line}: {other:?}"),
    }
}

/// The id and code that a refused line is answered with.
fn refusal(line: &str) -> (Option<Id>, i32) {
    match one(line) {
        Err(Refused { id, error }) => (id, error.code),
        Ok(message) => panic!("{line}: {message:?}"),
    }
}

fn text(id: &str) -> Option<Id> {
    Some(Id::Text(id.to_owned()))
}

#[test]
fn ids_keep_type_and_value() {
    for written in ["0", "-3", "7", "\"7\"", "\"\"", "9007199254740991", "18446744073709551615", "-9223372036854775808", "\"ü\u{2028}\""] {
        let Ok(Message::Request { id, .. }) = one(&format!(r#"{{"jsonrpc":"2.0","id":{written},"method":"ping"}}"#)) else {
            panic!("{written}");
        };
        assert_eq!(Outgoing::result(id, json!({})).line(), format!(r#"{{"jsonrpc":"2.0","id":{written},"result":{{}}}}"#));
    }
    for written in ["null", "true", "1.5", "1e3", "{}", "[]", "18446744073709551616"] {
        assert_eq!(refusal(&format!(r#"{{"jsonrpc":"2.0","id":{written},"method":"ping"}}"#)), (None, -32600), "{written}");
    }
}

#[test]
fn a_message_is_a_request_a_notification_or_a_response() {
    let params = json!({ "a": 1 }).as_object().unwrap().clone();
    assert_eq!(
        one(r#"{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":1}}"#),
        Ok(Message::Request { id: Id::Integer(1), method: "x".into(), params })
    );
    assert_eq!(one(r#"{"jsonrpc":"2.0","method":"x"}"#), Ok(Message::Notification { method: "x".into(), params: Map::new() }));
    assert_eq!(one(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#), Ok(Message::Response { id: Some(Id::Integer(1)), outcome: Ok(json!({})) }));
    let refused = |code, message: &str| Err(RpcError { code, message: message.into(), data: None });
    assert_eq!(one(r#"{"jsonrpc":"2.0","id":null,"error":{}}"#), Ok(Message::Response { id: None, outcome: refused(-32603, "{}") }));
    assert_eq!(
        one(r#"{"jsonrpc":"2.0","id":2,"result":null,"error":{"code":-1,"message":"no"}}"#),
        Ok(Message::Response { id: Some(Id::Integer(2)), outcome: refused(-1, "no") })
    );
    // What a notification gets wrong is nobody's to hear.
    assert_eq!(one(r#"{"jsonrpc":"2.0","method":"x","params":[1]}"#), Ok(Message::Notification { method: "x".into(), params: Map::new() }));
}

#[test]
fn what_is_json_but_no_message_is_refused_with_the_best_id_there_is() {
    for (line, expected) in [
        (r#"{"foo":1}"#, (None, -32600)),
        (r#"{"jsonrpc":"1.0","id":"v1","method":"ping"}"#, (text("v1"), -32600)),
        (r#"{"jsonrpc":"2.0","id":"m"}"#, (text("m"), -32600)),
        (r#"{"jsonrpc":"2.0","id":"m","method":5}"#, (text("m"), -32600)),
        (r#"{"jsonrpc":"2.0","id":"p","method":"ping","params":[1]}"#, (text("p"), -32602)),
        ("42", (None, -32600)),
        ("null", (None, -32600)),
        ("[]", (None, -32600)),
        // Beyond the parser, yet somebody waits for an answer.
        (r#"{"jsonrpc":"2.0","method":"ping","params":{"x":"\ud800"},"id":"lone"}"#, (text("lone"), -32600)),
        (r#"{"jsonrpc":"2.0","id":"huge","method":"ping","params":{"x":1e999}}"#, (text("huge"), -32600)),
    ] {
        assert_eq!(refusal(line), expected, "{line}");
    }
    let deep = format!(r#"{{"id":3,"method":"ping","params":{{"id":4,"x":{}{}}},"jsonrpc":"2.0"}}"#, "[".repeat(5000), "]".repeat(5000));
    assert_eq!(refusal(&deep), (Some(Id::Integer(3)), -32600));
}

#[test]
fn what_is_not_json_is_not_answered() {
    for line in ["{this is not json}", r#"{"jsonrpc":"2.0","id":77,"method":"pi"#, "hello", "\u{0}"] {
        assert!(matches!(Line::parse(line.as_bytes()), Line::NotJson { .. }), "{line}");
    }
    assert!(matches!(Line::parse(b"{\"id\":\"\xff\xfe\"}"), Line::NotJson { .. }));
}

#[test]
fn line_ends_blanks_and_a_byte_order_mark_are_tolerated() {
    assert_eq!(Line::parse(b"  \t\r"), Line::Blank);
    assert!(one("\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\r").is_ok());
}

#[test]
fn a_batch_is_judged_message_by_message() {
    let Line::Batch(messages) = Line::parse(br#"[{"jsonrpc":"2.0","id":1,"method":"a"},5]"#) else { panic!("no batch") };
    assert_eq!(messages.len(), 2);
    assert!(messages[0].is_ok() && messages[1].is_err());
}

/// JSON of moderate depth.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((prop_oneof![".{0,6}", Just("id".to_owned())], inner), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

#[test]
fn what_is_repeated_is_cut_and_steers_nothing() {
    assert_eq!(shortened("short"), "short");
    assert_eq!(shortened(&"x".repeat(81)), format!("{}…", "x".repeat(80)));
    assert_eq!(shortened("a\nb\u{1b}[31m\u{202e}c\u{9b}"), "a b\u{fffd}[31m\u{fffd}c\u{fffd}");
    let message = format!("the arguments do not fit: unknown variant `{}`, expected `a` or `b`\nhint: none", "\u{202e}y".repeat(50_000));
    let told = told(&message, 600);
    assert!(told.chars().count() < 400 && told.ends_with("expected `a` or `b`\nhint: none"), "{told}");
    assert!(!told.contains('\u{202e}'));
    let words = super::told(&format!("begin {} end", "word ".repeat(10_000)), 600);
    assert!(words.starts_with("begin ") && words.ends_with(" end") && words.contains("[…]") && words.chars().count() <= 605);
    assert_eq!(super::told("ü".repeat(200).as_str(), 600), "ü".repeat(200), "negative control");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Line::parse(&bytes);
    }

    #[test]
    fn no_piece_of_a_message_makes_it_panic(value in any_json(), cut in any::<prop::sample::Index>()) {
        let line = value.to_string();
        let _ = Line::parse(&line.as_bytes()[..cut.index(line.len() + 1)]);
    }

    #[test]
    fn a_request_is_read_as_it_was_written(
        id in prop_oneof![any::<i64>().prop_map(Value::from), any::<u64>().prop_map(Value::from), ".{0,9}".prop_map(Value::from)],
        method in ".{0,20}",
        params in prop::collection::btree_map(".{0,6}", any_json(), 0..5),
    ) {
        let params: Map<String, Value> = params.into_iter().collect();
        let line = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string();
        let expected = Message::Request { id: Id::parse(&id).unwrap(), method, params };
        prop_assert_eq!(one(&line), Ok(expected));
    }

    #[test]
    fn the_id_is_found_without_parsing(value in any_json(), pretty in any::<bool>(), at in any::<prop::sample::Index>()) {
        let line = if pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
        let expected = value.as_object().and_then(|object| object.get("id")).and_then(Id::parse);
        let mut finder = IdFinder::default();
        let (first, second) = line.as_bytes().split_at(at.index(line.len() + 1));
        finder.feed(first);
        finder.feed(second);
        prop_assert_eq!(finder.found(), expected);
    }
}
