//! Shapes that several resources share.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::driver::describe;
use crate::model::Outcome;

/// An instant: RFC 3339 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instant(pub(super) Timestamp);

impl Serialize for Instant {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map(Self)
            .map_err(|_| serde::de::Error::custom(format!("{text:?} is no instant such as 2026-11-20T11:00:00Z")))
    }
}

impl PartialSchema for Instant {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}

impl ToSchema for Instant {}

/// How a session ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct OutcomeWord(pub(super) Outcome);

impl Serialize for OutcomeWord {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.word())
    }
}

impl PartialSchema for OutcomeWord {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(Outcome::ALL.iter().map(|outcome| outcome.word())))
            .into()
    }
}

impl ToSchema for OutcomeWord {
    fn name() -> std::borrow::Cow<'static, str> {
        "Outcome".into()
    }
}

/// A text in both languages.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Text {
    /// Russian.
    ru: String,
    /// English.
    en: String,
}

impl Text {
    /// In one of the languages.
    pub(super) fn of(&self, is_russian: bool) -> &str {
        if is_russian { &self.ru } else { &self.en }
    }
}

impl From<&describe::Text> for Text {
    fn from(text: &describe::Text) -> Self {
        Self {
            ru: text.ru.clone(),
            en: text.en.clone(),
        }
    }
}

/// Something that has a name.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Named {
    /// Its key.
    id: i64,
    /// Its name.
    name: String,
}

impl Named {
    pub(super) fn new(id: i64, name: impl Into<String>) -> Self {
        Self { id, name: name.into() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl From<(i64, String)> for Named {
    fn from((id, name): (i64, String)) -> Self {
        Self { id, name }
    }
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// The rows.
    pub(super) items: Vec<T>,
    /// Give it as `after` for the next page; null on the last.
    pub(super) next: Option<String>,
}

impl<T> Page<T> {
    /// A page of `rows`, which were asked for with a limit of one more than `limit`. `key` is what the next page
    /// begins after.
    pub(super) fn of<R>(mut rows: Vec<R>, limit: u32, key: impl Fn(&R) -> String, show: impl FnMut(R) -> T) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(key);
        Self {
            items: rows.into_iter().map(show).collect(),
            next,
        }
    }

    /// A list that is always whole.
    pub(super) fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

/// Milliseconds as seconds with a fraction, for people.
#[allow(
    clippy::cast_precision_loss,
    reason = "an offset of years is still exact to the millisecond"
)]
pub(super) fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}
