//! A line's own work, over a pipe in memory so that its clock can stand.

use tokio::io::DuplexStream;

use super::*;

/// What a serial port is told to do, in order.
#[derive(Debug, Default)]
struct Port {
    pipe: Option<DuplexStream>,
    turns: Turns,
    begun: Option<Instant>,
}

impl tokio::io::AsyncRead for Port {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(self.pipe.as_mut().unwrap()).poll_read(context, buffer)
    }
}

impl tokio::io::AsyncWrite for Port {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self.pipe.as_mut().unwrap()).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut std::task::Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut std::task::Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[async_trait::async_trait]
impl Carrier for Port {
    fn has_settings(&self) -> bool {
        true
    }

    fn turn(&mut self, sending: bool) -> io::Result<()> {
        let at = self.begun.unwrap().elapsed();
        self.turns.lock().unwrap().push((sending, at));
        Ok(())
    }
}

/// Which way the line was turned, and when.
type Turns = std::sync::Arc<std::sync::Mutex<Vec<(bool, Duration)>>>;

/// A line at 9600-8N1, on which a character takes 1 042 µs, and its far end.
fn line(options: &str) -> (Line, DuplexStream, Turns) {
    let (near, far) = tokio::io::duplex(4_096);
    let port = Port {
        pipe: Some(near),
        begun: Some(Instant::now()),
        ..Port::default()
    };
    let turns = port.turns.clone();
    let settings = "9600-8N1".parse().unwrap();
    (
        Line::new(Box::new(port), settings, options.parse().unwrap()),
        far,
        turns,
    )
}

const LONG: Duration = Duration::from_secs(5);

/// Sends the question in these parts, has the far end say these, and reads so many bytes.
async fn ask(line: &mut Line, far: &mut DuplexStream, question: &[&[u8]], said: &[&[u8]], count: usize) -> Vec<u8> {
    for part in question {
        line.write(part, LONG).await.unwrap();
    }
    let length = question.iter().map(|part| part.len()).sum();
    let mut heard = vec![0; length];
    far.read_exact(&mut heard).await.unwrap();
    assert_eq!(heard, question.concat());
    let speaking = async {
        for part in said {
            far.write_all(part).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let (answer, ()) = tokio::join!(line.read(Until::Length(count), 100, LONG), speaking);
    answer.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_echo_is_taken_away_and_nothing_else() {
    type Case<'a> = (&'a str, &'a [&'a [u8]], &'a [&'a [u8]], &'a [u8]);
    let cases: &[Case] = &[
        (
            "in one piece with the answer",
            &[&[1, 2, 3]],
            &[&[1, 2, 3, 9, 8]],
            &[9, 8],
        ),
        ("before the answer", &[&[1, 2, 3]], &[&[1, 2, 3], &[9, 8]], &[9, 8]),
        ("split over reads", &[&[1, 2, 3]], &[&[1], &[2], &[3, 9], &[8]], &[9, 8]),
        (
            "of a question sent in parts",
            &[&[255, 255], &[1, 2]],
            &[&[255, 255, 1], &[2, 9, 8]],
            &[9, 8],
        ),
        ("absent", &[&[1, 2, 3]], &[&[9, 8]], &[9, 8]),
        (
            "absent, and the answer begins alike",
            &[&[1, 2, 3]],
            &[&[1, 2], &[9, 8]],
            &[1, 2, 9, 8],
        ),
        ("damaged", &[&[1, 2, 3]], &[&[1, 7, 3, 9, 8]], &[1, 7, 3, 9, 8]),
        (
            "damaged, split",
            &[&[1, 2, 3]],
            &[&[1, 2], &[7, 9, 8]],
            &[1, 2, 7, 9, 8],
        ),
        ("the answer repeats it", &[&[1, 2]], &[&[1, 2, 1, 2]], &[1, 2]),
    ];
    for (name, question, said, answer) in cases {
        let (mut line, mut far, _) = line("echo");
        // A second question on the same line has an echo of its own.
        for _ in 0..2 {
            assert_eq!(
                ask(&mut line, &mut far, question, said, answer.len()).await,
                *answer,
                "{name}"
            );
            line.purge().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_echo_is_not_expected_before_the_next_answer() {
    let (mut line, mut far, _) = line("echo");
    line.write(&[1, 2, 3], LONG).await.unwrap();
    assert!(matches!(line.read(Until::Any, 10, LONG).await, Err(ReadFault::Timeout(bytes)) if bytes.is_empty()));
    far.read_exact(&mut [0; 3]).await.unwrap();
    assert_eq!(ask(&mut line, &mut far, &[&[4, 5]], &[&[4, 5, 9]], 1).await, [9]);
}

#[tokio::test(start_paused = true)]
async fn a_gap_is_kept_after_opening_and_after_each_byte() {
    let (mut line, mut far, _) = line("gap=50");
    let begun = Instant::now();
    line.write(&[1], LONG).await.unwrap();
    // The gap, then the character itself; the clock's grain is a millisecond.
    let sent = begun.elapsed();
    assert!((51..=53).contains(&sent.as_millis()), "{sent:?}");
    far.write_all(&[9]).await.unwrap();
    line.read(Until::Length(1), 1, LONG).await.unwrap();
    let heard = Instant::now();
    line.write(&[2], LONG).await.unwrap();
    let waited = heard.elapsed();
    assert!((51..=53).contains(&waited.as_millis()), "{waited:?}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let later = Instant::now();
    line.write(&[3], LONG).await.unwrap();
    assert!(
        later.elapsed().as_millis() <= 3,
        "silence before the question was gap enough"
    );
}

#[tokio::test(start_paused = true)]
async fn the_direction_is_ours_until_the_last_character_has_left() {
    let (mut line, _far, turns) = line("rts");
    // 96 characters take 100 ms.
    line.write(&[0; 96], LONG).await.unwrap();
    let turns = turns.lock().unwrap().clone();
    let [(true, on), (false, off)] = turns[..] else {
        panic!("{turns:?}");
    };
    assert!(off - on >= Duration::from_millis(100), "{turns:?}");
    assert!(off - on < Duration::from_millis(103), "{turns:?}");
}

#[tokio::test(start_paused = true)]
async fn a_question_that_cannot_be_sent_leaves_the_bus_to_others() {
    let (mut line, _far, turns) = line("rts-inverted");
    // More than the far end takes.
    let failed = line.write(&[0; 5_000], LONG).await;
    assert!(matches!(failed, Err(ReadFault::Closed(_))), "{failed:?}");
    assert_eq!(turns.lock().unwrap().last().map(|(sending, _)| *sending), Some(false));
}
