//! The codec against a corpus of good and bad messages, whole and in pieces.

use proptest::prelude::*;

use super::*;

/// What a message comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    /// Head, data, and whether the framing says that this is all.
    Message {
        status: u16,
        headers: Headers,
        framing: Framing,
        persistence: Persistence,
        data: Vec<u8>,
        complete: bool,
        left_over: Vec<u8>,
    },
    NoHead,
    BadHead(HeadFault),
    BadBody {
        data: Vec<u8>,
        fault: BodyFault,
    },
}

/// Feeds the pieces one after the other, as a connection would.
fn read(pieces: &[&[u8]], asked: Asked) -> Outcome {
    let mut reader = HeadReader::new(asked);
    let mut buffer: Vec<u8> = Vec::new();
    let mut found: Option<(Head, Deframer)> = None;
    let mut data = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        if found.is_none() {
            match reader.advance(&buffer) {
                Ok((consumed, head)) => {
                    buffer.drain(..consumed);
                    found = head.map(|head| (head.clone(), Deframer::new(head.framing)));
                }
                Err(fault) => return Outcome::BadHead(fault),
            }
        }
        let Some((_, deframer)) = &mut found else { continue };
        loop {
            match deframer.advance(&buffer) {
                Ok((framing, next)) => {
                    buffer.drain(..framing);
                    match next {
                        Piece::Data(count) => {
                            data.extend(buffer.drain(..count));
                            deframer.took(count);
                        }
                        Piece::More | Piece::End => break,
                    }
                }
                Err(fault) => return Outcome::BadBody { data, fault },
            }
        }
    }
    let Some((head, deframer)) = found else { return Outcome::NoHead };
    let Head { status, headers, framing, persistence } = head;
    Outcome::Message { status, headers, framing, persistence, data, complete: deframer.is_done(), left_over: buffer }
}

fn whole(message: &[u8]) -> Outcome {
    read(&[message], Asked::Everything)
}

/// Asserts that it makes no difference where the message is cut.
fn in_pieces(message: &[u8]) -> Outcome {
    let expected = whole(message);
    for at in 0..=message.len() {
        let (one, other) = message.split_at(at);
        assert_eq!(read(&[one, other], Asked::Everything), expected, "cut at {at}: {:?}", String::from_utf8_lossy(message));
    }
    let drops: Vec<&[u8]> = message.chunks(1).collect();
    assert_eq!(read(&drops, Asked::Everything), expected, "in drops: {:?}", String::from_utf8_lossy(message));
    expected
}

#[track_caller]
fn message(text: &str) -> (u16, Framing, Persistence, String, bool, String) {
    match in_pieces(text.as_bytes()) {
        Outcome::Message { status, framing, persistence, data, complete, left_over, .. } => {
            let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
            (status, framing, persistence, text(data), complete, text(left_over))
        }
        other => panic!("{text:?}: {other:?}"),
    }
}

#[track_caller]
fn framing(head: &str) -> (Framing, Persistence) {
    let (_, framing, persistence, ..) = message(&format!("HTTP/1.1 200 OK\r\n{head}\r\n"));
    (framing, persistence)
}

#[track_caller]
fn bad_head(text: &str) -> HeadFault {
    match in_pieces(text.as_bytes()) {
        Outcome::BadHead(fault) => fault,
        other => panic!("{text:?}: {other:?}"),
    }
}

#[track_caller]
fn bad_body(chunks: &str) -> BodyFault {
    match in_pieces(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}").as_bytes()) {
        Outcome::BadBody { fault, .. } => fault,
        other => panic!("{chunks:?}: {other:?}"),
    }
}

#[test]
fn a_length_is_taken_at_its_word() {
    let (status, framing, persistence, data, complete, rest) = message("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloMORE");
    assert_eq!((status, framing, persistence), (200, Framing::Length(5), Persistence::Keep));
    assert_eq!((data.as_str(), complete, rest.as_str()), ("hello", true, "MORE"));
    let (.., data, complete, _) = message("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello");
    assert_eq!((data.as_str(), complete), ("hello", false));
}

