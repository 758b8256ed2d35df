//! What only a real system can run out of.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use smolcrawl::http::{Client, Config, Error, Request};
use smolcrawl::reactor::{AskedBy, Choice, Handle, ReactorKind, choose};
use url::Url;

use super::config;
use super::reactors::kinds;

const EMFILE: i32 = 24;

fn reactors() -> impl Iterator<Item = (ReactorKind, Handle)> {
    kinds().map(|kind| (kind, choose(Choice { kind, asked_by: AskedBy::Builder, ..Choice::default() }).unwrap().0))
}

/// One of the ignored tests below, in a process of its own with so many file descriptors.
fn command(test: &str, descriptors: u64) -> Command {
    let mut command = Command::new("sh");
    let script = format!("ulimit -n {descriptors} && exec \"$0\" --exact system::{test} --ignored --nocapture");
    command.arg("-c").arg(script).arg(std::env::current_exe().unwrap());
    command
}

fn child(test: &str) {
    let output = command(test, 64).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let passed = output.status.success() && said.contains("1 passed");
    assert!(passed, "{}\n{said}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
}

/// A limit on the process; each test that wants it needs a process.
#[test]
fn no_descriptor_for_a_connection() {
    child("connecting_without_descriptors");
}

/// The server has descriptors of its own, in this process.
#[test]
fn fewer_descriptors_than_requests() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for socket in listener.incoming() {
            let socket = socket.unwrap();
            thread::spawn(move || answer(socket));
        }
    });
    let output = command("many_requests_with_few_descriptors", 64).env("SMOLCRAWL_SERVER", address.to_string()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// A full table is a reason to wait, also for those that rest: none of them is a failure of the host.
#[test]
#[ignore = "run by fewer_descriptors_than_requests in a process with few descriptors"]
fn many_requests_with_few_descriptors() {
    let url = Url::parse(&format!("http://{}/", std::env::var("SMOLCRAWL_SERVER").unwrap())).unwrap();
    for (kind, handle) in reactors() {
        let client = Client::new(&handle, config()).unwrap();
        let outcomes = handle.block_on(join_all((0..500).map(|_| async {
            let mut response = client.send(Request::get(url.clone())).await?;
            response.bytes().await
        })));
        let failures: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
        assert!(failures.is_empty(), "{kind}: {} failed, the first of {:?}", failures.len(), failures[0]);
        let counters = client.counters();
        assert_eq!((counters.succeeded, counters.failed), (500, 0), "{kind}");
        let handle_of_all = handle.clone();
        handle.block_on(async move { handle_of_all.shutdown(Duration::ZERO).await });
    }
}

#[test]
fn no_descriptor_to_accept_with() {
    child("accepting_without_descriptors");
}

#[test]
#[ignore = "run by no_descriptor_for_a_connection in a process with few descriptors"]
fn connecting_without_descriptors() {
    for (kind, handle) in reactors() {
        let client = Client::new(&handle, config()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let mut hoard = Vec::new();
        while let Ok(file) = std::fs::File::open("/dev/null") {
            hoard.push(file);
        }
        let error = handle.block_on(client.send(Request::get(url.clone()))).unwrap_err();
        let Error::OutOfFiles { source } = error.root() else { panic!("{kind}: {error:?}") };
        assert_eq!(source.raw_os_error(), Some(EMFILE), "{kind}");
        assert!(error.hint().unwrap().contains("ulimit -n") && error.is_of_this_machine());
        assert!(error.is_transient() && error.url() == Some(&url));
        let counters = client.counters();
        assert_eq!((counters.failed, counters.failed_at.connect, counters.connections_opened), (1, 1, 0));

        // It was the system that was short, not the client: with descriptors back the same request goes through.
        hoard.clear();
        let server = thread::spawn(move || answer(listener.accept().unwrap().0));
        let status = handle.block_on(client.send(Request::get(url))).unwrap().status;
        assert_eq!(status, 200, "{kind}");
        server.join().unwrap();
    }
}

#[test]
#[ignore = "run by no_descriptor_to_accept_with in a process with few descriptors"]
fn accepting_without_descriptors() {
    for (kind, handle) in reactors() {
        handle.block_on(async {
            let listener = handle.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
            let waiting = TcpStream::connect(listener.local_addr()).unwrap();
            let mut hoard = Vec::new();
            while let Ok(file) = std::fs::File::open("/dev/null") {
                hoard.push(file);
            }
            let error = listener.accept().await.unwrap_err();
            assert_eq!(error.raw_os_error(), Some(EMFILE), "{kind}");
            hoard.clear();
            // Neither the listener nor the connection that waited is lost.
            let (_, peer) = listener.accept().await.unwrap();
            assert_eq!(peer, waiting.local_addr().unwrap(), "{kind}");
        });
    }
}

#[test]
fn a_peer_that_never_reads_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let limit = Duration::from_millis(300);
    for (kind, handle) in reactors() {
        let client = Client::new(&handle, Config { first_byte_timeout: limit, ..config() }).unwrap();
        let started = Instant::now();
        let error = handle.block_on(client.send(Request::post(url.clone(), vec![0; 32 << 20]))).unwrap_err();
        assert!(matches!(error.root(), Error::FirstByteTimeout { .. }), "{kind}: {error:?}");
        assert!(started.elapsed() >= limit);
        let counters = client.counters();
        assert_eq!((counters.failed_at.first_byte, counters.connections_dropped, client.idle_connections()), (1, 1, 0), "{kind}");
    }
}

/// Two processes, one for each side: so many connections, twice, are more than one may have.
#[test]
fn idle_connections_cost_little() {
    let count = std::env::var("SMOLCRAWL_IDLE_CONNECTIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(2_000_u64);
    let mut server = command("serving", count + 100).env("SMOLCRAWL_IDLE", count.to_string()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
    let address =
        lines.find_map(|line| line.unwrap().strip_prefix("listening on ").map(str::to_owned)).expect("the server says where it is");
    let output = command("resting", count + 100).env("SMOLCRAWL_IDLE", format!("{count} {address}")).output().unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{said}", String::from_utf8_lossy(&output.stdout));
    let figures: Vec<_> = said.lines().filter(|line| line.contains("bytes each")).collect();
    assert!(!figures.is_empty(), "{said}");
    eprintln!("{}", figures.join("\n"));
}

#[test]
#[ignore = "run by idle_connections_cost_little, beside a server"]
fn resting() {
    let given = std::env::var("SMOLCRAWL_IDLE").unwrap();
    let (count, address) = given.split_once(' ').unwrap();
    let count: usize = count.parse().unwrap();
    let url = Url::parse(&format!("http://{address}/")).unwrap();
    for (kind, handle) in reactors() {
        let patience = Duration::from_secs(110);
        let limits = Config {
            max_idle: count,
            max_idle_per_origin: count,
            keep_alive: Duration::from_secs(3600),
            connect_timeout: patience,
            first_byte_timeout: patience,
            ..config()
        };
        let client = Client::new(&handle, limits).unwrap();
        let before = resident();
        // The server answers when all are connected, so each request has a connection of its own.
        handle.block_on(join_all((0..count).map(|index| {
            let (client, handle, url) = (&client, &handle, &url);
            async move {
                // No faster than the server's queue of new connections, which is short, is emptied.
                handle.sleep(Duration::from_micros(500 * index as u64)).await;
                client.send(Request::get(url.clone())).await.unwrap().bytes().await.unwrap()
            }
        })));
        assert_eq!(client.idle_connections(), count);
        let each = resident().saturating_sub(before) / count as u64;
        let (worked, rested) = (processor_time(), Duration::from_secs(1));
        handle.block_on(handle.sleep(rested));
        let idle = processor_time() - worked;
        eprintln!("{kind}: {count} idle connections, {each} bytes each, {idle:?} of processor time in {rested:?}");
        // Of the client alone, the peak of so many requests at once included; the kernel's part is not seen here.
        assert!(each < 24 * 1024, "{kind}: {each} bytes for each connection");
        assert!(idle < rested / 5, "{kind}: {idle:?} of processor time in {rested:?}");
        handle.block_on(async { client.send(Request::get(url.join("again").unwrap())).await.unwrap().bytes().await.unwrap() });
        assert_eq!(client.counters().connections_opened, count as u64, "all of them are still good for use");
    }
}

/// Waits for so many connections and their requests before it answers them; then answers each further request. Runs until it is killed.
#[test]
#[ignore = "run by idle_connections_cost_little, as the server"]
fn serving() {
    let count: usize = std::env::var("SMOLCRAWL_IDLE").unwrap().parse().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    eprintln!("listening on {}", listener.local_addr().unwrap());
    let (mut open, mut asked): (Vec<TcpStream>, Vec<TcpStream>) = Default::default();
    loop {
        let mut idle = true;
        while let Ok((mut socket, _)) = listener.accept() {
            socket.set_nonblocking(false).unwrap();
            let _ = socket.read(&mut [0; 4096]);
            socket.set_nonblocking(true).unwrap();
            asked.push(socket);
            idle = false;
        }
        if asked.len() == count {
            for mut socket in asked.drain(..) {
                socket.write_all(ANSWER).unwrap();
                open.push(socket);
            }
        }
        open.retain_mut(|socket| match socket.read(&mut [0; 4096]) {
            Ok(0) => false,
            Ok(_) => socket.write_all(ANSWER).is_ok(),
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        });
        if idle {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

fn answer(mut socket: TcpStream) {
    let _ = socket.read(&mut [0; 4096]);
    socket.write_all(ANSWER).unwrap();
}

/// Bytes of memory in use. Linux only; zero elsewhere.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    pages.and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok()).unwrap_or(0) * 4096
}

/// Of this process so far. Linux only; zero elsewhere.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<i64> = stat.rsplit(')').next().unwrap_or_default().split(' ').filter_map(|field| field.parse().ok()).collect();
    // After the state: utime and stime are the 14th and 15th of all, in ticks of 10 ms.
    Duration::from_millis(10 * (fields.get(10).unwrap_or(&0) + fields.get(11).unwrap_or(&0)).unsigned_abs())
}
