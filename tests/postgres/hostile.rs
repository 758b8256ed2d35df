//! What answers as a server of PostgreSQL and is none, or is one of somebody in between: whatever it says, this ends, in time and in memory,
//! with an error that says so, and nothing is given away. No server is needed.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use smolcrawl::store::{Config, Error, Store, Trouble, until};

/// Listens, and has each who comes answered by `answer`. What is returned is the address.
fn server(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || answer(socket));
        }
    });
    format!("postgres://me:secret@127.0.0.1:{port}/x")
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &(body.len() as u32 + 4).to_be_bytes(), body].concat()
}

fn asks_for(number: u32, more: &[u8]) -> Vec<u8> {
    message(b'R', &[&number.to_be_bytes()[..], more].concat())
}

/// The first message of a connection, or nothing where it has ended.
fn startup(socket: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    socket.read_exact(&mut length).ok()?;
    let mut body = vec![0; u32::from_be_bytes(length) as usize - 4];
    socket.read_exact(&mut body).ok()?;
    // Who ends a statement from outside is not answered.
    (body[..4] != 80_877_102_u32.to_be_bytes()).then_some(body)
}

/// One message behind it: its kind and its body.
fn asked(socket: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    socket.read_exact(&mut head).ok()?;
    let mut body = vec![0; u32::from_be_bytes(head[1..].try_into().unwrap()) as usize - 4];
    socket.read_exact(&mut body).ok()?;
    Some((head[0], body))
}

fn ready(state: u8) -> Vec<u8> {
    message(b'Z', &[state])
}

fn let_in() -> Vec<u8> {
    [asks_for(0, b""), message(b'K', b"\0\0\0\x07key!"), ready(b'I')].concat()
}

fn row(columns: &[&[u8]]) -> Vec<u8> {
    let mut body = (columns.len() as u16).to_be_bytes().to_vec();
    for column in columns {
        body.extend((column.len() as u32).to_be_bytes());
        body.extend(*column);
    }
    message(b'D', &body)
}

/// Lets everybody in and answers each statement with what `answer` has for its SQL, of which the end is added here.
fn answering(answer: impl Fn(&str, &mut TcpStream) -> Vec<u8> + Send + Sync + 'static) -> String {
    server(move |mut socket| {
        if startup(&mut socket).is_none() {
            return;
        }
        socket.write_all(&let_in()).unwrap();
        let mut sql = String::new();
        while let Some((kind, body)) = asked(&mut socket) {
            let text = |from: &[u8]| String::from_utf8_lossy(from.split(|byte| *byte == 0).next().unwrap()).into_owned();
            let said = match kind {
                b'Q' => [answer(&text(&body), &mut socket), message(b'C', b"SET\0"), ready(b'I')].concat(),
                b'P' => {
                    let name = body.iter().position(|byte| *byte == 0).unwrap();
                    sql = text(&body[name + 1..]);
                    message(b'1', b"")
                }
                b'E' => [answer(&sql, &mut socket), message(b'C', b"SELECT 1\0")].concat(),
                b'S' => ready(b'I'),
                _ => Vec::new(),
            };
            if socket.write_all(&said).is_err() {
                return;
            }
        }
    })
}

fn hasty() -> Config {
    Config { statement_timeout: Duration::from_millis(300), ..patient() }
}

/// Nothing is tried again.
fn patient() -> Config {
    Config { busy_timeout: Duration::from_millis(1), ..Config::default() }
}

/// What opening it comes to, which has to be soon.
fn told(address: &str) -> Trouble {
    told_to(hasty(), address)
}

fn told_to(config: Config, address: &str) -> Trouble {
    let started = Instant::now();
    let error = Store::open_existing(address, config).unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}: {error}", started.elapsed());
    assert!(error.to_string().len() < 5_000 && !error.to_string().contains("secret"), "{error}");
    match error {
        Error::Server { trouble, .. } => {
            assert!(trouble.hint().is_some(), "{trouble}");
            trouble
        }
        other => panic!("{other:?}"),
    }
}

fn unreachable(trouble: &Trouble, part: &str) -> bool {
    matches!(trouble, Trouble::Unreachable { why } if why.contains(part))
}

/// Says the same over and over, until nobody reads it.
fn on_and_on(what: Vec<u8>) -> impl Fn(TcpStream) + Send + Sync {
    move |mut socket| {
        if startup(&mut socket).is_some() {
            while socket.write_all(&what).is_ok() {}
        }
    }
}

