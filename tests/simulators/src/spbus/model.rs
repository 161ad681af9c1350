//! What each model keeps: its columns with their parameter numbers, units and decimals (docs/protocols: SPbus, sections
//! 6 and 7).

/// Models that are simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpbusModel {
    Spt961_2,
    Spt962,
    Spg761_2,
    /// Its values are those of `electricity`.
    Spe543,
}

/// Where a value comes from; pipes count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    ColdWater,
    Outdoor,
    /// Hours of counting.
    Counting,
    Temperature(usize),
    Pressure(usize),
    Mass(usize),
    Heat(usize),
    Volume(usize),
    /// НС of the interval, as text.
    Summary,
    MassUsed,
    HeatUsed,
    /// Running total of another source.
    RunningMass(usize),
    RunningHeatUsed,
}

/// One column of the archives.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Number of the hours; those of days and months are the next two.
    pub number: u16,
    pub channel: u8,
    /// As the truth calls it.
    pub name: &'static str,
    pub unit: &'static str,
    pub source: Source,
}

const fn c(number: u16, channel: u8, name: &'static str, unit: &'static str, source: Source) -> Column {
    Column {
        number,
        channel,
        name,
        unit,
        source,
    }
}

/// With the Latin letter that real meters write.
const KGF: &str = "кгс/cм2";

const SPT961_2: &[Column] = &[
    c(71, 0, "Tхв", "'C", Source::ColdWater),
    c(82, 0, "Tнв", "'C", Source::Outdoor),
    c(90, 0, "tи", "ч", Source::Counting),
    c(200, 1, "т1.T", "'C", Source::Temperature(0)),
    c(205, 1, "т1.P", KGF, Source::Pressure(0)),
    c(210, 1, "т1.M", "т", Source::Mass(0)),
    c(215, 1, "т1.W", "Гкал", Source::Heat(0)),
    c(220, 1, "т1.Vo", "м3", Source::Volume(0)),
    c(245, 1, "т1.НСо", "", Source::Summary),
    c(200, 2, "т2.T", "'C", Source::Temperature(1)),
    c(205, 2, "т2.P", KGF, Source::Pressure(1)),
    c(210, 2, "т2.M", "т", Source::Mass(1)),
    c(215, 2, "т2.W", "Гкал", Source::Heat(1)),
    c(220, 2, "т2.Vo", "м3", Source::Volume(1)),
    c(400, 1, "п1.dM", "т", Source::MassUsed),
    c(405, 1, "п1.dW", "Гкал", Source::HeatUsed),
];

const SPT962: &[Column] = &[
    c(71, 0, "Tхв", "'C", Source::ColdWater),
    c(90, 0, "tи", "ч", Source::Counting),
    c(200, 1, "т1.T", "'C", Source::Temperature(0)),
    c(205, 1, "т1.P", KGF, Source::Pressure(0)),
    c(210, 1, "т1.M", "т", Source::Mass(0)),
    c(223, 1, "т1.Mи", "т", Source::RunningMass(0)),
    c(200, 2, "т2.T", "'C", Source::Temperature(1)),
    c(210, 2, "т2.M", "т", Source::Mass(1)),
    c(400, 1, "п1.M", "т", Source::MassUsed),
    c(405, 1, "п1.W", "Гкал", Source::HeatUsed),
    c(415, 1, "п1.Wи", "Гкал", Source::RunningHeatUsed),
];

const SPG761_2: &[Column] = &[
    c(82, 0, "Tнв", "'C", Source::Outdoor),
    c(90, 0, "tи", "ч", Source::Counting),
    c(200, 1, "т1.T", "'C", Source::Temperature(0)),
    c(205, 1, "т1.P", KGF, Source::Pressure(0)),
    c(210, 1, "т1.M", "т", Source::Mass(0)),
    c(215, 1, "т1.V", "м3", Source::Volume(0)),
    c(200, 2, "т2.T", "'C", Source::Temperature(1)),
    c(215, 2, "т2.V", "м3", Source::Volume(1)),
    c(400, 1, "п1.M", "т", Source::MassUsed),
];