#[test]
fn lengths_that_agree_are_one_and_others_are_none() {
    for same in ["Content-Length: 5\r\ncontent-length: 5\r\n", "Content-Length: 5, 5\r\n", "Content-Length:5\r\n", "Content-Length: 05\r\n"]
    {
        assert_eq!(framing(same).0, Framing::Length(5), "{same:?}");
    }
    for bad in ["5\r\nContent-Length: 6", "5, 6", "-5", "+5", "5;", "five", "", "5,", "0x5", "5 5", "18446744073709551616", "1e3"] {
        assert_eq!(bad_head(&format!("HTTP/1.1 200 OK\r\nContent-Length: {bad}\r\n\r\nhello")), HeadFault::ContentLength, "{bad:?}");
    }
    assert_eq!(framing("Content-Length: 18446744073709551615\r\n").0, Framing::Length(u64::MAX));
}

#[test]
fn chunks_win_over_a_length_but_end_the_connection() {
    let head = "Content-Length: 50\r\nTransfer-Encoding: chunked\r\n";
    assert_eq!(framing(head), (Framing::Chunked, Persistence::Close));
    assert_eq!(framing("Transfer-Encoding: Chunked\r\n"), (Framing::Chunked, Persistence::Keep));
    assert_eq!(framing("Transfer-Encoding: identity\r\nContent-Length: 5\r\n").0, Framing::Length(5));
    for twice in ["chunked, chunked", "chunked\r\nTransfer-Encoding: Chunked", "identity, chunked,chunked"] {
        assert_eq!(framing(&format!("Transfer-Encoding: {twice}\r\n")), (Framing::Chunked, Persistence::Close), "{twice}");
    }
    for unknown in ["gzip", "gzip, chunked", "chunked, gzip", "chunked, gzip, chunked", "xchunked"] {
        assert_eq!(bad_head(&format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {unknown}\r\n\r\n")), HeadFault::TransferCoding, "{unknown}");
    }
}

#[test]
fn chunks_with_extensions_and_trailers() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for chunks in [
        "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
        "5;x=y\r\nhello\r\n06 ; z=\"q;\"\r\n world\r\n0;last\r\nX-T: 1\r\nX-U: 2\r\n\r\n",
        "5 \r\nhello\r\n000006\r\n world\r\n00\r\n\r\n",
        "5\nhello\n6\n world\n0\n\n",
        "B\r\nhello world\r\n0\r\n\r\n",
        "b\r\nhello world\r\n0\r\n\r\n",
    ] {
        let (_, _, _, data, complete, rest) = message(&format!("{head}{chunks}REST"));
        assert_eq!((data.as_str(), complete, rest.as_str()), ("hello world", true, "REST"), "{chunks:?}");
    }
    for early in ["", "5", "5\r\nhel", "5\r\nhello", "5\r\nhello\r\n", "5\r\nhello\r\n0", "5\r\nhello\r\n0\r\n", "0\r\nX: y\r\n", "0\r\n\r"]
    {
        let (.., complete, _) = message(&format!("{head}{early}"));
        assert!(!complete, "{early:?}");
    }
}

#[test]
fn malformed_chunks_are_refused() {
    for size in ["x\r\n", "\r\n", "-1\r\n", ";x\r\n", " 5\r\nhello\r\n", "5\r\nhello\r\n\r\n", "0x5\r\nhello", "12345678901234567\r\n"] {
        assert_eq!(bad_body(size), BodyFault::ChunkSize, "{size:?}");
    }
    for end in ["5\r\nhello!", "5\r\nhello\r!", "3\r\nhello\r\n"] {
        assert_eq!(bad_body(end), BodyFault::ChunkEnd, "{end:?}");
    }
    let long = |before: &str| {
        Outcome::clone(&whole(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{before}{}", "x".repeat(40_000)).as_bytes()))
    };
    assert!(matches!(long("5;"), Outcome::BadBody { fault: BodyFault::Extensions { .. }, .. }));
    assert!(matches!(long("0\r\n"), Outcome::BadBody { fault: BodyFault::Trailers { .. }, .. }));
}

#[test]
fn without_framing_the_body_ends_with_the_connection() {
    let (_, framing, persistence, data, complete, _) = message("HTTP/1.1 200 OK\r\n\r\nhello");
    assert_eq!((framing, persistence, data.as_str(), complete), (Framing::UntilClose, Persistence::Close, "hello", false));
    let (_, framing, persistence, ..) = message("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    assert_eq!((framing, persistence), (Framing::Length(2), Persistence::Close));
    let (_, framing, persistence, ..) = message("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nhi");
    assert_eq!((framing, persistence), (Framing::Length(2), Persistence::Keep));
}

#[test]
fn close_wins_over_keep_alive() {
    for close in ["close", "Close", "keep-alive, close", "x, close", "close\r\nConnection: keep-alive"] {
        assert_eq!(framing(&format!("Connection: {close}\r\nContent-Length: 0\r\n")).1, Persistence::Close, "{close}");
    }
    assert_eq!(framing("Connection: closed\r\nContent-Length: 0\r\n").1, Persistence::Keep);
}

#[test]
fn some_answers_have_no_body_whatever_they_say() {
    for status in ["204 No Content", "304 Not Modified"] {
        let (_, framing, _, data, complete, rest) = message(&format!("HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\nhello"));
        assert_eq!((framing, data.as_str(), complete, rest.as_str()), (Framing::Length(0), "", true, "hello"), "{status}");
    }
    for head in ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "", "Content-Length: x\r\n"] {
        let text = format!("HTTP/1.1 200 OK\r\n{head}\r\n");
        let Outcome::Message { framing, .. } = read(&[text.as_bytes()], Asked::HeadOnly) else { panic!("{text}") };
        assert_eq!(framing, Framing::Length(0), "{head}");
    }
}

#[test]
fn interim_answers_are_passed_over() {
    let (status, .., data, complete, _) = message(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    );
    assert_eq!((status, data.as_str(), complete), (200, "hi", true));
    let many = "HTTP/1.1 100 Continue\r\n\r\n".repeat(MAX_INTERIM + 1);
    assert_eq!(bad_head(&many), HeadFault::TooManyInterim { limit: MAX_INTERIM });
    assert_eq!(bad_head("HTTP/1.1 101 Switching Protocols\r\n\r\n"), HeadFault::Switched);
}

#[test]
fn what_is_tolerated_in_a_head() {
    for (text, name, value) in [
        ("HTTP/1.1 200 OK\nX: y\n\n", "x", "y"),
        ("\r\n\r\nHTTP/1.1 200 OK\r\nX: y\r\n\r\n", "x", "y"),
        ("HTTP/1.1 200\r\nX:y\r\n\r\n", "x", "y"),
        ("HTTP/1.1 200 \r\nX:  y \t\r\n\r\n", "x", "y"),
        ("HTTP/1.1 200 OK\r\nX : y\r\n\r\n", "x", "y"),
        ("HTTP/1.1 200 OK\r\nX: one\r\n two\r\n\tthree\r\n\r\n", "x", "one two three"),
        ("HTTP/1.1 200 OK\r\nX:\r\n\r\n", "x", ""),
        ("HTTP/1.1 200 Tr\u{e8}s bien\r\nX: caf\u{e9}\r\n\r\n", "x", "caf\u{e9}"),
        ("HTTP/1.1 999 Odd\r\nX: y\r\n\r\n", "x", "y"),
    ] {
        match in_pieces(text.as_bytes()) {
            Outcome::Message { headers, .. } => assert_eq!(headers.first(name), Some(value), "{text:?}"),
            other => panic!("{text:?}: {other:?}"),
        }
    }
    let Outcome::Message { headers, .. } = in_pieces(b"HTTP/1.1 200 OK\r\nX: caf\xe9\r\n\r\n") else { panic!() };
    assert_eq!(headers.first("x"), Some("caf\u{e9}"));
}

#[test]
fn what_is_no_head_is_refused() {
    for text in [
        "SSH-2.0-OpenSSH_9.6\r\n",
        "<html>",
        "HTTP/2 200\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "\u{15}\u{3}\u{1}",
    ] {
        assert_eq!(bad_head(text), HeadFault::NotHttp, "{text:?}");
    }
    assert_eq!(whole(b""), Outcome::NoHead);
    assert_eq!(whole(b"HTTP/1.1 200 OK\r\nContent-Le"), Outcome::NoHead);
}

#[test]
fn odd_lines_are_passed_over_and_what_is_odd_in_others() {
    for odd in [
        "X y\r\n",
        "\u{0}: y\r\n",
        ": y\r\n",
        "x y: z\r\n",
        "caf\u{e9}: y\r\n",
        " leading: y\r\n",
        "\tleading\r\n",
        "<b>Warning</b>: y\r\n  and more of it: z\r\n",
        "Content-Length 7\r\n",
    ] {
        let text = format!("HTTP/1.1 200 OK\r\n{odd}A: 1\r\nContent-Length: 5\r\nB: 2\r\n\r\nhelloMORE");
        match in_pieces(text.as_bytes()) {
            Outcome::Message { headers, framing, data, .. } => {
                assert_eq!(headers, Headers::from_iter([("A", "1"), ("Content-Length", "5"), ("B", "2")]), "{odd:?}");
                assert_eq!((framing, data.as_slice()), (Framing::Length(5), &b"hello"[..]), "{odd:?}");
            }
            other => panic!("{odd:?}: {other:?}"),
        }
    }
    for (field, value) in
        [("X: a\u{1}b", "ab"), ("X: \u{0}", ""), ("X: a\rb", "ab"), ("X: a\u{7f}\r\n b\u{1b}c", "a bc"), ("X\t: y\u{2}", "y")]
    {
        let Outcome::Message { headers, .. } = in_pieces(format!("HTTP/1.1 200 OK\r\n{field}\r\nB: 2\r\n\r\n").as_bytes()) else {
            panic!("{field:?}")
        };
        assert_eq!((headers.first("x"), headers.first("b")), (Some(value), Some("2")), "{field:?}");
    }
    let reason = b"HTTP/1.1 404 Not\x01Found\r\nContent-Length: 0\r\n\r\n";
    assert!(matches!(in_pieces(reason), Outcome::Message { status: 404, framing: Framing::Length(0), .. }));
}

/// The control to the test above: what says where the body ends may not be odd, and lengths that differ stay an error beside an odd line.
#[test]
fn what_says_where_the_body_ends_is_beyond_doubt() {
    for doubtful in [
        "Content-Length: 5\u{0}",
        "Content-Length: \u{1}5",
        "Content-Length: 5\r5",
        "Content\u{1}-Length: 5",
        "content-length\u{0}: 5",
        "Transfer-Encoding: chun\u{0}ked",
        "Transfer\u{7f}-Encoding: chunked",
    ] {
        assert_eq!(bad_head(&format!("HTTP/1.1 200 OK\r\n{doubtful}\r\n\r\nhello")), HeadFault::Header, "{doubtful:?}");
    }
    assert_eq!(bad_head("HTTP/1.1 200 OK\r\nodd\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), HeadFault::ContentLength);
    assert_eq!(bad_head("HTTP/1.1 200 OK\r\nodd\r\nTransfer-Encoding: gzip\r\n\r\nhello"), HeadFault::TransferCoding);
    let many = format!("HTTP/1.1 200 OK\r\nodd\r\n{}\r\n", "a: b\r\n".repeat(MAX_FIELDS + 1));
    assert_eq!(whole(many.as_bytes()), Outcome::BadHead(HeadFault::TooManyHeaders { limit: MAX_FIELDS }));
}

#[test]
fn a_redirect_is_enough_as_soon_as_it_says_where_it_leads() {
    let cut = |text: &str| cut_redirect(text.as_bytes()).and_then(|head| head.headers.first("location").map(str::to_owned));
    for rest in ["", "Content-Le", "Content-Length: 5\r\n", "odd\r\nx", "Content-Length: 5\r\nX: \u{1}"] {
        assert_eq!(cut(&format!("HTTP/1.1 302 Found\r\nLocation: /there\r\n{rest}")).as_deref(), Some("/there"), "{rest:?}");
    }
    for less in [
        "HTTP/1.1 302 Found\r\nLocation: /there",
        "HTTP/1.1 302 Found\r\nLocation: /there\r",
        "HTTP/1.1 302 Found\r\nServer: x\r\n",
        "HTTP/1.1 200 OK\r\nLocation: /there\r\n",
        "HTTP/1.1 302 Found",
        "",
    ] {
        assert_eq!(cut(less), None, "{less:?}");
    }
}

#[test]
fn a_chunked_body_may_end_with_the_connection_behind_its_last_chunk_only() {
    let ends = |body: &str| {
        let mut deframer = Deframer::new(Framing::Chunked);
        let mut rest = body.as_bytes();
        loop {
            let (framing, piece) = deframer.advance(rest).unwrap();
            rest = &rest[framing..];
            match piece {
                Piece::Data(count) => {
                    rest = &rest[count..];
                    deframer.took(count);
                }
                Piece::More | Piece::End => return deframer.may_end(),
            }
        }
    };
    for enough in ["5\r\nhello\r\n0\r\n", "5\r\nhello\r\n0\r", "5\nhello\n0\n", "5\r\nhello\r\n0\r\n\r", "0\r\nX: y\r\n", "0\r\nX: "] {
        assert!(ends(enough), "{enough:?}");
    }
    // A lone nought may be the beginning of a size.
    for less in ["", "5", "5\r\nhel", "5\r\nhello", "5\r\nhello\r\n", "5\r\nhello\r\n0", "5\r\nhello\r\n00a\r\n"] {
        assert!(!ends(less), "{less:?}");
    }
}

#[test]
fn a_chunk_says_beforehand_how_much_there_will_be() {
    let mut deframer = Deframer::new(Framing::Chunked);
    deframer.advance(b"5\r\n").unwrap();
    assert_eq!(deframer.announced(), 5);
    deframer.took(5);
    deframer.advance(b"\r\nFFFFFFFFFFFFFFFF\r\n").unwrap();
    assert_eq!(deframer.announced(), u64::MAX);
}

#[test]
fn heads_have_limits() {
    let fields = |count: usize| format!("HTTP/1.1 200 OK\r\n{}Content-Length: 0\r\n\r\n", "a: b\r\n".repeat(count));
    assert!(matches!(whole(fields(MAX_FIELDS - 1).as_bytes()), Outcome::Message { .. }));
    assert_eq!(whole(fields(MAX_FIELDS).as_bytes()), Outcome::BadHead(HeadFault::TooManyHeaders { limit: MAX_FIELDS }));
    let sized = |bytes: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nx: {}\r\n\r\n", "y".repeat(bytes));
    assert!(matches!(whole(sized(100_000).as_bytes()), Outcome::Message { .. }));
    let endless = sized(MAX_HEAD);
    assert_eq!(whole(endless.as_bytes()), Outcome::BadHead(HeadFault::TooLarge { limit: MAX_HEAD }));
    let blank = "\r\n".repeat(MAX_HEAD);
    assert_eq!(whole(blank.as_bytes()), Outcome::BadHead(HeadFault::TooLarge { limit: MAX_HEAD }));
    let pieces: Vec<&[u8]> = endless.as_bytes().chunks(1000).collect();
    assert_eq!(read(&pieces, Asked::Everything), Outcome::BadHead(HeadFault::TooLarge { limit: MAX_HEAD }));
}

#[track_caller]
fn written(method: Method, url: &str, headers: &[(&str, &str)], body: usize, target: Target) -> Result<String, Error> {
    let headers: Vec<(String, String)> = headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let mut out = Vec::new();
    let url = Url::parse(url).unwrap();
    let head = RequestHead {
        method: &method,
        url: &url,
        target,
        headers: &headers,
        user_agent: "smolcrawl/0",
        authorization: None,
        proxy_authorization: None,
        body,
    };
    head.write(&mut out).map(|()| String::from_utf8(out).unwrap())
}

#[test]
fn a_request_says_what_it_must_and_no_more() {
    assert_eq!(
        written(Method::GET, "http://me:pw@Docs.test:80/a%20b?q=1#frag", &[("accept", "text/html")], 0, Target::Origin).unwrap(),
        "GET /a%20b?q=1 HTTP/1.1\r\nHost: docs.test\r\nUser-Agent: smolcrawl/0\r\nAccept-Encoding: gzip, deflate, br, zstd\r\naccept: text/html\r\n\r\n"
    );
    let post = written(Method::POST, "http://docs.test:8080", &[], 0, Target::Origin).unwrap();
    assert!(post.starts_with("POST / HTTP/1.1\r\nHost: docs.test:8080\r\n"), "{post}");
    assert!(post.ends_with("Content-Length: 0\r\n\r\n"), "{post}");
    let absolute = written(Method::GET, "http://me:pw@[::1]:81/x", &[], 0, Target::Absolute).unwrap();
    assert!(absolute.starts_with("GET http://[::1]:81/x HTTP/1.1\r\nHost: [::1]:81\r\n"), "{absolute}");
}

#[test]
fn headers_cannot_be_smuggled() {
    for (name, value) in [
        ("x", "y\r\nEvil: 1"),
        ("x", "y\n"),
        ("x", "\0"),
        ("x\r\nEvil", "1"),
        ("x:", "1"),
        ("x y", "1"),
        ("", "1"),
        ("\u{e9}", "1"),
        ("Host", "evil.test"),
        ("content-length", "9"),
        ("Transfer-Encoding", "chunked"),
        ("connection", "upgrade"),
    ] {
        let error = written(Method::GET, "http://docs.test/", &[(name, value)], 0, Target::Origin).unwrap_err();
        assert!(matches!(&error, Error::InvalidHeader { name: named } if named == name), "{name:?}: {value:?}: {error:?}");
    }
}

/// Messages that are mostly right, so that the interesting states are reached.
fn messages() -> impl Strategy<Value = Vec<u8>> {
    let status =
        prop_oneof![Just("HTTP/1.1 200 OK"), Just("HTTP/1.0 200 OK"), Just("HTTP/1.1 204 x"), Just("HTTP/1.1 100 x"), Just("HTTP/1.1 2")];
    let line_end = prop_oneof![4 => Just("\r\n"), 1 => Just("\n")];
    let field = prop_oneof![
        Just("Content-Length: 5".to_owned()),
        Just("Content-Length: 5, 5".to_owned()),
        Just("Transfer-Encoding: chunked".to_owned()),
        Just("Connection: close".to_owned()),
        Just("X: a\r\n b".to_owned()),
        "[a-zA-Z-]{1,8} ?: ?[ -~\u{e9}]{0,12}",
    ];
    let piece = prop_oneof![
        Just(b"5\r\nhello\r\n".to_vec()),
        Just(b"5;a=b\nhello\n".to_vec()),
        Just(b"0\r\n\r\n".to_vec()),
        Just(b"0\r\nX: y\r\n\r\n".to_vec()),
        Just(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
        prop::collection::vec(any::<u8>(), 0..8),
    ];
    (status, line_end, prop::collection::vec(field, 0..5), prop::collection::vec(piece, 0..5)).prop_map(|(status, end, fields, pieces)| {
        let mut out = format!("{status}{end}").into_bytes();
        for field in fields {
            out.extend_from_slice(field.as_bytes());
            out.extend_from_slice(end.as_bytes());
        }
        out.extend_from_slice(end.as_bytes());
        out.extend(pieces.concat());
        out
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_make_no_difference(message in messages(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(message.len() + 1)).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut start = 0;
        for cut in cuts {
            pieces.push(&message[start..cut]);
            start = cut;
        }
        pieces.push(&message[start..]);
        prop_assert_eq!(read(&pieces, Asked::Everything), whole(&message));
    }

    #[test]
    fn noise_is_survived(noise in prop::collection::vec(any::<u8>(), 0..300)) {
        in_pieces(&noise);
    }

    #[test]
    fn noise_after_a_head_is_survived(noise in prop::collection::vec(any::<u8>(), 0..300)) {
        in_pieces(&[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", noise.as_slice()].concat());
    }

    #[test]
    fn whatever_is_chunked_comes_back(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..50), 0..6)) {
        let mut message = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for piece in &pieces {
            message.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            message.extend_from_slice(piece);
            message.extend_from_slice(b"\r\n");
        }
        message.extend_from_slice(b"0\r\n\r\n");
        let Outcome::Message { data, complete, left_over, .. } = whole(&message) else { panic!() };
        prop_assert!(complete && left_over.is_empty());
        prop_assert_eq!(data, pieces.concat());
    }
}
