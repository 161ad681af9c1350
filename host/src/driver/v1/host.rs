//! The host's side of the contract: what a driver's imports do.

use wasmtime::component::Resource;

use super::bindings::uzel::driver::{host, line, types};
use super::convert::{absence_from, civil_from, reading_from, settings_from, severity_from, text_from};
use super::rows;
use crate::driver::context::{Context, PortHandle, SinkHandle, Transfer};
use crate::driver::env::{LimitHit, Medium, PortFault};
use crate::limits;
use crate::model::trace::EntryKind;
use crate::model::{DeviceEvent, Outcome, RecordKind, Span};

type Outcomes<T> = wasmtime::Result<Result<T, types::LineError>>;

/// A spent limit becomes a trap that carries its name.
fn trap(hit: LimitHit) -> wasmtime::Error {
    wasmtime::Error::new(hit)
}

fn line_result<T>(transfer: Transfer<T>) -> Result<T, types::LineError> {
    match transfer {
        Transfer::Done(value) => Ok(value),
        Transfer::Fault(PortFault::Timeout(bytes)) => Err(types::LineError::Timeout(bytes)),
        Transfer::Fault(PortFault::Silent(_)) => Err(types::LineError::Timeout(Vec::new())),
        Transfer::Fault(PortFault::Closed(_) | PortFault::Busy(_)) => Err(types::LineError::Closed),
        Transfer::Fault(PortFault::Denied) => Err(types::LineError::Denied),
        Transfer::Budget => Err(types::LineError::Budget),
        Transfer::Stopped => Err(types::LineError::Stopped),
    }
}

fn fits(bytes: &[u8]) -> bool {
    !bytes.is_empty() && u32::try_from(bytes.len()).is_ok_and(|length| length <= limits::TRANSFER_BYTES)
}

impl types::Host for Context {}

impl line::Host for Context {}

impl line::HostPort for Context {
    fn medium(&mut self, _port: Resource<PortHandle>) -> wasmtime::Result<line::Medium> {
        Ok(match self.port.medium() {
            Medium::Serial => line::Medium::Serial,
            Medium::Tcp => line::Medium::Tcp,
            Medium::Replay => line::Medium::Replay,
        })
    }

    async fn write(&mut self, _port: Resource<PortHandle>, bytes: Vec<u8>) -> Outcomes<()> {
        self.count_call().map_err(trap)?;
        if !fits(&bytes) {
            return Ok(Err(types::LineError::Denied));
        }
        Ok(line_result(Context::write(self, &bytes).await))
    }

    async fn read(&mut self, _port: Resource<PortHandle>, how: line::Reading) -> Outcomes<Vec<u8>> {
        self.count_call().map_err(trap)?;
        let how = reading_from(how);
        if how.max == 0 {
            return Ok(Err(types::LineError::Denied));
        }
        Ok(line_result(Context::read(self, how).await))
    }

    async fn exchange(&mut self, _port: Resource<PortHandle>, bytes: Vec<u8>, how: line::Reading) -> Outcomes<Vec<u8>> {
        self.count_call().map_err(trap)?;
        let how = reading_from(how);
        if how.max == 0 || !fits(&bytes) {
            return Ok(Err(types::LineError::Denied));
        }
        Context::purge(self).await;
        if let Err(fault) = line_result(Context::write(self, &bytes).await) {
            return Ok(Err(fault));
        }
        Ok(line_result(Context::read(self, how).await))
    }

    async fn purge(&mut self, _port: Resource<PortHandle>) -> wasmtime::Result<u32> {
        self.count_call().map_err(trap)?;
        Ok(u32::try_from(Context::purge(self).await).unwrap_or(u32::MAX))
    }

    async fn configure(&mut self, _port: Resource<PortHandle>, settings: line::Settings) -> Outcomes<()> {
        self.count_call().map_err(trap)?;
        let Some(settings) = settings_from(settings) else {
            return Ok(Err(types::LineError::Denied));
        };
        Ok(line_result(Context::configure(self, settings).await))
    }

