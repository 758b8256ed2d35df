//! The same with an allocator that counts: slower, so that nothing else is measured with it.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use versus_tokio::Allocations;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    versus_tokio::count_allocations_by(|| {
        let stats = ALLOCATOR.stats();
        Allocations {
            count: (stats.allocations + stats.reallocations) as u64,
            bytes: (stats.bytes_allocated as i64 + stats.bytes_reallocated.max(0) as i64).unsigned_abs(),
        }
    });
    versus_tokio::main();
}
