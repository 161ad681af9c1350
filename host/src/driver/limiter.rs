//! What an instance may hold: every memory and table asks here before it is made or grows.

use super::context::Context;
use crate::limits;
use crate::model::Outcome;

impl wasmtime::ResourceLimiter for Context {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        // The sum over all memories of the instance: a component may have several.
        let total = self.memory_bytes.saturating_add(desired.saturating_sub(current));
        if total > self.budget.memory_bytes {
            let text = format!(
                "asked for {total} bytes of memory, at most {} may",
                self.budget.memory_bytes
            );
            return Err(wasmtime::Error::new(self.limit(Outcome::LimitMemory, text)));
        }
        self.memory_bytes = total;
        self.usage.memory_peak_bytes = self.usage.memory_peak_bytes.max(total);
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.table_elements.saturating_add(desired.saturating_sub(current));
        if total > self.budget.table_elements {
            let text = format!(
                "asked for {total} table elements, at most {} may",
                self.budget.table_elements
            );
            return Err(wasmtime::Error::new(self.limit(Outcome::LimitMemory, text)));
        }
        self.table_elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        limits::CORE_INSTANCES
    }

    fn tables(&self) -> usize {
        limits::CORE_TABLES
    }

    fn memories(&self) -> usize {
        limits::CORE_MEMORIES
    }
}
