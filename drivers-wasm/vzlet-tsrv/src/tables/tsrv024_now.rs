//! Registers, journals and settings of the ТСРВ-024 family (sections 4 and 5.5).

use uzel_driver_sdk::modbus::pdu::Area;

use super::tsrv024::NS;
use super::{G_NOW, P_NOW, Q_NOW, T_NOW, now, state, total};
use crate::layout::Form::{Bits, F32, SignedSum, Small, U32};
use crate::layout::{Block, Run, Signs, many, one};
use crate::model::{Entries, Journal, Shown, holding};

const fn block(at: u16, count: u16, point: u8, runs: &'static [Run]) -> Block {
    Block {
        area: Area::Input,
        at,
        count,
        point,
        runs,
        signs: &[],
    }
}

/// Two pipes of a heat system, 24 registers each.
const PIPE: usize = 48;

const PIPES: &[Run] = &[
    many(12, 2, F32, "t", T_NOW).step(PIPE),
    many(16, 2, F32, "P", P_NOW).step(PIPE),
    many(20, 2, F32, "Q", Q_NOW).step(PIPE),
    many(24, 2, F32, "G", G_NOW).step(PIPE),
    many(36, 2, F32, "E", now("power", "Gcal/h")).step(PIPE),
];
const PIPES_3_4: &[Run] = &[
    many(12, 2, F32, "t", T_NOW).step(PIPE).first(3),
    many(16, 2, F32, "P", P_NOW).step(PIPE).first(3),
    many(20, 2, F32, "Q", Q_NOW).step(PIPE).first(3),
    many(24, 2, F32, "G", G_NOW).step(PIPE).first(3),
    many(36, 2, F32, "E", now("power", "Gcal/h")).step(PIPE).first(3),
];

/// Current values (section 4): channels of transducers, heat systems, pipes.
pub static CURRENT: [Block; 11] = [
    block(
        0xc03c,
        48,
        0,
        &[
            many(0, 6, F32, "ПД", P_NOW),
            many(24, 9, F32, "ПТ", T_NOW),
            many(60, 9, F32, "ПР", Q_NOW),
        ],
    ),
    block(
        0xc4f6,
        12,
        0,
        &[
            many(0, 3, F32, "tх", T_NOW.pipe("cold")).by_system(),
            many(12, 3, F32, "Pх", P_NOW.pipe("cold")).by_system(),
        ],
    ),
    block(
        0xc6ac,
        20,
        0,
        &[
            many(0, 3, F32, "E", now("power", "Gcal/h")).step(12).by_system(),
            many(4, 3, F32, "Eгв", now("power", "Gcal/h").pipe("dhw"))
                .step(12)
                .by_system(),
            many(8, 3, F32, "G", G_NOW).step(12).by_system(),
            one(36, F32, "tнв", T_NOW.pipe("air")),
        ],
    ),
    block(0xc106, 48, 1, PIPES),
    block(0xc136, 48, 1, PIPES_3_4),
    block(0xc166, 48, 2, PIPES),
    block(0xc196, 48, 2, PIPES_3_4),
    block(0xc1c6, 48, 3, PIPES),
    block(0xc1f6, 48, 3, PIPES_3_4),
    Block {
        signs: &[
            Signs::flags(0, Bits(4), NS).of(1),
            Signs::flags(4, Bits(4), NS).of(2),
            Signs::flags(8, Bits(4), NS).of(3),
        ],
        ..block(
            0x806a,
            6,
            0,
            &[many(0, 3, Bits(4), "НС", state("abnormal")).by_system()],
        )
    },
    block(0x0044, 1, 0, &[one(0, Small, "режим", state("status"))]),
];

const SYSTEM_TOTALS: &[Run] = &[
    one(0, SignedSum, "W", total("heat-energy", "Gcal")),
    one(8, SignedSum, "Wгв", total("heat-energy", "Gcal").pipe("dhw")),
    one(16, SignedSum, "M", total("mass", "t")),
];
const TIMES: &[Run] = &[
    one(0, U32(0), "Tнар", total("time-normal", "s")),
    one(4, U32(0), "Tпр", total("time-stopped", "s")),
    one(8, U32(0), "Tпит", total("time-power-off", "s")),
    one(12, U32(0), "Tот", total("time-failure", "s")),
    one(16, U32(0), "Tнс", total("time", "s")),
    one(20, U32(0), "Tреж", total("time", "s")),
];