/// A value of now: parameter, channel, name, unit, and the column whose hour shows it.
pub type Live = (u16, u8, &'static str, &'static str, Source);

const SPT_LIVE: &[Live] = &[
    (63, 0, "Tнв", "'C", Source::Outdoor),
    (65, 0, "Tхв", "'C", Source::ColdWater),
    (154, 1, "т1.P", KGF, Source::Pressure(0)),
    (154, 2, "т2.P", KGF, Source::Pressure(1)),
    (156, 1, "т1.T", "'C", Source::Temperature(0)),
    (156, 2, "т2.T", "'C", Source::Temperature(1)),
    // The hour's mass is the flow in t/h.
    (157, 1, "т1.G", "т/ч", Source::Mass(0)),
    (157, 2, "т2.G", "т/ч", Source::Mass(1)),
];

const SPG_LIVE: &[Live] = &[
    (63, 0, "Tнв", "'C", Source::Outdoor),
    (154, 1, "т1.P", KGF, Source::Pressure(0)),
    (156, 1, "т1.T", "'C", Source::Temperature(0)),
    (157, 1, "т1.G", "т/ч", Source::Mass(0)),
];

const SPT961_TOTALS: &[Live] = &[
    (160, 1, "т1.M", "т", Source::Mass(0)),
    (160, 2, "т2.M", "т", Source::Mass(1)),
    (163, 1, "т1.Vo", "м3", Source::Volume(0)),
    (360, 1, "п1.dM", "т", Source::MassUsed),
    (361, 1, "п1.dW", "Гкал", Source::HeatUsed),
];

const SPG_TOTALS: &[Live] = &[
    (160, 1, "т1.M", "т", Source::Mass(0)),
    (162, 1, "т1.V", "м3", Source::Volume(0)),
];

impl SpbusModel {
    /// What 099 says.
    pub fn text(self) -> &'static str {
        match self {
            Self::Spt961_2 => "961.2v02",
            Self::Spt962 => "962v01",
            Self::Spg761_2 => "761.2v02",
            Self::Spe543 => "543v01",
        }
    }

    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::Spt961_2 => SPT961_2,
            Self::Spt962 => SPT962,
            Self::Spg761_2 => SPG761_2,
            Self::Spe543 => &[],
        }
    }

    pub fn live(self) -> &'static [Live] {
        match self {
            Self::Spt961_2 | Self::Spt962 => SPT_LIVE,
            Self::Spg761_2 => SPG_LIVE,
            Self::Spe543 => &[],
        }
    }

    pub fn totals(self) -> &'static [Live] {
        match self {
            Self::Spt961_2 | Self::Spt962 => SPT961_TOTALS,
            Self::Spg761_2 => SPG_TOTALS,
            Self::Spe543 => &[],
        }
    }

    /// Months that the ring holds.
    pub fn months(self) -> i64 {
        match self {
            Self::Spt962 | Self::Spe543 => 12,
            Self::Spt961_2 | Self::Spg761_2 => 24,
        }
    }

    /// Code and identifier of flow above the maximum of pipe 1, and of a set-point of consumer 1.
    pub fn codes(self) -> [(u32, &'static str); 2] {
        match self {
            Self::Spt961_2 | Self::Spt962 => [(32, "т1-Q/gВМ"), (71, "п1-У1")],
            Self::Spg761_2 | Self::Spe543 => [(41, "т1-Q/gВМ"), (90, "п1-У1")],
        }
    }
}

impl Source {
    /// Decimals of the value.
    pub fn decimals(self) -> u8 {
        match self {
            Self::ColdWater | Self::Outdoor => 1,
            Self::Temperature(_) | Self::Counting => 2,
            Self::Pressure(_) | Self::Mass(_) | Self::Volume(_) | Self::MassUsed | Self::RunningMass(_) => 3,
            Self::Heat(_) | Self::HeatUsed | Self::RunningHeatUsed => 4,
            Self::Summary => 0,
        }
    }
}