#[test]
fn who_talks_without_letting_in_is_left() {
    let notice = message(b'N', b"SNOTICE\0Mwait\0\0");
    let parameter = message(b'S', b"name\0value\0");
    for said in [notice, parameter] {
        let trouble = told(&server(on_and_on(said)));
        assert!(unreachable(&trouble, "lets nobody in"), "{trouble:?}");
    }
}

#[test]
fn who_says_a_byte_now_and_then_is_left() {
    let drip = |bytes: Vec<u8>| {
        move |mut socket: TcpStream| {
            if startup(&mut socket).is_none() {
                return;
            }
            // Longer than it is waited for in a turn, and shorter than that nothing would have come.
            let (_keep, never) = mpsc::channel::<()>();
            for byte in bytes.iter().cycle() {
                if socket.write_all(&[*byte]).is_err() {
                    return;
                }
                never.recv_timeout(Duration::from_millis(20)).unwrap_err();
            }
        }
    };
    let trouble = told(&server(drip(message(b'N', &[b"SNOTICE\0M", &[b'x'; 3_000][..], b"\0\0"].concat()))));
    assert!(unreachable(&trouble, "too long"), "{trouble:?}");
    // The same in the middle of an answer.
    let slow = answering(move |sql, socket| {
        if sql.contains("pg_extension") {
            drip_row(socket);
        }
        Vec::new()
    });
    assert_eq!(told(&slow), Trouble::TooSlow);
}

fn drip_row(socket: &mut TcpStream) {
    let (_keep, never) = mpsc::channel::<()>();
    for byte in row(&[&[b'x'; 3_000]]) {
        if socket.write_all(&[byte]).is_err() {
            return;
        }
        never.recv_timeout(Duration::from_millis(20)).unwrap_err();
    }
}

