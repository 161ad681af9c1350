//! Rows of a DLMS load profile: the answers of a simulated meter about 60 days of hours, in blocks as it sends them,
//! through the driver's decoder in a sandbox and natively, beside gurux-dlms. All of them go from the same bytes to the same
//! numbers.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use jiff::civil::date;
use meter_sim::{Dlms, DlmsTransport};
use uzel_driver_sdk::Value;
use uzel_driver_sdk::bytes::{hex, unhex};

use super::frames::{Guest, best};
use crate::{python, report};

/// AARQ of a public client without a password, an answer of 1,024 bytes at most; as in the driver's test data.
const AARQ: &str = "601da109060760857405080101be10040e01000000065f1f0400421e5d0400";
/// The load profile of hours, a profile generic.
const PROFILE: [u8; 8] = [0, 7, 1, 0, 99, 1, 0, 255];
/// Bytes of the wrapper's head.
const HEAD: usize = 8;
/// Rows that the meter holds: 60 days of hours.
const ROWS: u32 = 1_440;

/// Measures all of them.
pub fn run(runtime: &tokio::runtime::Runtime) -> Result<()> {
    let answers = answers(runtime)?;
    let bytes: Vec<u8> = answers.iter().flat_map(|(_, answer)| answer.clone()).collect();
    let decoded = decode(&bytes)?;
    let (rows, blocks) = (u32::try_from(decoded.len())?, answers.len());
    ensure!(rows == ROWS, "{rows} rows came, expected {ROWS}");
    println!("  {rows} rows in {} bytes, {blocks} answers", bytes.len());
    let rate = |pass: Duration| f64::from(rows) / pass.as_secs_f64();
    let mut guest = Guest::start("rows")?;
    let frames = [bytes];
    let sandbox = rate(best(&frames, |frame| guest.decode(frame))?);
    let native = rate(best(&frames, |frame| Ok(decoder::rows(frame)))?);
    report::figure("dlms.rows.native", native, "1/s", "our decoder without sandbox");
    report::figure("dlms.rows.sandbox", sandbox, "1/s", "our decoder in the sandbox");
    match gurux(&answers) {
        Ok((took, count, sum)) => {
            let (own_count, own_sum) = numbers(&decoded);
            let is_same = (count, sum) == (own_count, own_sum);
            ensure!(
                is_same,
                "gurux-dlms reads {count} numbers of {sum}, we {own_count} of {own_sum}"
            );
            report::figure("dlms.rows.python", rate(took), "1/s", "gurux-dlms 1.0.203");
            let times = sandbox / rate(took);
            report::goal(
                "dlms.rows.times",
                times,
                "",
                times >= 50.0,
                "50 times gurux-dlms from the sandbox",
            );
        }
        Err(error) => println!("  SKIPPED: gurux-dlms: {error:#}"),
    }
    Ok(())
}

fn decode(bytes: &[u8]) -> Result<Vec<dlms::profile::Row>> {
    dlms::decode(dlms::Obis::new(1, 0, 99, 1, 0, 255), 3_600, bytes).map_err(anyhow::Error::msg)
}

/// How many numbers there are, and their sum: whole numbers, so that nothing is rounded.
fn numbers(rows: &[dlms::profile::Row]) -> (usize, i64) {
    let values = rows.iter().flat_map(|row| &row.values);
    let numbers = values.filter_map(|value| match value {
        Value::Fixed(fixed) => Some(fixed.digits),
        Value::Bits(bits) => i64::try_from(*bits).ok(),
        _ => None,
    });
    numbers.fold((0, 0), |(count, sum), number| (count + 1, sum + number))
}

/// Questions and answers, with the wrapper's heads: what is captured, its scales, the rows.
fn answers(runtime: &tokio::runtime::Runtime) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let meter = Dlms::builder()
        .transport(DlmsTransport::Wrapper)
        .pdu(1_024)
        .clock(date(2026, 11, 1).at(0, 20, 0, 0));
    let handle = runtime.block_on(meter.start_tcp())?;
    let mut client = Client::connect(handle.addr())?;
    client.ask(&unhex(AARQ).context("AARQ is hexadecimal")?)?;
    let captured = get(&PROFILE, 3);
    let objects = client.ask(&captured)?;
    let mut answers = vec![(captured, objects.clone())];
    for register in registers(&objects) {
        let question = get(&register, 3);
        let answer = client.ask(&question)?;
        answers.push((question, answer));
    }
    let mut question = get(&PROFILE, 2);
    for block in 1u32.. {
        let answer = client.ask(&question)?;
        // A block says behind tag, kind and number of the question whether it is the last one.
        let is_last = answer.get(HEAD + 1) != Some(&2) || answer.get(HEAD + 3) != Some(&0);
        answers.push((question, answer));
        if is_last {
            break;
        }
        question = [&[0xC0, 0x02, 0xC1][..], &block.to_be_bytes()].concat();
    }
    Ok(answers)
}

/// GET of an attribute of the object with this class and name.
fn get(object: &[u8], attribute: u8) -> Vec<u8> {
    [&[0xC0, 0x01, 0xC1], object, &[attribute, 0]].concat()
}

/// Class and name of the captured registers: structures of class, name, attribute and element.
fn registers(objects: &[u8]) -> Vec<Vec<u8>> {
    let object = |bytes: &[u8]| match *bytes {
        [0x12, 0, 3, 0x09, 6, a, b, c, d, e, f] => Some(vec![0, 3, a, b, c, d, e, f]),
        _ => None,
    };
    objects.windows(11).filter_map(object).collect()
}

/// gurux-dlms: the time of one pass, how many numbers it finds and their sum.
fn gurux(answers: &[(Vec<u8>, Vec<u8>)]) -> Result<(Duration, usize, i64)> {
    let python = python::Python::prepare()?;
    let mut file = tempfile::NamedTempFile::new()?;
    for (question, answer) in answers {
        writeln!(file, "{};{}", hex(question), hex(answer))?;
    }
    let said = python.run("dlms_rows.py", &[file.path() as &Path])?;
    let mut parts = said.split_whitespace();
    let mut next = || parts.next().context("seconds, numbers and their sum");
    let took = Duration::try_from_secs_f64(next()?.parse()?)?;
    Ok((took, next()?.parse()?, next()?.parse()?))
}

/// Logical device 1 and a public client.
struct Client(TcpStream);

impl Client {
    fn connect(meter: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(meter)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self(stream))
    }

    /// The answer with its head.
    fn ask(&mut self, apdu: &[u8]) -> Result<Vec<u8>> {
        let length = u16::try_from(apdu.len())?.to_be_bytes();
        self.0.write_all(&[&[0, 1, 0, 16, 0, 1], &length[..], apdu].concat())?;
        let mut answer = vec![0; HEAD];
        self.0.read_exact(&mut answer)?;
        let &[.., high, low] = &answer[..] else {
            return Ok(answer);
        };
        answer.resize(HEAD + usize::from(u16::from_be_bytes([high, low])), 0);
        self.0.read_exact(&mut answer[HEAD..])?;
        Ok(answer)
    }
}
