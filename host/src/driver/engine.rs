//! The wasmtime engines: one for small drivers and one for big ones, each with a ticking epoch.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine};

use super::LoadError;
use super::cache::Cache;
use super::context::Context;
use super::contract::{CONTRACTS, Contract, linker};
use super::env::Budget;
use crate::limits;

/// How much a component needs. Chosen by its own size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Compiled from its own language: a driver among thousands of sessions.
    Small,
    /// With an interpreter inside: megabytes of memory a session, of which few run at once.
    Big,
}

impl Weight {
    /// Of a component of so many bytes.
    pub(super) fn of(bytes: usize) -> Self {
        if bytes > limits::SMALL_COMPONENT_BYTES {
            Self::Big
        } else {
            Self::Small
        }
    }

    /// What a session may use.
    pub(super) fn budget(self) -> Budget {
        let small = Budget::default();
        match self {
            Self::Small => small,
            Self::Big => Budget {
                memory_bytes: limits::BIG_MEMORY_BYTES,
                table_elements: limits::BIG_TABLE_ELEMENTS,
                ..small
            },
        }
    }
}

/// An engine and what the host offers to its components.
#[derive(Clone)]
pub(super) struct Shop {
    pub(super) engine: Engine,
    pub(super) linker: Arc<Linker<Context>>,
}

impl Shop {
    fn open(weight: Weight, contracts: &[&'static dyn Contract]) -> Result<Self, LoadError> {
        let engine = Engine::new(&config(weight)).map_err(LoadError::engine)?;
        let linker = linker(&engine, contracts).map_err(LoadError::engine)?;
        tick(&engine)?;
        Ok(Self {
            engine,
            linker: Arc::new(linker),
        })
    }
}

/// Compiles components and makes them ready to run.
#[derive(Clone)]
pub struct Runtime {
    small: Shop,
    /// Opened by the first big component: most hosts have none.
    big: Arc<Mutex<Option<Shop>>>,
    contracts: &'static [&'static dyn Contract],
    cache: Option<Cache>,
}

impl Runtime {
    /// Engines whose compiled code is kept in `cache`, or nowhere. Starts the thread that ticks; it ends with the
    /// engine.
    pub fn new(cache: Option<Cache>) -> Result<Self, LoadError> {
        Self::with_contracts(cache, CONTRACTS)
    }

    pub(super) fn with_contracts(
        cache: Option<Cache>,
        contracts: &'static [&'static dyn Contract],
    ) -> Result<Self, LoadError> {
        Ok(Self {
            small: Shop::open(Weight::Small, contracts)?,
            big: Arc::default(),
            contracts,
            cache,
        })
    }

    /// The versions of the contract that components may be built for.
    pub(super) fn contracts(&self) -> &'static [&'static dyn Contract] {
        self.contracts
    }

    /// The engine for components of this weight.
    pub(super) fn shop(&self, weight: Weight) -> Result<Shop, LoadError> {
        if weight == Weight::Small {
            return Ok(self.small.clone());
        }
        // An engine is put in whole or not at all, whoever panicked.
        let mut big = self.big.lock().unwrap_or_else(PoisonError::into_inner);
        let shop = match big.take() {
            Some(shop) => shop,
            None => Shop::open(weight, self.contracts)?,
        };
        Ok(big.insert(shop).clone())
    }

    /// Compiles `bytes`, or takes the code compiled before. Blocks: call it where that is allowed.
    pub(super) fn compile(&self, shop: &Shop, bytes: &[u8]) -> Result<Component, LoadError> {
        if Engine::detect_precompiled(bytes).is_some() {
            return Err(LoadError::Precompiled);
        }
        let digest = digest(bytes);
        if let Some(component) = self.cache.as_ref().and_then(|cache| cache.load(&shop.engine, &digest)) {
            return Ok(component);
        }
        let component = Component::new(&shop.engine, bytes).map_err(LoadError::compile)?;
        if let Some(cache) = &self.cache {
            cache.save(&shop.engine, &digest, &component);
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

fn config(weight: Weight) -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        // Data segments of a driver are small: copying them costs less than the two mappings that sharing takes of
        // the kernel's limit in each session.
        // An interpreter's image has megabytes: there sharing it is worth the mappings.
        .memory_init_cow(weight == Weight::Big)
        .wasm_relaxed_simd(false)
        .wasm_tail_call(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false);
    let (stack, fiber) = match weight {
        Weight::Small => (256 << 10, 512 << 10),
        // Interpreters recurse.
        Weight::Big => (1 << 20, 2 << 20),
    };
    config.max_wasm_stack(stack).async_stack_size(fiber);
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
