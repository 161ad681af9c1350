//! Dial-up: pools of modems, calls to meters behind telephone numbers (docs/lines.md).

mod call;
mod config;
mod engaged;
mod engine;
mod fared;
mod fault;
mod held;
mod pool;
mod port;
mod profile;
mod reply;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use tokio_util::task::TaskTracker;
use tracing::info;

pub(super) use call::Call;
pub use config::Config;
pub use fared::ModemPool;
pub use pool::Resting;

use super::open::OpenError;
use crate::model::LineAddress;
use engaged::Engaged;
use engine::Modem;
use fault::{Fault, NoCall};
use pool::{Lease, NoModem, Pool, Refusal};

/// The configuration of the modems has faults: all of them.
#[derive(Debug, thiserror::Error)]
#[error("the modems are not usable: {}", .0.join("; "))]
pub struct BadModems(Vec<String>);

/// Every pool.
#[derive(Debug, Default)]
pub struct Modems {
    pools: BTreeMap<String, Arc<Pool>>,
    hang_ups: TaskTracker,
}

impl Modems {
    /// The pools of the configuration.
    pub fn new(pools: &[Config]) -> Result<Self, BadModems> {
        let faults = Config::faults(pools);
        if !faults.is_empty() {
            return Err(BadModems(faults));
        }
        let pools = pools
            .iter()
            .map(|config| (config.pool.clone(), Arc::new(Pool::new(config))));
        Ok(Self {
            pools: pools.collect(),
            hang_ups: TaskTracker::new(),
        })
    }

    /// Modems at rest because of a fault.
    pub fn resting(&self) -> Vec<Resting> {
        self.pools.values().flat_map(|pool| pool.resting()).collect()
    }

    /// Every pool with its modems and how their calls went.
    pub fn pools(&self) -> Vec<ModemPool> {
        self.pools.values().map(|pool| pool.shown()).collect()
    }

    /// Ends the calls that are held and waits until every modem is hung up that was left in the middle of something. It
    /// takes seconds.
    pub async fn hung_up(&self) {
        for pool in self.pools.values() {
            pool.held.give_up_all();
        }
        self.hang_ups.close();
        self.hang_ups.wait().await;
        self.hang_ups.reopen();
    }

    /// Takes the call to the number that is held, or waits for a modem of the pool and calls. A modem that is at fault is replaced by another of its pool. `settle`
    /// takes the place of the profile's time after CONNECT in which everything is dropped.
    pub(super) async fn call(&self, address: &LineAddress, settle: Option<Duration>) -> Result<Call, OpenError> {
        let (name, number) = address.parts();
        let Some(pool) = self.pools.get(name) else {
            let known: Vec<&str> = self.pools.keys().map(String::as_str).collect();
            let known = known.join(", ");
            let text = format!("there is no pool of modems {name:?}, the configuration has these: {known}");
            return Err(fault(address, text));
        };
        if let Some(call) = handed_on(pool, number, settle).await {
            return Ok(call);
        }
        if let Some((last, count)) = pool.too_many(number) {
            let text = format!(
                "not dialled again, {count} calls failed within an hour, the last so: {}",
                last.text
            );
            return Err(refused(address, last.how, text));
        }
        let mut faults = Vec::new();
        while faults.len() < pool.size() {
            let lease = match pool.lease().await {
                Ok(lease) => lease,
                Err(NoModem::AllBusy(text)) => {
                    let address = address.clone();
                    return Err(OpenError::Busy { address, text });
                }
                Err(NoModem::AllFaulty(text)) => return Err(fault(address, text)),
            };
            match self.call_over(pool, lease, number, settle).await {
                Ok(call) => return Ok(call),
                Err(Unsuccessful::Modem(text)) => faults.push(text),
                Err(Unsuccessful::Number(how, text)) => return Err(refused(address, how, text)),
            }
        }
        Err(fault(address, faults.join("; ")))
    }

    async fn call_over(
        &self,
        pool: &Arc<Pool>,
        lease: Lease,
        number: &str,
        settle: Option<Duration>,
    ) -> Result<Call, Unsuccessful> {
        let (modem, port) = pool.open(&lease).await;
        let port = match port {
            Ok(port) => port,
            Err(source) => {
                let text = Fault::Port { modem, source }.to_string();
                lease.release(Some(text.clone()));
                return Err(Unsuccessful::Modem(text));
            }
        };
        let modem = Modem::new(modem, port, pool.profile.clone());
        // From here on the modem is hung up whatever happens, also when nobody waits for the call any more.
        let mut engaged = Engaged::new(modem, lease, self.hang_ups.clone());
        let called = match engaged.modem() {
            Some(modem) => dial(modem, number, settle).await,
            None => return Err(Unsuccessful::Modem("the modem was given back".to_owned())),
        };
        let result = match &called {
            Ok(()) => "connected",
            Err(NoCall::Own(_)) => "modem-fault",
            Err(NoCall::Busy(_)) => "busy",
            Err(NoCall::NoCarrier(_)) => "no-carrier",
            Err(NoCall::Silent(_)) => "no-answer",
        };
        pool.fared.count(result);
        counter!("uzel_modem_calls_total", "pool" => pool.name.clone(), "result" => result).increment(1);
        let (how, text) = match called {
            Ok(()) => {
                pool.remember(number, None);
                return Ok(Call::new(number, engaged));
            }
            Err(NoCall::Own(fault)) => {
                let text = fault.to_string();
                engaged.end_faulty(fault).await;
                return Err(Unsuccessful::Modem(text));
            }
            Err(NoCall::Busy(text)) => (Refusal::Busy, text),
            Err(NoCall::NoCarrier(text)) => (Refusal::NoCarrier, text),
            Err(NoCall::Silent(text)) => (Refusal::Silent, text),
        };
        pool.remember(number, Some((how, text.clone())));
        engaged.end().await;
        Err(Unsuccessful::Number(how, text))
    }
}

/// Why there is no call: a modem's own fault, or what became of the number.
enum Unsuccessful {
    Modem(String),
    Number(Refusal, String),
}

/// The call to `number` that the session before left up.
async fn handed_on(pool: &Pool, number: &str, settle: Option<Duration>) -> Option<Call> {
    let mut call = pool.held.take(number).await?;
    if call.settle(settle).await.is_err() {
        call.end().await;
        return None;
    }
    info!(
        pool = pool.name,
        number, "the call to {number} goes on for the next device"
    );
    Some(call)
}

async fn dial(modem: &mut Modem, number: &str, settle: Option<Duration>) -> Result<(), NoCall> {
    let signal = modem.prepare().await?;
    let said = modem.dial(number, settle).await?;
    info!(
        modem = modem.name(),
        number,
        signal,
        "modem {} says {said}",
        modem.name()
    );
    Ok(())
}

fn fault(address: &LineAddress, text: String) -> OpenError {
    OpenError::ModemFault {
        address: address.clone(),
        text,
    }
}

fn refused(address: &LineAddress, how: Refusal, text: String) -> OpenError {
    let address = address.clone();
    match how {
        Refusal::Busy => OpenError::Busy { address, text },
        Refusal::NoCarrier => OpenError::NoCarrier { address, text },
        Refusal::Silent => OpenError::ModemSilent { address, text },
    }
}
