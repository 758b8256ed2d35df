//! What the benchmarks of reactors have in common, also with those beside Tokio: workloads, far ends, rounds, table.

pub mod meter;
pub mod ours;
pub mod peers;
pub mod rounds;
pub mod workloads;
