//! The meters of this dialect: what each has and where (M4 note, section 10; the maker's lists in
//! `tests/data/tags-4m.json`, `archive-fields-4m.json` and `archives-4m.json`, which a test compares).
//!
//! Lists of names are texts: names in the order of their ordinals, parted by blanks. [`super::names`] says what a name
//! means.

use super::talk::Place;
use super::{abnormal, lists};
use crate::ident::Device;

/// What a meter measures: it decides what `Q` and `V` are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    Heat,
    Gas,
    Flow,
}

/// Names of one channel, with ordinals that follow one another.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    pub channel: u8,
    /// Metering point of the columns; 0 is the device.
    pub point: u8,
    pub first: u16,
    pub names: &'static str,
}

/// One model.
#[derive(Debug)]
pub struct Model {
    pub id: &'static str,
    pub medium: Medium,
    /// Heat inputs that can be left out.
    pub inputs: u8,
    pub session_s: u16,
    /// Only 24 bits of the serial number are one.
    pub short_serial: bool,
    /// The highest speed of function 42; 0 where it must not be asked for.
    pub max_baud: u32,
    pub live: &'static [Group],
    pub totals: &'static [Group],
    /// Names of a record, in its order; `first` means nothing here. Groups of several channels are archives of their own.
    pub record: &'static [Group],
    /// Records in the hour, day and month archives.
    pub depths: [u32; 3],
    /// Settings by channel: `names` are `NAME` or `NAME=UNIT`, `@N` where the ordinals jump.
    pub settings: &'static [Group],
    /// НС: `BIT CATEGORY [COLUMN]` a line.
    pub abnormal: &'static str,
    /// НС bits below this are of the device, the others of a heat input.
    pub common_bits: u32,
    /// Bits 64 to 79 are of ТВ1, from 80 on of ТВ2.
    pub wide: bool,
}

impl Model {
    /// Whether each heat input has an archive of its own.
    pub fn archive_channels(&self) -> Vec<u8> {
        let mut channels: Vec<u8> = self.record.iter().map(|group| group.channel).collect();
        channels.dedup();
        channels
    }

    /// Where the setting of this name is.
    pub fn setting(&self, name: &str) -> Option<Place> {
        self.settings.iter().find_map(|group| {
            let mut all = settings_of(group);
            all.find(|known| known.name == name).map(|known| known.place)
        })
    }
}

/// One setting of a list.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    pub place: Place,
    pub name: &'static str,
    /// The unit as the list has it.
    pub unit: Option<&'static str>,
}

/// The settings of one channel.
pub fn settings_of(group: &Group) -> impl Iterator<Item = Known> + use<> {
    let (channel, mut next) = (group.channel, group.first);
    group.names.split_ascii_whitespace().filter_map(move |word| {
        if let Some(jump) = word.strip_prefix('@') {
            next = jump.parse().unwrap_or(next);
            return None;
        }
        let place = Place { channel, ordinal: next };
        next += 1;
        let (name, unit) = match word.split_once('=') {
            Some((name, unit)) => (name, Some(unit)),
            None => (word, None),
        };
        Some(Known { place, name, unit })
    })
}

/// The names of a group with their places.
pub fn places_of(group: &Group) -> impl Iterator<Item = (Place, &'static str)> + use<> {
    settings_of(group).map(|known| (known.place, known.name))
}

/// The model that speaks this dialect as `device`, if it does.
pub fn model(device: Device) -> Option<&'static Model> {
    match device {
        Device::Spt940 => Some(&SPT940),
        Device::Spt941_20 => Some(&SPT941_20),
        Device::Spt943rev3 => Some(&SPT943REV3),
        Device::Spt944 => Some(&SPT944),
        Device::Spg740 => Some(&SPG740),
        Device::Spg742 => Some(&SPG742),
        Device::Lgk410 => Some(&LGK410),
        _ => None,
    }
}

/// First ordinals of live values (behind Т and Д where the channel has them) and of totals.
const LIVE: u16 = 1_024;
const BEHIND_CLOCK: u16 = 1_026;
const TOTALS: u16 = 2_048;

const fn g(channel: u8, point: u8, first: u16, names: &'static str) -> Group {
    Group {
        channel,
        point,
        first,
        names,
    }
}

static SPT940: Model = Model {
    id: "spt940",
    medium: Medium::Heat,
    inputs: 1,
    session_s: 60,
    short_serial: false,
    max_baud: 57_600,
    live: &[g(0, 1, BEHIND_CLOCK, "СП G1 G2 G3 Gм1 Gм2 Gм3 t1 t2 dt P1 P2 ДС НС")],
    totals: &[g(
        0,
        1,
        TOTALS,
        "V1 V2 V3 M1 M2 M3 Q Qг Tи Tн Tш Tmin Tmax Tdt Tэп Tф СТ1 СТ2 СТ3",
    )],
    record: &[g(
        0,
        1,
        0,
        "СП t1 t2 dt t3 tх P1 P2 P3 Pх V1 V2 V3 M1 M2 M3 Q Qг Tи Tн Tш Tmin Tmax Tdt Tэп Tф СТ1 СТ2 СТ3 ДС НС",
    )],
    depths: [2_000, 400, 100],
    settings: &[g(0, 0, 0, lists::SPT940)],
    abnormal: abnormal::SPT940,
    common_bits: 8,
    wide: false,
};