#[test]
fn a_password_is_said_and_proved_once() {
    // It is a socket of this machine, so that it is said in the clear, but not again and again.
    let said = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&said);
    let address = server(move |mut socket| {
        if startup(&mut socket).is_none() {
            return;
        }
        while socket.write_all(&asks_for(3, b"")).is_ok() && asked(&mut socket).is_some_and(|(kind, _)| kind == b'p') {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    assert!(matches!(told(&address), Trouble::LoginRefused { .. }));
    assert_eq!(said.load(Ordering::Relaxed), 1);
    // Each answer to a challenge costs this side up to a million rounds.
    let address = server(move |mut socket| {
        if startup(&mut socket).is_none() || socket.write_all(&asks_for(10, b"SCRAM-SHA-256\0\0")).is_err() {
            return;
        }
        let Some((b'p', first)) = asked(&mut socket) else { return };
        let nonce = String::from_utf8_lossy(&first);
        let nonce = nonce.split("r=").nth(1).unwrap();
        let challenge = asks_for(11, format!("r={nonce}more,s=c2FsdA==,i=4096").as_bytes());
        while socket.write_all(&challenge).is_ok() {}
    });
    let started = Instant::now();
    assert!(matches!(told(&address), Trouble::LoginRefused { .. }));
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    for odd in [asks_for(11, b"r=x,s=c2FsdA==,i=4096"), asks_for(12, b"v=AAAA"), asks_for(5, b"salt"), asks_for(7, b""), ready(b'I')] {
        let address = server(move |mut socket| {
            startup(&mut socket);
            _ = socket.write_all(&odd);
        });
        assert!(matches!(told(&address), Trouble::LoginRefused { .. } | Trouble::UnsafePassword { .. }));
    }
}

/// Somebody in between does not know the password, and lets in whoever comes to see what he says.
#[test]
fn a_server_that_does_not_prove_that_it_knows_the_password_is_refused() {
    let statements = Arc::new(AtomicUsize::new(0));
    for steps in [1, 2] {
        let counted = Arc::clone(&statements);
        let address = server(move |mut socket| {
            if startup(&mut socket).is_none() || socket.write_all(&asks_for(10, b"SCRAM-SHA-256\0\0")).is_err() {
                return;
            }
            let Some((b'p', first)) = asked(&mut socket) else { return };
            if steps == 2 {
                let first = String::from_utf8_lossy(&first);
                let nonce = first.split("r=").nth(1).unwrap();
                socket.write_all(&asks_for(11, format!("r={nonce}more,s=c2FsdA==,i=4096").as_bytes())).unwrap();
                asked(&mut socket);
            }
            socket.write_all(&let_in()).unwrap();
            while asked(&mut socket).is_some_and(|(kind, _)| kind != b'X') {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        let trouble = told(&address);
        assert!(matches!(&trouble, Trouble::LoginRefused { why } if why.contains("not asked to the end")), "{trouble:?}");
    }
    assert_eq!(statements.load(Ordering::Relaxed), 0);
}

#[test]
fn what_is_too_long_is_not_read() {
    // A length that would be half a gigabyte of memory before anything of it has come.
    for head in [&b"E\x1f\xff\xff\xff"[..], b"N\0\x02\0\0", b"E\xff\xff\xff\xff", b"E\0\0\0\0", b"HTTP/1.1 400 Bad Request\r\n\r\n"] {
        let address = server(move |mut socket| {
            startup(&mut socket);
            _ = socket.write_all(head);
            // It stays, so that it is not the end that is told.
            _ = socket.read(&mut [0]);
        });
        let trouble = told(&address);
        assert!(unreachable(&trouble, "does not speak"), "{head:?}: {trouble:?}");
    }
    // What it says of itself is cut to what can be read.
    let long = [b"SFATAL\0VFATAL\0C28000\0M", &[b'y'; 50_000][..], b"\0\0"].concat();
    let address = server(move |mut socket| {
        startup(&mut socket);
        _ = socket.write_all(&message(b'E', &long));
    });
    assert!(matches!(told(&address), Trouble::LoginRefused { why } if why.ends_with("y…")));
}

#[test]
fn an_answer_without_an_end_ends() {
    let what = [row(&[&[b'x'; 1_000]]), message(b'N', b"SNOTICE\0Mwait\0\0"), message(b'S', b"name\0value\0"), message(b'1', b"")];
    for said in what {
        let address = answering(move |sql, socket| {
            while sql.contains("pg_extension") && socket.write_all(&said).is_ok() {}
            Vec::new()
        });
        assert_eq!(told(&address), Trouble::TooSlow);
    }
}

#[test]
fn who_does_not_wait_any_more_is_let_go_at_once() {
    let is_over = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&is_over);
    // It goes on answering, so that there is never nothing to be read.
    let address = answering(move |sql, socket| {
        while sql.contains("pg_extension") && socket.write_all(&row(&[b"x"])).is_ok() {
            raised.store(true, Ordering::Relaxed);
        }
        Vec::new()
    });
    let started = Instant::now();
    let config = Config { statement_timeout: Duration::from_secs(60), ..Config::default() };
    let error = until(is_over, || Store::open_existing(&address, config)).unwrap_err();
    assert!(matches!(error, Error::Endless { .. }), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

/// Says what a server says of itself.
fn of_version(number: i64, version: &'static str) -> String {
    answering(move |sql, _| match sql {
        sql if sql.contains("server_version_num") => row(&[&number.to_be_bytes(), version.as_bytes(), b"UTF8", &[0]]),
        sql if sql.contains("pg_class") => row(&[&0_i64.to_be_bytes(), &0_i64.to_be_bytes()]),
        _ => Vec::new(),
    })
}

#[test]
fn an_old_server_is_told() {
    for (number, version) in [(90_624, "9.6.24"), (130_015, "13.15")] {
        let trouble = told_to(patient(), &of_version(number, version));
        assert_eq!(trouble, Trouble::OldServer { found: version.into(), least: 14 });
    }
    // Of a newer one it is asked on: this one has no pgvector.
    assert!(matches!(told_to(patient(), &of_version(140_000, "14.0")), Trouble::NoVectors { .. }));
}

#[test]
fn a_server_without_tls_is_refused_where_it_is_asked_for() {
    let asked_for = Arc::new(AtomicUsize::new(0));
    for answer in [b"N", b"E", b"H"] {
        let counted = Arc::clone(&asked_for);
        let address = server(move |mut socket| {
            let mut first = [0; 8];
            socket.read_exact(&mut first).unwrap();
            assert_eq!(first, [0, 0, 0, 8, 4, 210, 22, 47]);
            socket.write_all(answer).unwrap();
            // Nothing may follow, least of all who asks and for what.
            counted.fetch_add(socket.read(&mut first).unwrap_or(0), Ordering::Relaxed);
        });
        let trouble = told(&format!("{address}?sslmode=verify-full"));
        assert!(matches!(&trouble, Trouble::Tls { why } if why.contains("does not offer")), "{trouble:?}");
    }
    assert_eq!(asked_for.load(Ordering::Relaxed), 0);
    // It offers it, and then says something else, or nothing.
    for then in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"\x16\x03\x03", b"\x15\x03\x03\0\x02\x02\x28"] {
        let address = server(move |mut socket| {
            let mut first = [0; 8];
            socket.read_exact(&mut first).unwrap();
            socket.write_all(&[b"S", then].concat()).unwrap();
            while socket.read(&mut [0; 1_024]).is_ok_and(|count| count > 0) {}
        });
        let trouble = told(&format!("{address}?sslmode=verify-full"));
        assert!(matches!(trouble, Trouble::Tls { .. } | Trouble::Unreachable { .. }), "{then:?}: {trouble:?}");
    }
}

/// Whatever comes, and wherever it ends.
#[test]
fn noise_is_an_error() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let whole = [let_in(), row(&[b"x"]), message(b'C', b"SELECT 1\0"), ready(b'T'), message(b'E', b"SERROR\0C42P01\0Mno\0\0")].concat();
    for round in 0..60 {
        let mut said = whole.clone();
        for _ in 0..1 + round % 4 {
            let at = next() as usize % said.len();
            said[at] = next() as u8;
        }
        said.truncate(next() as usize % (said.len() + 1));
        let address = server(move |mut socket| {
            startup(&mut socket);
            _ = socket.write_all(&said);
        });
        let error = Store::open_existing(&address, hasty()).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

/// What a server says of itself that has our tables.
fn of_itself(sql: &str, version: i64) -> Vec<u8> {
    match sql {
        sql if sql.contains("server_version_num") => row(&[&180_000_i64.to_be_bytes(), b"18.0", b"UTF8", &[0]]),
        sql if sql.contains("pg_class") => row(&[&1_i64.to_be_bytes(), &1_i64.to_be_bytes()]),
        sql if sql.starts_with("SELECT version") => row(&[&version.to_be_bytes()]),
        sql if sql.contains("extversion") => row(&[b"0.8.0"]),
        sql if sql.contains("has_table_privilege") => row(&[&[1]]),
        _ => Vec::new(),
    }
}

/// The version of the schema that this program writes.
fn version() -> i64 {
    let address = answering(|sql, _| of_itself(sql, 1_000));
    match Store::open(&address, patient()) {
        Err(Error::Newer { known, .. }) => known.into(),
        other => panic!("{other:?}"),
    }
}

/// What the server takes for the end of a transaction that has failed is not taken for a write.
#[test]
fn a_commit_that_undoes_is_no_write() {
    let version = version();
    let address = answering(move |sql, socket| match sql {
        "COMMIT" => {
            socket.write_all(&message(b'C', b"ROLLBACK\0")).unwrap();
            Vec::new()
        }
        sql => of_itself(sql, version),
    });
    let store = Store::open(&address, patient()).unwrap();
    let error = store.remove_project("/nowhere").unwrap_err();
    assert!(matches!(&error, Error::Server { trouble: Trouble::Damaged { why }, .. } if why.contains("undone")), "{error:?}");
}

/// As a laptop does that was asleep in the middle of it: the server has ended the transaction, and the connection with it.
#[test]
fn what_was_ended_with_its_transaction_is_done_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let (counted, version) = (Arc::clone(&asked), version());
    let address = answering(move |sql, socket| match sql {
        sql if sql.starts_with("DELETE FROM projects") && counted.fetch_add(1, Ordering::Relaxed) == 0 => {
            let ended = b"SFATAL\0VFATAL\0C25P03\0Mterminating connection due to idle-in-transaction timeout\0\0";
            socket.write_all(&message(b'E', ended)).unwrap();
            socket.shutdown(std::net::Shutdown::Both).unwrap();
            Vec::new()
        }
        sql => of_itself(sql, version),
    });
    let store = Store::open(&address, Config { busy_timeout: Duration::from_secs(5), ..Config::default() }).unwrap();
    assert!(store.remove_project("/nowhere").unwrap());
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}