const fn pipe(place: u16, point: u8, runs: &'static [Run]) -> Block {
    block(0xc234 + 0x3c * place, 12, point, runs)
}

macro_rules! pipe_totals {
    ($number:literal) => {
        &[
            one(0, SignedSum, "W", total("heat-energy", "Gcal")).first($number),
            one(8, SignedSum, "M", total("mass", "t")).first($number),
            one(16, SignedSum, "V", total("volume", "m3")).first($number),
        ]
    };
}

const PIPE_1: &[Run] = pipe_totals!(1);
const PIPE_2: &[Run] = pipe_totals!(2);
const PIPE_3: &[Run] = pipe_totals!(3);
const PIPE_4: &[Run] = pipe_totals!(4);

pub static TOTALS: [Block; 18] = [
    block(0xc0be, 12, 1, SYSTEM_TOTALS),
    block(0xc0d6, 12, 2, SYSTEM_TOTALS),
    block(0xc0ee, 12, 3, SYSTEM_TOTALS),
    pipe(0, 1, PIPE_1),
    pipe(1, 1, PIPE_2),
    pipe(2, 1, PIPE_3),
    pipe(3, 1, PIPE_4),
    pipe(4, 2, PIPE_1),
    pipe(5, 2, PIPE_2),
    pipe(6, 2, PIPE_3),
    pipe(7, 2, PIPE_4),
    pipe(8, 3, PIPE_1),
    pipe(9, 3, PIPE_2),
    pipe(10, 3, PIPE_3),
    pipe(11, 3, PIPE_4),
    block(0x8016, 12, 1, TIMES),
    block(0x8024, 12, 2, TIMES),
    block(0x8032, 12, 3, TIMES),
];

/// Journals (section 5.5).
const FAILURES: &[&str] = &[
    "норма",
    "часы",
    "FRAM",
    "FLASH",
    "нет связи",
    "база Сервис",
    "база Поверка",
    "АЦП1",
    "АЦП2",
    "семафор событий",
    "копия часов",
    "питание",
    "нет события времени",
    "нет памяти",
    "перезапуск",
];
const MODES: &[&str] = &["Работа", "Настройка", "Поверка", "Калибровка"];

const fn journal(array: u16, depth: u16, point: u8, kind: Entries) -> Journal {
    Journal {
        array,
        depth,
        point,
        kind,
    }
}

pub static JOURNALS: [Journal; 6] = [
    journal(12, 500, 1, Entries::Abnormal),
    journal(13, 500, 2, Entries::Abnormal),
    journal(14, 500, 3, Entries::Abnormal),
    journal(15, 100, 0, Entries::Device(&["потеря связи", "нет питания"])),
    journal(16, 100, 0, Entries::Device(FAILURES)),
    journal(17, 512, 0, Entries::Mode(MODES)),
];

const fn setting(id: &'static str, title: &'static str, at: u16) -> Shown {
    Shown {
        id,
        title,
        place: holding(at),
        form: Small,
        unit: "",
    }
}

pub static SETTINGS: [Shown; 14] = [
    setting("address", "Сетевой адрес", 0x0000),
    Shown {
        unit: "ms",
        ..setting("reply-delay", "Задержка ответа", 0x0001)
    },
    setting(
        "speed",
        "Скорость: 0 – 1200, 1 – 2400, 2 – 4800, 3 – 9600, 4 – 19200, 5 – 38400, 6 – 57600, 7 – 115200",
        0x0002,
    ),
    setting("summer-time", "Перевод на летнее время", 0x0040),
    setting(
        "unit-heat",
        "Единица тепла на индикаторе: 0 – Гкал, 1 – ГДж, 2 – МВт·ч",
        0x00f2,
    ),
    setting("unit-power", "Единица мощности на индикаторе", 0x00f3),
    setting("unit-volume", "Единица объёма на индикаторе: 0 – м³, 1 – л", 0x00f4),
    setting(
        "unit-pressure",
        "Единица давления на индикаторе: 0 – МПа, 1 – кгс/см², 2 – бар",
        0x00f5,
    ),
    setting("scheme-1", "Схема учёта ТС1", 0x00fb),
    setting("scheme-2", "Схема учёта ТС2", 0x00fc),
    setting("scheme-3", "Схема учёта ТС3", 0x00fd),
    Shown {
        unit: "h",
        ..setting("contract-hour", "Договорный час", 0x0272)
    },
    setting("contract-day", "Договорное число", 0x0273),
    setting("protocol", "Протокол: 0 – RTU, 1 – ASCII", 0x0278),
];
