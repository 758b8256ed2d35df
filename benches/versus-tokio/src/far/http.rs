//! As much of HTTP as a far end needs: one request after the other, bodies of a known length.

use std::io::{self, Read, Write};

/// The next request of a connection: its target and its body; none at the end.
pub fn request(stream: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut more = [0; 16 << 10];
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            let length = |line: &str| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            };
            let body = end + 4..end + 4 + head.lines().find_map(length).unwrap_or(0);
            while buffer.len() < body.end {
                match stream.read(&mut more)? {
                    0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                    count => buffer.extend_from_slice(&more[..count]),
                }
            }
            let content = buffer[body.clone()].to_vec();
            buffer.drain(..body.end);
            return Ok(Some((head.split(' ').nth(1).unwrap_or_default().to_owned(), content)));
        }
        match stream.read(&mut more)? {
            0 => return Ok(None),
            count => buffer.extend_from_slice(&more[..count]),
        }
    }
}

/// A complete answer.
pub fn answer(status: &str, content_type: &str, connection: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\nConnection: {connection}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

pub const HTML: &str = "text/html; charset=utf-8";
pub const CLOSE: &str = "close";
pub const KEEP: &str = "keep-alive";

/// Answers all requests of a connection; one of which the answer is to be the last is followed by its end.
pub fn serve(stream: &mut (impl Read + Write), answer: impl Fn(&str, Vec<u8>) -> (Vec<u8>, bool)) -> io::Result<()> {
    let mut buffer = Vec::new();
    while let Some((target, body)) = request(stream, &mut buffer)? {
        let (answer, is_last) = answer(&target, body);
        stream.write_all(&answer)?;
        stream.flush()?;
        if is_last {
            return Ok(());
        }
    }
    Ok(())
}
