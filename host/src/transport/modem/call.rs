//! A call that is up: bytes go through, the carrier is watched.

use std::future::Future as _;
use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Interval, MissedTickBehavior, Sleep, interval, sleep_until};

use super::engaged::Engaged;
use super::engine::Modem;
use super::fault::NoCall;
use super::held::hold;
use super::text::Tail;
use crate::limits;
use crate::transport::carrier::Carrier;

/// Between two looks at DCD.
const LOOK: Duration = Duration::from_millis(250);

/// A call. Dropped without being closed, it is ended in the background.
#[derive(Debug)]
pub(in crate::transport) struct Call {
    number: String,
    engaged: Engaged,
    /// Ticks where DCD showed the carrier once the call was up: a wire that is not there shows none.
    look: Option<Interval>,
    tail: Tail,
    /// Wakes a read that waits when the text has stood alone for long enough.
    alone: Option<Pin<Box<Sleep>>>,
    lost: Option<String>,
}

impl Call {
    /// The call to `number` that `engaged` has.
    pub(super) fn new(number: &str, mut engaged: Engaged) -> Self {
        let carrier = engaged.modem().and_then(|modem| modem.port.carrier());
        let look = (carrier == Some(true)).then(|| {
            let mut look = interval(LOOK);
            look.set_missed_tick_behavior(MissedTickBehavior::Delay);
            look
        });
        Self {
            number: number.to_owned(),
            engaged,
            look,
            tail: Tail::default(),
            alone: None,
            lost: None,
        }
    }

    /// The modem of a call that is up.
    fn modem(&mut self) -> io::Result<&mut Modem> {
        let over = |why: &str| io::Error::new(io::ErrorKind::ConnectionAborted, why);
        match &self.lost {
            Some(why) => Err(over(why)),
            None => self.engaged.modem().ok_or_else(|| over("the call is over")),
        }
    }

    /// Drops what comes of the session before, for `settle` or as long as the profile says.
    ///
    /// # Errors
    /// The carrier is lost, or the port.
    pub(super) async fn settle(&mut self, settle: Option<Duration>) -> Result<(), NoCall> {
        match self.engaged.modem() {
            Some(modem) => modem.settle(settle).await,
            None => Err(NoCall::NoCarrier("the call is over".to_owned())),
        }
    }

    /// Drops what comes, until the carrier is lost.
    pub(super) async fn carrier_lost(&mut self) {
        let mut chunk = [0; 256];
        // Nobody awaits an answer: whatever comes is dropped like what comes before a question.
        while !self.tail.ask(Instant::now()) {
            if !matches!(self.read(&mut chunk).await, Ok(1..)) {
                return;
            }
        }
    }

    /// Hangs up.
    pub(super) async fn end(&mut self) {
        self.engaged.end().await;
    }

    fn lose(&mut self, why: &str) -> io::Error {
        let text = match self.engaged.modem() {
            Some(modem) => {
                modem.call_over();
                format!("modem {} lost the carrier: {why}", modem.name())
            }
            None => why.to_owned(),
        };
        self.lost = Some(text.clone());
        io::Error::new(io::ErrorKind::ConnectionAborted, text)
    }

    /// Whether the carrier is lost by now; wakes the reader when it may be.
    fn look(&mut self, context: &mut Context<'_>) -> Option<io::Error> {
        while self
            .look
            .as_mut()
            .is_some_and(|look| look.poll_tick(context).is_ready())
        {
            if self.modem().ok()?.port.carrier() == Some(false) {
                return Some(self.lose("DCD fell"));
            }
        }
        let until = self.tail.alone_until()?;
        let alone = self.alone.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if alone.deadline() != until {
            alone.as_mut().reset(until);
        }
        let quiet = alone.as_mut().poll(context).is_ready();
        quiet.then(|| self.lose("it said NO CARRIER"))
    }
}

#[async_trait]
impl Carrier for Call {
    fn on_line(&self) -> Duration {
        self.engaged.on_line()
    }

    async fn close(&mut self) {
        let (pool, age) = (self.engaged.pool(), self.engaged.age());
        let Some(pool) = pool.filter(|pool| !pool.hold.is_zero() && self.lost.is_none() && age < limits::MODEM_CALL)
        else {
            return self.end().await;
        };
        let held = Self {
            number: self.number.clone(),
            engaged: self.engaged.hand_on(),
            look: self.look.take(),
            tail: mem::take(&mut self.tail),
            alone: None,
            lost: None,
        };
        let (wanted, longest) = (pool.keep(&self.number), pool.hold);
        let hang_ups = held.engaged.hang_ups();
        hang_ups.spawn(hold(held, wanted, longest));
    }
}

impl AsyncRead for Call {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut *self.modem()?.port).poll_read(context, buffer);
        if read.is_pending() {
            return self.look(context).map_or(Poll::Pending, |lost| Poll::Ready(Err(lost)));
        }
        let came = buffer.filled().get(before..).unwrap_or_default();
        self.tail.received(came, Instant::now());
        read
    }
}

impl AsyncWrite for Call {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.tail.ask(Instant::now()) {
            return Poll::Ready(Err(self.lose("it said NO CARRIER")));
        }
        let modem = self.modem()?;
        modem.sent_at = Instant::now();
        Pin::new(&mut *modem.port).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.modem()?.port).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The port outlives the call.
        Poll::Ready(Ok(()))
    }
}