    fn drop(&mut self, _port: Resource<PortHandle>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl host::Host for Context {
    fn log(&mut self, level: host::Level, text: String) -> wasmtime::Result<()> {
        self.count_log_line().map_err(trap)?;
        let level = match level {
            host::Level::Debug => "debug",
            host::Level::Info => "info",
            host::Level::Warn => "warn",
            host::Level::Error => "error",
        };
        let text = text_from(&text, limits::LOG_LINE_BYTES);
        self.trace_text(EntryKind::Log, &format!("{level}: {text}"));
        Ok(())
    }

    fn note(&mut self, text: String) -> wasmtime::Result<()> {
        self.count_log_line().map_err(trap)?;
        let text = text_from(&text, limits::LOG_LINE_BYTES);
        self.trace_text(EntryKind::Note, &text);
        Ok(())
    }

    fn now(&mut self) -> wasmtime::Result<i64> {
        Ok(Context::now(self).as_millisecond())
    }

    async fn sleep(&mut self, ms: u32) -> wasmtime::Result<()> {
        self.count_call().map_err(trap)?;
        Context::sleep(self, ms).await;
        Ok(())
    }

    fn recall(&mut self, key: String) -> wasmtime::Result<Option<Vec<u8>>> {
        Ok(self.memory.get(&key).cloned())
    }

    fn remember(&mut self, key: String, value: Vec<u8>) -> wasmtime::Result<Result<(), String>> {
        let kept = Context::remember(self, key, value);
        if let Err(text) = &kept {
            self.fault(text.clone());
        }
        Ok(kept)
    }
}

impl Context {
    /// The answer to a call of the guest that is wrong: it is a fault of the driver, whatever the driver makes of it.
    fn refuse<T>(&mut self, text: String) -> Result<T, String> {
        self.refused = true;
        self.fault(text.clone());
        Err(text)
    }

    fn verdict(&self) -> host::Verdict {
        if self.cancel.is_cancelled() || self.time_left().is_zero() {
            host::Verdict::Stop
        } else {
            host::Verdict::GoOn
        }
    }
}

impl host::HostSink for Context {
    fn declare(
        &mut self,
        _sink: Resource<SinkHandle>,
        columns: Vec<types::Column>,
        labels: types::LabelRule,
    ) -> wasmtime::Result<Result<(), String>> {
        let declared = rows::declare(self, columns, labels);
        Ok(declared.or_else(|text| self.refuse(text)))
    }

    async fn rows(
        &mut self,
        _sink: Resource<SinkHandle>,
        rows: Vec<types::Row>,
        resume: Option<Vec<u8>>,
    ) -> wasmtime::Result<Result<host::Verdict, String>> {
        self.count_call().map_err(trap)?;
        self.count_rows(rows.len()).map_err(trap)?;
        if let Some(token) = &resume
            && token.len() > limits::RESUME_BYTES
        {
            return Ok(self.refuse(format!(
                "resume token has {} bytes, at most {} may",
                token.len(),
                limits::RESUME_BYTES
            )));
        }
        let records = match rows::records(self, rows) {
            Ok(records) => records,
            Err(text) => return Ok(self.refuse(text)),
        };
        if let Some(declared) = self.declared.clone()
            && !(records.is_empty() && resume.is_none())
        {
            let stored = self.sink.records(self.kind, &declared.columns, records, resume).await;
            self.stored(stored).map_err(trap)?;
        }
        Ok(Ok(self.verdict()))
    }

    async fn absent(
        &mut self,
        _sink: Resource<SinkHandle>,
        window: types::Window,
        why: types::Absence,
    ) -> wasmtime::Result<Result<host::Verdict, String>> {
        self.count_call().map_err(trap)?;
        self.count_rows(1).map_err(trap)?;
        let RecordKind::Archive(kind) = self.kind else {
            return Ok(self.refuse("absence is said of archives only".to_owned()));
        };
        let edge = |civil| {
            let civil = civil_from(civil)?;
            let instant = self.clock.instant(civil);
            let instant = instant.ok_or_else(|| format!("{civil} is beyond the calendar"))?;
            Ok((civil, instant))
        };
        let span = match (edge(window.begin), edge(window.end)) {
            (Ok((_, start)), Ok((_, end))) if start < end => Span { start, end },
            // An hour that never comes, because the clock is put forward: nothing is missing of it.
            (Ok((begin, _)), Ok((end, _))) if begin < end => return Ok(Ok(self.verdict())),
            (Ok((begin, _)), Ok((end, _))) => {
                return Ok(self.refuse(format!("window from {begin} to {end} is empty")));
            }
            (Err(text), _) | (_, Err(text)) => return Ok(self.refuse(text)),
        };
        let stored = self.sink.absent(kind, span, absence_from(why)).await;
        self.stored(stored).map_err(trap)?;
        Ok(Ok(self.verdict()))
    }

    async fn events(
        &mut self,
        _sink: Resource<SinkHandle>,
        events: Vec<types::Event>,
    ) -> wasmtime::Result<Result<host::Verdict, String>> {
        self.count_call().map_err(trap)?;
        self.count_rows(events.len()).map_err(trap)?;
        if events.len() > limits::ROWS_A_CALL {
            return Ok(self.refuse(format!(
                "{} events in a call, at most {} may be",
                events.len(),
                limits::ROWS_A_CALL
            )));
        }
        let mut taken = Vec::with_capacity(events.len());
        for (index, event) in events.into_iter().enumerate() {
            let placed = civil_from(event.at).and_then(|label| {
                let at = self
                    .clock
                    .instant(label)
                    .ok_or_else(|| format!("{label} is beyond the calendar"))?;
                Ok((label, at))
            });
            match placed {
                Ok((label, at)) => taken.push(DeviceEvent {
                    at,
                    label,
                    code: text_from(&event.code, limits::CODE_BYTES),
                    severity: severity_from(event.severity),
                    began: event.began,
                    point: event.point,
                    text: text_from(&event.text, limits::TEXT_BYTES),
                }),
                Err(text) => self.fault(format!("event {index}: {text}")),
            }
        }
        if !taken.is_empty() {
            let stored = self.sink.events(taken).await;
            self.stored(stored).map_err(trap)?;
        }
        Ok(Ok(self.verdict()))
    }

    fn progress(&mut self, _sink: Resource<SinkHandle>, done: u32, total: u32) -> wasmtime::Result<()> {
        self.usage.calls += 1;
        if self.usage.calls > self.budget.calls {
            let text = format!("more than {} calls to the host", self.budget.calls);
            return Err(trap(self.limit(Outcome::LimitLog, text)));
        }
        self.sink.progress(done, total, &self.usage);
        Ok(())
    }

    fn drop(&mut self, _sink: Resource<SinkHandle>) -> wasmtime::Result<()> {
        Ok(())
    }
}
