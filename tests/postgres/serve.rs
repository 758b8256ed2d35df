//! `smolcrawl serve` over a server that goes away in the middle: tools say so, and answer again when it is back. And `doctor`.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binary::{Server, report, run, text};
use crate::proxy::{Cut, Proxy};
use crate::{as_other, open, put, restart, server};

/// A home whose configuration wants no embeddings, and the flags that name it and the server behind a proxy.
fn behind(proxy: &Proxy, home: &TempDir) -> [String; 4] {
    let file = home.path().join("config.toml");
    std::fs::write(&file, "embeddings = \"none\"\n").unwrap();
    let mut address = server();
    address.set_port(Some(proxy.port())).unwrap();
    ["--config".to_owned(), file.to_str().unwrap().to_owned(), "--db".to_owned(), format!("{address}?schema=served")]
}

fn ask(served: &mut Server, id: &mut u32) -> Value {
    *id += 1;
    served.call(*id, "perform_rag_query", json!({ "query": "herons" }))
}

fn answers(served: &mut Server, id: &mut u32) {
    let answer = ask(served, id);
    assert!(answer["isError"].is_null(), "{answer}");
    assert_eq!(answer["structuredContent"]["results"][0]["url"], json!("https://docs.test/a"), "{answer}");
}

fn says_that_it_is_away(served: &mut Server, id: &mut u32) {
    let answer = ask(served, id);
    assert_eq!(answer["isError"], json!(true), "{answer}");
    let told = answer["content"][0]["text"].as_str().unwrap();
    assert!(told.contains("cannot be reached") || told.contains("connection was lost"), "{told}");
    assert!(told.contains("pg_isready") || told.contains("connects anew"), "{told}");
    assert!(!told.contains("password") && !told.contains("odd%40characters"), "{told}");
}

#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn a_session_outlives_its_database() {
    let (proxy, home) = (Proxy::to(server().port().unwrap()), TempDir::new().unwrap());
    put(&open(&format!("{}?schema=served", server())).unwrap(), "a", "Herons stand still.");
    let flags = behind(&proxy, &home);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    // It is away when the session begins.
    proxy.cut(Cut::Closed);
    let mut served = Server::start(home.path(), &flags);
    served.initialize();
    let mut id = 1;
    says_that_it_is_away(&mut served, &mut id);
    proxy.mend();
    answers(&mut served, &mut id);
    // It goes away in the middle of it.
    proxy.cut(Cut::Reset);
    says_that_it_is_away(&mut served, &mut id);
    id += 1;
    assert!(served.ask(id, "tools/list", json!({}))["result"]["tools"].is_array(), "what needs no database is answered");
    proxy.mend();
    answers(&mut served, &mut id);
    // It crashes, and is back before anybody asks.
    restart();
    answers(&mut served, &mut id);
    assert!(served.end().status.success());
}

/// Who cannot ask whether there is something does not know that there is nothing.
#[test]
#[ignore = "needs a server: tests/postgres/run"]
fn doctor_tells_what_it_does_not_know() {
    let (proxy, home) = (Proxy::to(server().port().unwrap()), TempDir::new().unwrap());
    let flags = behind(&proxy, &home);
    let doctor = |database: &str| run(home.path(), &["doctor", "--json", "--config", &flags[1], "--db", database]);
    let wrong = as_other(server().username(), Some("not%20it"), "stores");
    for (database, part) in [(flags[3].as_str(), "connection was lost"), (wrong.as_str(), "let this user in")] {
        proxy.cut(Cut::Reset);
        let output = doctor(database);
        let (told, found) = (text(&output.stderr), report(&output));
        assert!(!output.status.success() && told.contains(part) && told.contains("hint:"), "{told}");
        assert_eq!(found["store"]["exists"], json!(null), "{found}");
        let all = format!("{told}{}", text(&output.stdout));
        assert!(
            !all.contains("nothing is stored yet") && !all.contains("not%20it") && !all.contains("not it") && !all.contains("odd%40"),
            "{all}"
        );
    }
    let empty = doctor(&format!("{}?schema=nobody_made_this", server()));
    assert!(empty.status.success(), "{}", text(&empty.stderr));
    let found = report(&empty);
    assert_eq!(found["store"]["exists"], json!(false));
    assert!(found["advice"].to_string().contains("nothing is stored yet"), "{found}");
    // An address whose password is not written as it must be, is not shown, not even as the setting that it is.
    let odd = doctor("postgres://me:pa#ss@h/d");
    let all = text(&odd.stdout) + &text(&odd.stderr);
    assert!(!odd.status.success() && all.contains("%23") && !all.contains("pa#ss"), "{all}");
}
