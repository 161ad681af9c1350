//! What a simulated meter's archive holds, for tests to compare a database with.

use jiff::civil::DateTime;

/// The archives and readings of which a meter can tell the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TruthKind {
    Hourly,
    Daily,
    Monthly,
    /// Running totals at the end of each reporting month (ВКТ-7), or the last due dates (M-Bus).
    TotalsArchive,
    /// What the meter measures now.
    Current,
    /// Running totals now, up to what the meter itself counts into them.
    TotalsNow,
}

/// One record. For readings of now `start` and `end` are the meter's clock.
#[derive(Clone, Debug, PartialEq)]
pub struct TruthRecord {
    /// The interval's start, civil time of the meter; a total has none of its own and repeats `end`.
    pub start: DateTime,
    /// The interval's end, exclusive.
    pub end: DateTime,
    pub values: Vec<TruthValue>,
    pub ns: Vec<TruthNs>,
}

/// One value of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct TruthValue {
    /// The maker's own parameter name, such as `t1`, `M1` or `Qо`.
    pub name: &'static str,
    /// Heat input (тепловой ввод); 0 is common to the meter.
    pub input: u8,
    /// Exactly as representable on the wire; `None`: the meter says that it has none.
    pub value: Option<f64>,
    /// The number as the meter keeps it when it keeps digits and a count of decimals.
    pub digits: Option<(i64, u8)>,
}

/// One abnormal situation (НС) of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthNs {
    /// Heat input; 0 is common to the meter.
    pub input: u8,
    /// The parameter it is about, when the meter tells it by parameter.
    pub name: Option<&'static str>,
    pub code: u32,
}

/// A meter which can tell what it holds.
pub trait Truth: Send + Sync {
    /// All records of the kind that the meter could be asked for now, oldest first.
    fn truth(&self, kind: TruthKind) -> Vec<TruthRecord>;
}
