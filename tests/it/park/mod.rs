//! A driver's life on a running host: packages, trust, shadow, canary, swaps, rollback, quarantine.

mod attacks;
mod bombs;
mod evidence;
mod kit;
mod page;
mod registry;
mod swaps;
mod trials;
mod watch;
mod words;
