//! How figures are printed.

use std::fs;

/// What it runs on, and how busy that is.
pub fn machine() {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find(|line| line.starts_with("model name"));
    let model = model
        .and_then(|line| line.split_once(": "))
        .map_or("processor", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    println!("{cores} x {model}, Linux {}, load before {load}", kernel.trim());
    if cfg!(debug_assertions) {
        println!("THIS IS NO RELEASE BUILD: its figures say nothing");
    }
}

/// Begins the figures of one benchmark.
pub fn head(name: &str, what: &str) {
    println!("\n{name}: {what} (cargo xtask bench {name})");
}

/// One figure: its name, number, unit, and what it is.
pub fn figure(name: &str, number: f64, unit: &str, what: &str) {
    let decimals = match number.abs() {
        1_000.0.. => 0,
        100.0.. => 1,
        _ => 2,
    };
    println!("  {name:<28} {number:>12.decimals$} {unit:<6} {what}");
}

/// A figure beside its goal.
pub fn goal(name: &str, number: f64, unit: &str, holds: bool, goal: &str) {
    let word = if holds { "reached" } else { "MISSED" };
    figure(name, number, unit, &format!("goal {goal}: {word}"));
}
