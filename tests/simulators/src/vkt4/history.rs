//! The hours of a ВКТ-4: pipes 1 and 2 heat, pipes 3 and 4 make hot water.

use crate::plant::{Event, Flow, Plant};

/// One hour, or several together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Row {
    pub v_m3: [f64; 4],
    pub m_t: [f64; 4],
    pub w_gcal: [f64; 2],
    /// Hundredths of °C, of kgf/cm².
    pub t: [i64; 4],
    pub p: [i64; 4],
    /// НС and НС2 of each heat input.
    pub ns: [u8; 2],
    pub ns2: [u8; 2],
    /// Minutes of НС, of НС2 of pressure, of НС2 of flow.
    pub ns_min: [u16; 2],
    pub p_min: [u16; 2],
    pub g_min: [u16; 4],
    /// Hours that were counted.
    pub hours: i64,
}

impl Row {
    fn add(&mut self, more: &Self) {
        for pipe in 0..4 {
            self.v_m3[pipe] += more.v_m3[pipe];
            self.m_t[pipe] += more.m_t[pipe];
            self.t[pipe] += more.t[pipe];
            self.p[pipe] += more.p[pipe];
            self.g_min[pipe] += more.g_min[pipe];
        }
        for input in 0..2 {
            self.w_gcal[input] += more.w_gcal[input];
            self.ns[input] |= more.ns[input];
            self.ns2[input] |= more.ns2[input];
            self.ns_min[input] += more.ns_min[input];
            self.p_min[input] += more.p_min[input];
        }
        self.hours += more.hours;
    }
}

/// All hours of a meter.
#[derive(Debug)]
pub struct Vkt4History {
    pub origin_hour: i64,
    hours: Vec<Row>,
    /// Volumes and heat since the reset, when each hour begins.
    totals: Vec<([f64; 4], [f64; 2])>,
}

impl Vkt4History {
    /// Hours from `origin_hour` to `end_hour`, exclusive.
    pub fn generate(plant: &Plant, origin_hour: i64, end_hour: i64) -> Self {
        let hours: Vec<Row> = (origin_hour..end_hour).map(|hour| hour_row(plant, hour)).collect();
        let mut total = Row::default();
        let mut totals = vec![(total.v_m3, total.w_gcal)];
        for row in &hours {
            total.add(row);
            totals.push((total.v_m3, total.w_gcal));
        }
        Self {
            origin_hour,
            hours,
            totals,
        }
    }

    /// One hour; none without power.
    pub fn hour(&self, hour: i64) -> Option<Row> {
        let place = usize::try_from(hour - self.origin_hour).ok()?;
        self.hours.get(place).copied().filter(|row| row.hours > 0)
    }

    /// Hours together: sums, means, all codes.
    pub fn whole(&self, hours: impl Iterator<Item = i64>) -> Option<Row> {
        let mut whole = Row::default();
        for row in hours.filter_map(|hour| self.hour(hour)) {
            whole.add(&row);
        }
        let count = Some(whole.hours).filter(|hours| *hours > 0)?;
        whole.t = whole.t.map(|sum| sum.div_euclid(count));
        whole.p = whole.p.map(|sum| sum.div_euclid(count));
        Some(whole)
    }

    /// Volumes and heat when an hour begins.
    pub fn totals_before(&self, hour: i64) -> ([f64; 4], [f64; 2]) {
        let place = usize::try_from(hour - self.origin_hour).unwrap_or(0);
        self.totals
            .get(place)
            .or(self.totals.last())
            .copied()
            .unwrap_or_default()
    }
}

fn hour_row(plant: &Plant, hour: i64) -> Row {
    let flows: [Flow; 2] = [plant.flow(1, hour), plant.flow(2, hour)];
    if flows[0].event == Event::PowerOff {
        return Row::default();
    }
    let mut row = Row {
        hours: 1,
        ..Row::default()
    };
    for (input, flow) in flows.iter().enumerate() {
        for side in 0..2 {
            let pipe = input * 2 + side;
            row.v_m3[pipe] = flow.volume_m3[side];
            row.m_t[pipe] = flow.mass_t[side];
            row.t[pipe] = hundredths(flow.t_c[side]);
            row.p[pipe] = hundredths(flow.pressure_kgf[side]);
        }
        row.w_gcal[input] = flow.heat_gcal;
        situations(&mut row, input, flow.event, hour);
    }
    row
}

/// What an event of the plant is to this meter: something out of range, or a flow below the cut-off.
fn situations(row: &mut Row, input: usize, event: Event, hour: i64) {
    let minutes = 1 + u16::try_from(hour.rem_euclid(59)).unwrap_or(0);
    match event {
        Event::FlowAboveMax => {
            (row.ns[input], row.ns_min[input]) = (3, minutes);
            (row.ns2[input], row.p_min[input]) = (1, minutes);
        }
        Event::MassImbalance => {
            (row.ns[input], row.ns_min[input]) = (4, minutes);
            (row.ns2[input], row.g_min[input * 2 + 1]) = (8, minutes);
        }
        Event::None | Event::PowerOff => {}
    }
}

fn hundredths(value: f64) -> i64 {
    (value * 100.0).round() as i64
}
