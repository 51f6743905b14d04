// How this process takes memory from the system. Called once, before any thread starts.
#pragma once

namespace penstock {

// Read batches come and go in blocks of some hundred KiB, made on one thread and freed on another.
// One heap that keeps them is cheaper than a mapping for each: measured, a third of the CPU time of
// a pass-through pipeline and half of its peak memory (bench/run, pass-through row).
void keep_freed_memory();

}  // namespace penstock
