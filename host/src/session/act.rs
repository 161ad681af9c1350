//! A step of changing the device on somebody's order: look, or write and read back.
//!
//! What counts is what the device's settings say, read by the host before and after. The driver checks too, and writes; its
//! word alone is not enough, and a write is never repeated.

use super::report::{Report, Step, Watch};
use super::run::{Order, no_interface};
use crate::driver::{CallError, Failure, Running};
use crate::limits;
use crate::model::control::{argument, value_like, value_text};
use crate::model::{Acted, Change, ControlState, Held, Outcome, Setting, Stage, Value};

/// The command that checks another and writes nothing: it answers with the ids of the settings that the other would
/// change, between spaces.
const CHECK: &str = "check";

/// The command that gives one setting a value, of drivers that have no `configure`.
const SET: &str = "set";

/// Carries the step out, if the session has one.
pub(super) async fn act(
    order: &Order,
    running: &mut Running,
    watch: Watch<'_>,
    report: &mut Report,
) -> Result<(), CallError> {
    let Some(act) = &order.act else { return Ok(()) };
    let mut acted = Acted {
        state: ControlState::Failed,
        before: Vec::new(),
        after: Vec::new(),
        written_at: None,
        text: String::new(),
    };
    let mut step = Acting {
        change: &act.change,
        running,
        watch,
        report,
        acted: &mut acted,
    };
    let result = match &act.stage {
        Stage::Look => step.look().await,
        Stage::Write { shown } => step.write(shown).await,
    };
    if let Err(error) = &result {
        if acted.written_at.is_none() && is_refusal(error) {
            acted.state = ControlState::Refused;
        }
        acted.text = words(error);
    }
    report.acted = Some(acted);
    result
}

/// A step and what it works with.
struct Acting<'a> {
    change: &'a Change,
    running: &'a mut Running,
    watch: Watch<'a>,
    report: &'a mut Report,
    acted: &'a mut Acted,
}

impl Acting<'_> {
    /// What the device holds of what the change touches, once the driver has nothing against it.
    async fn look(&mut self) -> Result<(), CallError> {
        let settings = self.settings("settings").await?;
        let touched = match self.change {
            Change::Setting { id, value } => {
                let (setting, value) = wanted(&settings, id, value)?;
                self.check(Some(&value)).await?;
                vec![setting.clone()]
            }
            Change::Command { .. } => {
                let named = self.check(None).await?;
                let is_any_writable = settings.iter().any(|setting| setting.writable);
                let is_touched = |setting: &Setting| match &named {
                    Some(ids) => ids.contains(&setting.id),
                    None => setting.writable || !is_any_writable,
                };
                let touched = settings.into_iter().filter(is_touched);
                touched.take(limits::CONTROL_SHOWN).collect()
            }
        };
        self.acted.before = touched.iter().map(Held::from).collect();
        self.acted.state = ControlState::Shown;
        Ok(())
    }

    /// Writes, if the device holds what was shown, and reads back.
    async fn write(&mut self, shown: &[Held]) -> Result<(), CallError> {
        let settings = self.settings("settings").await?;
        let before = held(&settings, shown);
        for (was, is) in shown.iter().zip(&before) {
            if was.value != is.value {
                let text = format!("{} is {} now, {} was shown: look again", was.id, is.value, was.value);
                return Err(refused(text));
            }
        }
        let value = match self.change {
            Change::Setting { id, value } => Some(wanted(&settings, id, value)?.1),
            Change::Command { .. } => None,
        };
        self.acted.before = before;
        self.acted.written_at = Some(self.running.now());
        // Until the device is read again nobody knows.
        self.acted.state = ControlState::Unknown;
        let step = Step::begin("write", self.running, self.watch);
        let done = self.order(value.as_ref()).await;
        let done = step.end(self.running, self.report, done);
        if matches!(
            &done,
            Err(CallError::Ended(..)) | Err(CallError::Failure(Failure { line_usable: false, .. }))
        ) {
            return done;
        }
        let settings = self.settings("read-back").await?;
        self.acted.after = held(&settings, shown);
        self.judge(value.as_ref(), done)
    }

    /// What the write came to, by what the device holds now.
    fn judge(&mut self, value: Option<&Value>, done: Result<(), CallError>) -> Result<(), CallError> {
        let is_changed = self.acted.before != self.acted.after;
        let holds = self
            .acted
            .after
            .first()
            .map(|held| held.value.clone())
            .unwrap_or_default();
        let is_wanted = value.map(|value| value_text(value) == holds);
        (self.acted.state, self.acted.text) = match (&done, is_wanted) {
            (Ok(()), Some(true)) => (ControlState::Done, "read back as written".to_owned()),
            (Ok(()), None) => (
                ControlState::Done,
                "the driver has written it and read it back".to_owned(),
            ),
            // Written by its last breath: what counts is what the device holds.
            (Err(error), Some(true)) => (
                ControlState::Done,
                format!("the device holds it, although: {}", words(error)),
            ),
            (Err(_), _) if !is_changed => (ControlState::Refused, String::new()),
            (Err(_), _) => (ControlState::Differs, String::new()),
            (Ok(()), Some(false)) => {
                self.acted.state = ControlState::Differs;
                let text = format!("{holds} is read back after the write was taken");
                return Err(refused(text));
            }
        };
        match self.acted.state {
            ControlState::Done => Ok(()),
            _ => done,
        }
    }

    /// All settings of the device, which are the report's too.
    async fn settings(&mut self, phase: &str) -> Result<Vec<Setting>, CallError> {
        let step = Step::begin(phase, self.running, self.watch);
        let read = self
            .running
            .read_settings()
            .await
            .unwrap_or_else(|| Err(no_interface()));
        let settings = step.end(self.running, self.report, read)?;
        self.report.settings = Some(settings.clone());
        Ok(settings)
    }

    /// Asks the driver whether it would do it. None: it does not say what the change touches.
    async fn check(&mut self, value: Option<&Value>) -> Result<Option<Vec<String>>, CallError> {
        let (name, mut arguments) = match self.change {
            Change::Setting { id, .. } => (SET, set(id, value.cloned().unwrap_or(Value::Absent))),
            Change::Command { name, arguments } => (name.as_str(), plain(arguments)),
        };
        arguments.push(("command".to_owned(), Value::Text(name.to_owned())));
        let step = Step::begin(CHECK, self.running, self.watch);
        let asked = self
            .running
            .command(CHECK, &arguments)
            .await
            .unwrap_or_else(|| Err(no_interface()));
        let checked = match asked {
            Ok(Value::Text(ids)) => Ok(Some(ids.split_whitespace().map(str::to_owned).collect())),
            Ok(_) => Ok(None),
            // Then it checks when it writes.
            Err(CallError::Failure(failure)) if failure.outcome == Outcome::Unsupported => Ok(None),
            Err(error) => Err(error),
        };
        step.end(self.running, self.report, checked)
    }

    /// Has the driver write it.
    async fn order(&mut self, value: Option<&Value>) -> Result<(), CallError> {
        match (self.change, value) {
            (Change::Setting { id, .. }, Some(value)) => {
                match self.running.write_setting(id, value).await {
                    Some(Err(CallError::Failure(failure))) if failure.outcome == Outcome::Unsupported => {}
                    Some(written) => return written,
                    None => {}
                }
                self.command(SET, &set(id, value.clone())).await
            }
            (Change::Setting { .. }, None) => Err(no_interface()),
            (Change::Command { name, arguments }, _) => self.command(name, &plain(arguments)).await,
        }
    }

    async fn command(&mut self, name: &str, arguments: &[(String, Value)]) -> Result<(), CallError> {
        let answer = self.running.command(name, arguments).await;
        answer.unwrap_or_else(|| Err(no_interface())).map(drop)
    }
}

