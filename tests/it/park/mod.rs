//! A driver's life on a running host: packages, trust, shadow, canary, swaps, rollback, quarantine.

mod attacks;
mod kit;
mod page;
mod swaps;
mod trials;
