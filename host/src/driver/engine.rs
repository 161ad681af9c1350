//! The wasmtime engine: one for the process, with a ticking epoch.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine};

use super::cache::Cache;
use super::context::Context;
use super::{LoadError, v1};
use crate::limits;

/// Compiles components and makes them ready to run.
#[derive(Clone)]
pub struct Runtime {
    engine: Engine,
    linker: Arc<Linker<Context>>,
    cache: Option<Cache>,
}

impl Runtime {
    /// An engine whose compiled code is kept in `cache`, or nowhere. Starts the thread that ticks; it ends with the
    /// engine.
    pub fn new(cache: Option<Cache>) -> Result<Self, LoadError> {
        let engine = Engine::new(&config()).map_err(LoadError::engine)?;
        let mut linker = Linker::new(&engine);
        v1::add_to_linker(&mut linker).map_err(LoadError::engine)?;
        tick(&engine)?;
        Ok(Self {
            engine,
            linker: Arc::new(linker),
            cache,
        })
    }

    /// The engine.
    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What the host offers to components.
    pub(super) fn linker(&self) -> &Linker<Context> {
        &self.linker
    }

    /// Compiles `bytes`, or takes the code compiled before. Blocks: call it where that is allowed.
    pub(super) fn compile(&self, bytes: &[u8]) -> Result<Component, LoadError> {
        if Engine::detect_precompiled(bytes).is_some() {
            return Err(LoadError::Precompiled);
        }
        let digest = digest(bytes);
        if let Some(component) = self.cache.as_ref().and_then(|cache| cache.load(&self.engine, &digest)) {
            return Ok(component);
        }
        let component = Component::new(&self.engine, bytes).map_err(LoadError::compile)?;
        if let Some(cache) = &self.cache {
            cache.save(&self.engine, &digest, &component);
        }
        Ok(component)
    }
}

/// SHA-256 of a component in hex: its name in journals and caches.
pub fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        // Data segments of a driver are small: copying them costs less than the two mappings that sharing takes of
        // the kernel's limit in each session.
        .memory_init_cow(false)
        .wasm_relaxed_simd(false)
        .wasm_tail_call(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .max_wasm_stack(256 << 10)
        .async_stack_size(512 << 10);
    config
}

/// Moves the epoch on every [`limits::TICK_MS`] from a thread of its own, so that a guest that never waits is still
/// counted and cut.
fn tick(engine: &Engine) -> Result<(), LoadError> {
    let weak = engine.weak();
    std::thread::Builder::new()
        .name("epoch".to_owned())
        .spawn(move || {
            loop {
                std::thread::sleep(Duration::from_millis(limits::TICK_MS));
                let Some(engine) = weak.upgrade() else { return };
                engine.increment_epoch();
            }
        })
        .map(drop)
        .map_err(|source| LoadError::Thread { source })
}
