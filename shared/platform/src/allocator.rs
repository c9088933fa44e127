//! Memory of every program that stands on this kit: mimalloc, because an event is many small strings, and with the C library's
//! allocator a third of what booking-service had of the processor in a crowd went into them (decision 0024).

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
