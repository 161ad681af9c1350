//! What somebody asks of the loop: reads, tunnels, commands to devices, another configuration.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{Collector, most_sessions};
use crate::collect::handle::{Command, HandleError, NewTunnel, ReadNow};
use crate::collect::job::Asked;
use crate::collect::plan::Planned;
use crate::collect::{Config, ControlJob, trial};
use crate::limits;
use crate::model::{DeviceId, LineAddress, Outcome};
use crate::session::Door;

impl Collector {
    pub(super) async fn command(&mut self, command: Command) {
        match command {
            Command::ReadNow(read, reply) => {
                let answer = self.read_now(read);
                // Who asked may have gone.
                let _ = reply.send(answer);
            }
            Command::Tunnel(tunnel, reply) => {
                let answer = self.tunnel(&tunnel);
                let _ = reply.send(answer);
            }
            Command::Control(control, reply) => {
                let answer = self.control(control);
                let _ = reply.send(answer);
            }
            Command::CloseTunnel(device, reply) => {
                let answer = self.close_tunnel(device);
                let _ = reply.send(answer);
            }
            Command::Cancel(session, reply) => {
                let found = self.current.values().find(|current| current.session == Some(session));
                let answer = found
                    .map(|current| current.cancel.cancel())
                    .ok_or(HandleError::NoSession(session));
                let _ = reply.send(answer);
            }
            Command::Try(trial) => {
                self.trials.spawn(trial::carry_out(self.tools.clone(), trial));
            }
            Command::Reload => self.reload().await,
            Command::Configure(config) => self.configure(config),
            Command::CameBack(callers) => self.came_back(&callers),
        }
    }

    fn configure(&mut self, config: Config) {
        self.tools.desk.resize(most_sessions(&config));
        self.tools.wall = Duration::from_secs(config.session_s);
        self.config = config;
        self.set_all_due();
    }

    /// Devices that were not reached because their modem was away wait no longer.
    fn came_back(&mut self, callers: &HashSet<String>) {
        let now = self.tools.store.now();
        let behind = |planned: &Planned| {
            let mut routes = planned.device.routes.iter();
            routes.any(|route| matches!(&route.address, LineAddress::Incoming(address) if callers.contains(address)))
        };
        let mut waited = Vec::new();
        for (id, past) in &mut self.past {
            if past.outcome == Some(Outcome::ModemSilent) && self.devices.get(id).is_some_and(behind) {
                (past.outcome, past.failures) = (None, 0);
                waited.push(*id);
            }
        }
        for id in waited {
            self.set_due(id, now);
        }
    }

    fn read_now(&mut self, read: ReadNow) -> Result<u64, HandleError> {
        let planned = self.askable(read.device)?;
        self.enqueue(planned, Some(Asked::Read(read)));
        self.job_number += 1;
        Ok(self.job_number)
    }

    fn tunnel(&mut self, tunnel: &NewTunnel) -> Result<SocketAddr, HandleError> {
        let planned = self.askable(tunnel.device)?;
        let door = Door::open(tunnel.listen, tunnel.minutes);
        let door = Arc::new(door.map_err(|error| HandleError::NoPort(tunnel.listen, error.to_string()))?);
        self.tools.board.set_door(tunnel.device, &door);
        let address = door.address();
        self.enqueue(planned, Some(Asked::Tunnel(door)));
        Ok(address)
    }

    fn control(&mut self, control: ControlJob) -> Result<u64, HandleError> {
        let planned = self.askable(control.device)?;
        self.enqueue(planned, Some(Asked::Control(Arc::new(control))));
        self.job_number += 1;
        Ok(self.job_number)
    }

    /// Ends a tunnel that is open, or that waits for its line.
    fn close_tunnel(&mut self, device: DeviceId) -> Result<(), HandleError> {
        if self.tools.board.door(device).is_none() {
            return Err(HandleError::NoTunnel(device));
        }
        if self.tasks.values().any(|(running, ..)| *running == device) {
            let current = self.current.get(&device).ok_or(HandleError::NoTunnel(device))?;
            current.cancel.cancel();
        } else {
            self.queue.drop_where(|job| job.planned.device.id == device);
            self.tools.board.set_waiting(device, None);
            self.current.remove(&device);
            self.set_due(device, self.tools.store.now());
        }
        Ok(())
    }

    /// A device that nobody reads or waits for, taken out of its schedule until this is done.
    fn askable(&mut self, id: DeviceId) -> Result<Planned, HandleError> {
        if self.current.contains_key(&id) {
            return Err(HandleError::AlreadyReading(id));
        }
        let planned = self.devices.get(&id).filter(|planned| planned.device.enabled).cloned();
        let planned = planned.ok_or(HandleError::NoDevice(id))?;
        if self.current.len() >= limits::JOBS_WAITING {
            return Err(HandleError::Busy);
        }
        if let Some(at) = self.due_at.remove(&id) {
            self.due.remove(&(at, id));
        }
        Ok(planned)
    }
}
