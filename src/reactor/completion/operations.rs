//! What the kernel was asked to do, from the asking until it is done. Pure: asks the system nothing.
//!
//! An operation keeps what the kernel uses (the socket, an address) until its completion was taken, whoever has lost interest
//! meanwhile. Only the socket may go before, of an operation that was cancelled, where the kernel does without.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::task::Waker;

use rustix::fd::{AsFd, OwnedFd};
use rustix::net::SocketAddrAny;

use crate::reactor::completion::system::Arrival;
use crate::reactor::completion::system::is_lost;

/// A socket as the kernel knows it.
pub(crate) type Descriptor = Arc<dyn AsFd + Send + Sync>;

#[derive(Default)]
pub(crate) struct Operations {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// What the kernel is to be told, in this order.
    queued: VecDeque<Job>,
    /// Operations that the kernel has.
    running: usize,
}

/// Names an operation: to its owner until the outcome is taken, to the kernel until it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket(u32);

impl Ticket {
    pub(crate) fn number(self) -> u64 {
        u64::from(self.0)
    }

    /// Of a number that the kernel was given.
    pub(crate) fn from_number(number: u64) -> Self {
        Self(number as u32)
    }
}

/// What the kernel is asked for.
#[derive(Clone)]
pub(crate) enum Request {
    /// So many bytes at most.
    Receive {
        most: u32,
    },
    /// To tell when the socket may take bytes, or has broken.
    Writable,
    Connect(Arc<SocketAddrAny>),
    Accept(Arc<Arrival>),
}

/// What comes of it.
#[derive(Debug)]
pub(crate) enum Gained {
    Nothing,
    /// None at the end of the stream.
    Bytes(Vec<u8>),
    Connection(OwnedFd),
}

pub(crate) type Outcome = io::Result<Gained>;

/// The next thing to tell the kernel.
pub(crate) enum Next<'a> {
    Start { ticket: Ticket, request: &'a Request, descriptor: &'a Descriptor },
    Cancel(Ticket),
}

enum Job {
    Start(Ticket),
    Cancel(Ticket),
}

enum Slot {
    Free,
    /// Its operation was given up before the kernel knew of it; the job is still queued.
    Withdrawn,
    Taken(Operation),
}

struct Operation {
    request: Request,
    /// None once it was let go of.
    descriptor: Option<Descriptor>,
    state: State,
    waker: Option<Waker>,
}

enum State {
    Queued,
    Running,
    /// The kernel has it, and nobody wants it any more.
    Abandoned,
    Done(Outcome),
}

/// What is left over, to be dropped where no lock is held: a waker may run anything.
pub(crate) struct Remains {
    _operation: Option<Operation>,
    _waker: Option<Waker>,
}

impl Operations {
    /// Bytes that an operation takes.
    #[cfg(test)]
    pub(crate) const SLOT: usize = size_of::<Slot>();

    pub(crate) fn start(&mut self, request: Request, descriptor: Descriptor, waker: &Waker) -> Ticket {
        let operation = Operation { request, descriptor: Some(descriptor), state: State::Queued, waker: Some(waker.clone()) };
        let ticket = match self.free.pop() {
            Some(number) => {
                self.slots[number as usize] = Slot::Taken(operation);
                Ticket(number)
            }
            None => {
                let number = u32::try_from(self.slots.len()).expect("operations are fewer than descriptors, which are fewer than 2^31");
                self.slots.push(Slot::Taken(operation));
                Ticket(number)
            }
        };
        self.queued.push_back(Job::Start(ticket));
        ticket
    }

    /// The outcome, once: the ticket is void then. Else `waker` is the one to wake, and the one before comes back.
    pub(crate) fn take(&mut self, ticket: Ticket, waker: &Waker) -> Result<Outcome, Option<Waker>> {
        let operation = self.operation(ticket).expect("a ticket is good until its outcome is taken");
        match &operation.state {
            State::Done(_) => {}
            _ => {
                return Err(match &operation.waker {
                    Some(known) if known.will_wake(waker) => None,
                    _ => operation.waker.replace(waker.clone()),
                });
            }
        }
        match std::mem::replace(&mut self.slots[ticket.0 as usize], Slot::Free) {
            Slot::Taken(Operation { state: State::Done(outcome), .. }) => {
                self.free.push(ticket.0);
                Ok(outcome)
            }
            _ => unreachable!("it was just found done"),
        }
    }

    pub(crate) fn is_done(&mut self, ticket: Ticket) -> bool {
        self.operation(ticket).is_some_and(|operation| matches!(operation.state, State::Done(_)))
    }

