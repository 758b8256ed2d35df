//! What the benchmarks of reactors in the package above have, too: workloads, generic over the runtime, and what they run on.

#[expect(dead_code, reason = "what is measured is told in another way here")]
#[path = "../../support/meter.rs"]
pub mod meter;
#[expect(dead_code, reason = "pages are fetched here in more ways than there")]
#[path = "../../support/ours.rs"]
pub mod ours;
#[expect(dead_code, reason = "far ends of processes are started here in another way")]
#[path = "../../support/peers.rs"]
pub mod peers;
#[path = "../../support/site.rs"]
pub mod site;
#[expect(dead_code, reason = "sizes are others here")]
#[path = "../../support/workloads.rs"]
pub mod workloads;
