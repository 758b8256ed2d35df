//! A fault server in another process, by way of a control connection: a line of JSON for each order and each word that comes back.

use std::collections::{HashMap, VecDeque};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;

use async_channel::Sender;
use serde::{Deserialize, Serialize};

use super::{News, Opening, Shared, Step, Transport};

/// Its place among those that were started over one connection.
pub type ServerId = usize;

#[derive(Debug, Serialize, Deserialize)]
enum Order {
    Start {
        transport: Transport,
        opening: Opening,
        ports: usize,
    },
    Trial {
        server: ServerId,
        answers: VecDeque<Vec<Step>>,
    },
    AnswersLeft {
        server: ServerId,
        trial: u64,
    },
    Complaints {
        server: ServerId,
    },
    /// These two are not answered.
    Go {
        server: ServerId,
        trial: u64,
    },
    Forget {
        server: ServerId,
        trial: u64,
    },
}

#[derive(Debug, Serialize, Deserialize)]
enum Word {
    Started {
        addresses: Vec<SocketAddr>,
        certificate: Option<Vec<u8>>,
    },
    Trial(u64),
    AnswersLeft(usize),
    Complaints(Vec<String>),
    /// Unasked.
    News {
        server: ServerId,
        trial: u64,
        news: News,
    },
}

/// The client's end of a control connection. What is asked blocks for a round trip.
pub struct Link {
    pub address: SocketAddr,
    orders: Mutex<TcpStream>,
    /// Held from a question to its answer.
    answers: Mutex<mpsc::Receiver<Word>>,
    trials: Arc<Mutex<Trials>>,
    servers: Mutex<ServerId>,
}

/// Those who wait for a trial to begin, and to end.
type Trials = HashMap<(ServerId, u64), (Sender<()>, Sender<()>)>;

impl Link {
    /// To the server that `SMOLCRAWL_FAULT_SERVER` names, as `127.0.0.1:port`.
    pub fn from_environment() -> Option<Arc<Self>> {
        let address = std::env::var("SMOLCRAWL_FAULT_SERVER").ok().filter(|address| !address.is_empty())?;
        let address = address.parse().expect("SMOLCRAWL_FAULT_SERVER is an address and a port");
        Some(Self::to(address).expect("the fault server of SMOLCRAWL_FAULT_SERVER does not answer"))
    }

    pub fn to(address: SocketAddr) -> io::Result<Arc<Self>> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        let (answer, answers) = mpsc::channel();
        let trials: Arc<Mutex<Trials>> = Arc::default();
        let (words, waiting) = (BufReader::new(socket.try_clone()?), trials.clone());
        thread::spawn(move || {
            for line in words.lines() {
                // Who waits for an answer or for news then notices that there will be none.
                let Ok(line) = line else { break };
                match serde_json::from_str(&line).expect("both ends are of one version") {
                    Word::News { server, trial, news } => {
                        if let Some((begin, end)) = waiting.lock().unwrap().get(&(server, trial)) {
                            let _ = if news == News::Begun { begin } else { end }.try_send(());
                        }
                    }
                    word => answer.send(word).expect("the link lives as long as the test"),
                }
            }
            waiting.lock().unwrap().clear();
        });
        Ok(Arc::new(Self { address, orders: Mutex::new(socket), answers: Mutex::new(answers), trials, servers: Mutex::default() }))
    }

    pub fn start(&self, transport: Transport, opening: Opening, ports: usize) -> (ServerId, Vec<SocketAddr>, Option<Vec<u8>>) {
        // They are numbered in the order in which they are started.
        let mut servers = self.servers.lock().unwrap();
        let Word::Started { addresses, certificate } = self.ask(&Order::Start { transport, opening, ports }) else { unreachable!() };
        let server = *servers;
        *servers += 1;
        (server, addresses, certificate)
    }

    pub fn trial(&self, server: ServerId, answers: VecDeque<Vec<Step>>, begin: Sender<()>, end: Sender<()>) -> u64 {
        let Word::Trial(trial) = self.ask(&Order::Trial { server, answers }) else { unreachable!() };
        self.trials.lock().unwrap().insert((server, trial), (begin, end));
        trial
    }

    pub fn answers_left(&self, server: ServerId, trial: u64) -> usize {
        let Word::AnswersLeft(count) = self.ask(&Order::AnswersLeft { server, trial }) else { unreachable!() };
        count
    }

    pub fn complaints(&self, server: ServerId) -> Vec<String> {
        let Word::Complaints(complaints) = self.ask(&Order::Complaints { server }) else { unreachable!() };
        complaints
    }

    pub fn go(&self, server: ServerId, trial: u64) {
        self.tell(&Order::Go { server, trial });
    }

    pub fn forget(&self, server: ServerId, trial: u64) {
        self.trials.lock().unwrap().remove(&(server, trial));
        self.tell(&Order::Forget { server, trial });
    }

    fn ask(&self, order: &Order) -> Word {
        let answers = self.answers.lock().unwrap();
        self.tell(order);
        answers.recv().expect("the fault server has gone")
    }

    fn tell(&self, order: &Order) {
        write_line(&mut self.orders.lock().unwrap(), order).expect("the fault server has gone");
    }
}

/// The server's end: does what it is told until the connection ends; then all that was started over it stops listening.
pub fn obey(control: TcpStream) -> io::Result<()> {
    control.set_nodelay(true)?;
    let words = Arc::new(Mutex::new(control.try_clone()?));
    let mut servers: Vec<(Arc<Shared>, Vec<SocketAddr>)> = Vec::new();
    let ended = BufReader::new(control).lines().try_for_each(|line| {
        let say = |word| write_line(&mut words.lock().unwrap(), &word);
        match serde_json::from_str(&line?)? {
            Order::Start { transport, opening, ports } => {
                let (shared, addresses, certificate) = Shared::listen(transport, opening, ports);
                servers.push((shared, addresses.clone()));
                say(Word::Started { addresses, certificate })
            }
            Order::Trial { server, answers } => {
                let words = words.clone();
                let tell = move |trial, news| {
                    // The test has ended, if there is nobody to tell.
                    let _ = write_line(&mut words.lock().unwrap(), &Word::News { server, trial, news });
                };
                say(Word::Trial(servers[server].0.rehearse(answers, tell).0))
            }
            Order::AnswersLeft { server, trial } => {
                say(Word::AnswersLeft(servers[server].0.script(trial).map_or(0, |script| script.answers_left())))
            }
            Order::Complaints { server } => say(Word::Complaints(servers[server].0.complaints())),
            Order::Go { server, trial } => {
                if let Some(script) = servers[server].0.script(trial) {
                    script.go();
                }
                Ok(())
            }
            Order::Forget { server, trial } => {
                servers[server].0.forget(trial);
                Ok(())
            }
        }
    });
    for (shared, addresses) in servers {
        shared.closed.store(true, Ordering::SeqCst);
        for address in addresses {
            // Wakes the thread that accepts.
            let _ = TcpStream::connect(address);
        }
    }
    ended
}

fn write_line(socket: &mut TcpStream, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    socket.write_all(&line)
}