    /// The owner gives it up, and its ticket. If the kernel has it, it is cancelled.
    pub(crate) fn abandon(&mut self, ticket: Ticket) -> Remains {
        let slot = &mut self.slots[ticket.0 as usize];
        let Slot::Taken(operation) = slot else { unreachable!("a ticket is good until it is given up") };
        let waker = operation.waker.take();
        let left = match operation.state {
            State::Queued => std::mem::replace(slot, Slot::Withdrawn),
            State::Done(_) => {
                self.free.push(ticket.0);
                std::mem::replace(slot, Slot::Free)
            }
            State::Running | State::Abandoned => {
                operation.state = State::Abandoned;
                self.queued.push_back(Job::Cancel(ticket));
                return Remains { _operation: None, _waker: waker };
            }
        };
        match left {
            Slot::Taken(operation) => Remains { _operation: Some(operation), _waker: waker },
            Slot::Free | Slot::Withdrawn => unreachable!("it was just found taken"),
        }
    }

    /// What was asked for with a ticket that is in use.
    pub(crate) fn request(&self, ticket: Ticket) -> &Request {
        match &self.slots[ticket.0 as usize] {
            Slot::Taken(operation) => &operation.request,
            Slot::Free | Slot::Withdrawn => unreachable!("an operation is kept while the kernel has it"),
        }
    }

    /// The socket of a ticket that is in use, unless it was let go of.
    #[cfg_attr(not(windows), allow(dead_code, reason = "for a kernel that needs no socket to complete what was cancelled"))]
    pub(crate) fn descriptor(&self, ticket: Ticket) -> Option<&Descriptor> {
        match &self.slots[ticket.0 as usize] {
            Slot::Taken(operation) => operation.descriptor.as_ref(),
            Slot::Free | Slot::Withdrawn => unreachable!("an operation is kept while the kernel has it"),
        }
    }

    /// Lets go of the socket of an operation that was cancelled. To be dropped where no lock is held.
    #[cfg_attr(not(windows), allow(dead_code, reason = "for a kernel that needs no socket to complete what was cancelled"))]
    pub(crate) fn release(&mut self, ticket: Ticket) -> Option<Descriptor> {
        self.operation(ticket).and_then(|operation| operation.descriptor.take())
    }

    /// Those that the kernel has.
    #[cfg_attr(not(windows), allow(dead_code, reason = "for a kernel that is not told of all at once"))]
    pub(crate) fn under_way(&self) -> impl Iterator<Item = Ticket> {
        let has = |slot: &Slot| matches!(slot, Slot::Taken(Operation { state: State::Running | State::Abandoned, .. }));
        (0..).zip(&self.slots).filter(move |(_, slot)| has(slot)).map(|(number, _)| Ticket(number))
    }

    /// How many jobs there may be.
    pub(crate) fn queued(&self) -> usize {
        self.queued.len()
    }

    /// How many completions the kernel owes.
    pub(crate) fn running(&self) -> usize {
        self.running
    }

    /// The next job; an operation that is to start counts as the kernel's from here on.
    pub(crate) fn next(&mut self) -> Option<Next<'_>> {
        let ticket = loop {
            match self.queued.pop_front()? {
                Job::Start(ticket) => match &mut self.slots[ticket.0 as usize] {
                    Slot::Taken(_) => break ticket,
                    slot => {
                        *slot = Slot::Free;
                        self.free.push(ticket.0);
                    }
                },
                // It may be done by now, and the ticket another's.
                Job::Cancel(ticket) => {
                    if self.operation(ticket).is_some_and(|operation| matches!(operation.state, State::Abandoned)) {
                        return Some(Next::Cancel(ticket));
                    }
                }
            }
        };
        self.running += 1;
        let operation = self.operation(ticket).expect("the slot was just found taken");
        operation.state = State::Running;
        let descriptor = operation.descriptor.as_ref().expect("only what was cancelled has let go of it");
        Some(Next::Start { ticket, request: &operation.request, descriptor })
    }

    /// The kernel is done with an operation. Who waits for it is added to `wakers`; what nobody waits for is dropped, an accepted
    /// connection being closed thereby.
    pub(crate) fn complete(&mut self, ticket: Ticket, outcome: Outcome, wakers: &mut Vec<Waker>) {
        self.running -= 1;
        let Some(operation) = self.operation(ticket) else { unreachable!("an operation is kept while the kernel has it") };
        match (&operation.state, &outcome) {
            (State::Abandoned, _) => {
                self.slots[ticket.0 as usize] = Slot::Free;
                self.free.push(ticket.0);
            }
            (_, Err(error)) if is_lost(error, &operation.request) => {
                // Asking again to connect would only tell that it goes on.
                if let Request::Connect(_) = operation.request {
                    operation.request = Request::Writable;
                }
                operation.state = State::Queued;
                self.queued.push_back(Job::Start(ticket));
            }
            _ => {
                operation.state = State::Done(outcome);
                wakers.extend(operation.waker.take());
            }
        }
    }

    fn operation(&mut self, ticket: Ticket) -> Option<&mut Operation> {
        match &mut self.slots[ticket.0 as usize] {
            Slot::Taken(operation) => Some(operation),
            Slot::Free | Slot::Withdrawn => None,
        }
    }
}

/// What is received at once, at most: a TLS record and its frame, nearly; bytes.
pub(crate) const BUFFER: usize = 16 << 10;