static SPT941_20: Model = Model {
    id: "spt941.20",
    medium: Medium::Heat,
    inputs: 1,
    session_s: 60,
    short_serial: true,
    max_baud: 57_600,
    live: &[g(
        0,
        1,
        BEHIND_CLOCK,
        "СП G1 G2 G3 Gм1 Gм2 Gм3 t1 t2 dt t3 tх t4 P1 P2 P3 Pх P4 ДС НС",
    )],
    totals: &[g(
        0,
        1,
        TOTALS,
        "V1 V2 V3 M1 M2 M3 Q Qг Tи Tн Tш СТ1 СТ2 СТ3 СТ4 СТ5 СТ6 СТ7 СТ8 СТ9 СТ10 СТ11 СТ12 СТ13 СТ14 СТ15 СТ16",
    )],
    record: &[g(
        0,
        1,
        0,
        "СП t1 t2 dt t3 tх t4 P1 P2 P3 Pх P4 V1 V2 V3 M1 M2 M3 Q Qг Tи Tн Tш СТ1 СТ2 СТ3 СТ4 СТ5 СТ6 СТ7 СТ8 СТ9 \
         СТ10 СТ11 СТ12 СТ13 СТ14 СТ15 СТ16 ДС НС",
    )],
    depths: [2_000, 400, 100],
    settings: &[g(0, 0, 0, lists::SPT941_20)],
    abnormal: abnormal::SPT941_20,
    common_bits: 32,
    wide: false,
};

const SPT943REV3_RECORD: &str = "СП P1 P2 t1 t2 dt t3 tх tв V1 V2 V3 M1 M2 M3 Q Qг Tи Tmin Tmax Tdt Tэп Tф Tн Tш НС ДС";
const SPT943REV3_LIVE: &str = "СП G1 G2 G3 P1 P2 t1 t2 dt t3 tх tв НС ДС";
const SPT943REV3_TOTALS: &str = "V1 V2 V3 M1 M2 M3 Q Qг Tи Tmin Tmax Tdt Tэп Tф Tн Tш";

static SPT943REV3: Model = Model {
    id: "spt943rev3",
    medium: Medium::Heat,
    inputs: 2,
    session_s: 60,
    short_serial: false,
    max_baud: 19_200,
    live: &[
        g(0, 0, BEHIND_CLOCK, "tх tв НС ДС"),
        g(1, 1, LIVE, SPT943REV3_LIVE),
        g(2, 2, LIVE, SPT943REV3_LIVE),
    ],
    totals: &[
        g(0, 0, TOTALS, "Q"),
        g(1, 1, TOTALS, SPT943REV3_TOTALS),
        g(2, 2, TOTALS, SPT943REV3_TOTALS),
    ],
    record: &[g(1, 1, 0, SPT943REV3_RECORD), g(2, 2, 0, SPT943REV3_RECORD)],
    depths: [2_000, 400, 100],
    settings: &[
        g(0, 0, 0, lists::SPT943REV3),
        g(1, 1, 0, lists::SPT943REV3_INPUT),
        g(2, 2, 0, lists::SPT943REV3_INPUT),
    ],
    abnormal: abnormal::SPT943REV3,
    common_bits: 8,
    wide: false,
};

const SPT944_LIVE: &str = "СП G1 G2 G3 Gм1 Gм2 Gм3 t1 t2 dt t3 tог P1 P2 P3";
const SPT944_TOTALS: &str = "V1 V2 V3 M1 M2 M3 Q Qг";
const SPT944_RECORD: &str = "СП t1 t2 dt t3 tог P1 P2 P3 V1 V2 V3 M1 M2 M3 Q Qг";

