//! A job that changes a device on somebody's order: what it is, and what is kept of it.

use jiff::Timestamp;
use tracing::{error, info};

use super::job::{Refused, Tools};
use super::journal::storage_back;
use crate::model::{Act, Acted, ControlId, ControlState, DeviceId, SessionId};
use crate::session::Report;
use crate::store::ControlEnd;

/// A step of an order that waits for its turn.
#[derive(Debug, Clone)]
pub struct ControlJob {
    /// The order.
    pub id: ControlId,
    /// Of which device.
    pub device: DeviceId,
    /// The step.
    pub act: Act,
    /// Begun later than this it is not done any more.
    pub until: Timestamp,
}

impl ControlJob {
    /// What came of a session of this job.
    pub(super) fn after(&self, session: SessionId, report: &Result<Report, Refused>) -> ControlEnd {
        let failed = |text: String| self.end(Some(session), ControlState::Failed, text);
        match report {
            Err((outcome, text)) => failed(format!("{outcome}: {text}")),
            Ok(Report { acted: Some(acted), .. }) => self.acted(session, acted),
            Ok(report) => {
                let detail = report.detail.as_deref().unwrap_or("the device was not reached");
                failed(format!("{}: {detail}", report.outcome))
            }
        }
    }

    /// That it was not begun.
    pub(super) fn too_late(&self) -> ControlEnd {
        let text = "it waited too long for its line: ask again".to_owned();
        self.end(None, ControlState::Refused, text)
    }

    fn acted(&self, session: SessionId, acted: &Acted) -> ControlEnd {
        ControlEnd {
            shown: acted.before.clone(),
            held: acted.after.clone(),
            written_at: acted.written_at,
            ..self.end(Some(session), acted.state, acted.text.clone())
        }
    }

    fn end(&self, session: Option<SessionId>, state: ControlState, text: String) -> ControlEnd {
        ControlEnd {
            id: self.id,
            session,
            state,
            shown: Vec::new(),
            held: Vec::new(),
            written_at: None,
            text,
        }
    }
}

/// Keeps what came of an order. While the storage takes nothing it waits; when the host ends first, the next one finds the
/// order where it was and says that nobody knows.
pub(super) async fn keep_control(tools: &Tools, end: ControlEnd) {
    let (id, word) = (end.id, end.state.word());
    let text = &end.text;
    match end.state {
        ControlState::Differs | ControlState::Unknown => error!(order.id = %id, "order {id} is {word}: {text}"),
        _ => info!(order.id = %id, "order {id} is {word}: {text}"),
    }
    while let Err(error) = tools.store.end_control(end.clone()).await {
        if let Err(error) = storage_back(tools, error).await {
            error!(order.id = %id, %error, "what came of order {id} was not kept: {word}");
            return;
        }
    }
}