/// A setting of this name, and the value that it is to get.
fn wanted<'a>(settings: &'a [Setting], id: &str, text: &str) -> Result<(&'a Setting, Value), CallError> {
    let found = settings.iter().find(|setting| setting.id == id);
    let setting = found.ok_or_else(|| refused(format!("the device has no setting {id:?}")))?;
    if !setting.writable {
        return Err(refused(format!("setting {id} is not written")));
    }
    let value = value_like(&setting.value, text).map_err(|text| refused(format!("setting {id}: {text}")))?;
    // Settings live in memory that wears out.
    if value_text(&value) == value_text(&setting.value) {
        return Err(refused(format!("setting {id} is {} already", value_text(&value))));
    }
    Ok((setting, value))
}

/// The settings that were shown as they are now; one that is gone holds nothing.
fn held(settings: &[Setting], shown: &[Held]) -> Vec<Held> {
    let now = |was: &Held| {
        let found = settings.iter().find(|setting| setting.id == was.id);
        found.map_or_else(
            || Held {
                value: value_text(&Value::Absent),
                ..was.clone()
            },
            Held::from,
        )
    };
    shown.iter().map(now).collect()
}

fn set(id: &str, value: Value) -> Vec<(String, Value)> {
    vec![
        ("setting".to_owned(), Value::Text(id.to_owned())),
        ("value".to_owned(), value),
    ]
}

fn plain(arguments: &std::collections::BTreeMap<String, String>) -> Vec<(String, Value)> {
    let arguments = arguments.iter().take(limits::CONTROL_ARGUMENTS);
    arguments.map(|(name, text)| (name.clone(), argument(text))).collect()
}

fn refused(text: String) -> CallError {
    CallError::Failure(Failure {
        outcome: Outcome::Refused,
        text,
        line_usable: true,
    })
}

/// Whether somebody said no; otherwise nobody could say anything.
fn is_refusal(error: &CallError) -> bool {
    matches!(error, CallError::Failure(failure) if matches!(failure.outcome, Outcome::Refused | Outcome::Unsupported))
}

fn words(error: &CallError) -> String {
    match error {
        CallError::Failure(failure) => format!("{}: {}", failure.outcome, failure.text),
        CallError::Ended(outcome, text) => format!("{outcome}: {text}"),
    }
}