static SPT944: Model = Model {
    id: "spt944",
    medium: Medium::Heat,
    inputs: 2,
    session_s: 60,
    short_serial: false,
    max_baud: 57_600,
    live: &[
        g(0, 0, BEHIND_CLOCK, "СП tх tв t4 t5 t6 Pх P4 P5 P6 НС ДС"),
        g(1, 1, LIVE, SPT944_LIVE),
        g(2, 2, LIVE, SPT944_LIVE),
    ],
    totals: &[
        g(
            0,
            0,
            TOTALS,
            "Qс Tи Tн Tш СТ1 СТ2 СТ3 СТ4 СТ5 СТ6 СТ7 СТ8 СТ9 СТ10 СТ11 СТ12 СТ13 СТ14 СТ15 СТ16 СТ17 СТ18 СТ19 СТ20",
        ),
        g(1, 1, TOTALS, SPT944_TOTALS),
        g(2, 2, TOTALS, SPT944_TOTALS),
    ],
    record: &[
        g(
            0,
            0,
            0,
            "СП tх tв t4 t5 t6 Pх P4 P5 P6 Qс Tи Tн Tш СТ1 СТ2 СТ3 СТ4 СТ5 СТ6 СТ7 СТ8 СТ9 СТ10 СТ11 СТ12 СТ13 СТ14 \
             СТ15 СТ16 СТ17 СТ18 СТ19 СТ20 НС ДС",
        ),
        g(0, 1, 0, SPT944_RECORD),
        g(0, 2, 0, SPT944_RECORD),
    ],
    depths: [2_000, 400, 100],
    settings: &[
        g(0, 0, 0, lists::SPT944),
        g(1, 1, 0, lists::SPT944_INPUT),
        g(2, 2, 0, lists::SPT944_INPUT),
    ],
    abnormal: abnormal::SPT944,
    common_bits: 128,
    wide: true,
};

static SPG740: Model = Model {
    id: "spg740",
    medium: Medium::Gas,
    inputs: 0,
    session_s: 60,
    short_serial: false,
    max_baud: 57_600,
    live: &[
        g(0, 0, BEHIND_CLOCK, "СП Q Pб НС ДС"),
        g(1, 1, LIVE, "Qр1 Q1 P1 t1 Ксж1 Кпр1 dP1"),
        g(2, 2, LIVE, "Qр2 Q2 P2 t2 Ксж2 Кпр2"),
    ],
    totals: &[
        g(0, 0, TOTALS, "V Vп Tи СТ1 СТ2"),
        g(1, 1, TOTALS, "Vр1 V1"),
        g(2, 2, TOTALS, "Vр2 V2"),
    ],
    record: &[
        g(0, 0, 0, "СП Pб V Vп Tи СТ1 СТ2 НС ДС"),
        g(0, 1, 0, "P1 t1 Vр1 V1 Ксж1 Кпр1 dP1"),
        g(0, 2, 0, "P2 t2 Vр2 V2 Ксж2 Кпр2"),
    ],
    depths: [2_000, 400, 100],
    settings: &[
        g(0, 0, 0, lists::SPG740),
        g(1, 1, 0, lists::SPG740_PIPE1),
        g(2, 2, 0, lists::SPG740_PIPE2),
    ],
    abnormal: abnormal::SPG740,
    common_bits: 128,
    wide: false,
};

static SPG742: Model = Model {
    id: "spg742",
    medium: Medium::Gas,
    inputs: 0,
    session_s: 60,
    short_serial: true,
    max_baud: 57_600,
    live: &[
        g(0, 0, BEHIND_CLOCK, "СП Q P3 dP3 dP4 Pб V_ч Vп_ч Tи_ч НС"),
        g(1, 1, LIVE, "Qр1 Q1 P1 t1 dP1 Vр1_ч V1_ч dP1д Ксж1 Кпр1"),
        g(2, 2, LIVE, "Qр2 Q2 P2 t2 dP2 Vр2_ч V2_ч dP2д Ксж2 Кпр2"),
    ],
    totals: &[
        g(0, 0, TOTALS, "V Vп Tи"),
        g(1, 1, TOTALS, "Vр1 V1"),
        g(2, 2, TOTALS, "Vр2 V2"),
    ],
    record: &[
        g(0, 0, 0, "СП P3 dP3 dP4 Pб V Vп Tи НС"),
        g(0, 1, 0, "P1 t1 dP1 Vр1 V1 dP1д Ксж1 Кпр1"),
        g(0, 2, 0, "P2 t2 dP2 Vр2 V2 dP2д Ксж2 Кпр2"),
    ],
    depths: [1_200, 400, 100],
    settings: &[
        g(0, 0, 0, lists::SPG742),
        g(1, 1, 0, lists::SPG742_PIPE1),
        g(2, 2, 0, lists::SPG742_PIPE2),
    ],
    abnormal: abnormal::SPG742,
    common_bits: 128,
    wide: false,
};

/// A flow meter: no clock, no archives, no speed change.
static LGK410: Model = Model {
    id: "lgk410",
    medium: Medium::Flow,
    inputs: 0,
    session_s: u16::MAX,
    short_serial: false,
    max_baud: 0,
    live: &[g(0, 1, LIVE, "Q ДС")],
    totals: &[g(0, 1, TOTALS, "Vп Vо Tв Tи")],
    record: &[],
    depths: [0; 3],
    settings: &[g(1, 0, 0, lists::LGK410)],
    abnormal: "",
    common_bits: 128,
    wide: false,
};
