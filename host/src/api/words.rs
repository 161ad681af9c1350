//! Words of closed lists, as the document of the API names them.

use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

use crate::model::trace::EntryKind;
use crate::model::{Absence, Cause, ControlState, Quality, Severity};
use crate::store::PauseCause;

/// Why a session was started.
pub(super) fn reason() -> Object {
    one_of(&["schedule", "read-now", "tunnel", "control", "command-line", "by-hand"])
}

/// How an order to change a device stands.
pub(super) fn control_state() -> Object {
    let words: Vec<_> = ControlState::ALL.iter().map(|state| state.word()).collect();
    one_of(&words)
}

/// What becomes of a row of an import.
pub(super) fn import_verdict() -> Object {
    one_of(&["new", "change", "same", "fault"])
}

/// How far a test of a connection is.
pub(super) fn trial_state() -> Object {
    one_of(&["waiting", "running", "ended"])
}

/// How the host fares.
pub(super) fn health() -> Object {
    one_of(&["ok", "degraded"])
}

/// How the store fares.
pub(super) fn storage() -> Object {
    one_of(&["ok", "paused"])
}

/// Why the store takes nothing.
pub(super) fn storage_cause() -> Object {
    let words: Vec<_> = PauseCause::ALL.iter().map(|cause| cause.word()).collect();
    one_of(&words)
}

/// Why a session failed.
pub(super) fn cause() -> Object {
    let words: Vec<_> = Cause::ALL.iter().map(|cause| cause.word()).collect();
    one_of(&words)
}

/// Why a session failed; null when it did not.
pub(super) fn cause_or_null() -> Object {
    let mut object = cause();
    object.schema_type = SchemaType::from_iter([Type::String, Type::Null]);
    if let Some(words) = &mut object.enum_values {
        words.push(serde_json::Value::Null);
    }
    object
}

/// Whether meters are read.
pub(super) fn polling() -> Object {
    one_of(&["running", "paused"])
}

/// What a line is.
pub(super) fn line_kind() -> Object {
    one_of(&["tcp", "udp", "rfc2217", "serial", "incoming", "modem"])
}

/// How good a value is.
pub(super) fn quality() -> Object {
    let all = [Quality::Good, Quality::Doubtful, Quality::Substituted, Quality::Absent];
    one_of(&all.map(Quality::word))
}

/// Why there are no records.
pub(super) fn gap_reason() -> Object {
    let known = [
        Absence::NeverWritten,
        Absence::Overwritten,
        Absence::DeviceOff,
        Absence::Refused,
    ];
    let words: Vec<_> = std::iter::once("not-read").chain(known.map(Absence::word)).collect();
    one_of(&words)
}

/// How much an entry of a device's journal matters.
pub(super) fn severity() -> Object {
    one_of(&[Severity::Info, Severity::Warning, Severity::Alarm].map(Severity::word))
}

/// What an entry of a trace is.
pub(super) fn entry_kind() -> Object {
    let all = [
        EntryKind::Sent,
        EntryKind::Received,
        EntryKind::Timeout,
        EntryKind::Settings,
        EntryKind::Note,
        EntryKind::Log,
        EntryKind::Closed,
    ];
    one_of(&all.map(EntryKind::word))
}

fn one_of(words: &[&str]) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words.iter().copied()))
        .build()
}
