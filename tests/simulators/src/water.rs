//! Density and enthalpy of water, interpolated between points of IAPWS-IF97 at the working
//! pressures of a heat network. A calculator uses such tables too; a few 0.01 % do not matter here.

/// Temperature °C, density kg/m³, enthalpy kJ/kg. Region 1 of IAPWS-IF97 at 0.5 to 1.6 MPa.
const POINTS: [(f64, f64, f64); 15] = [
    (5.0, 1000.1628, 21.5161),
    (10.0, 999.8919, 42.5075),
    (20.0, 998.3884, 84.3882),
    (30.0, 995.8293, 126.1973),
    (40.0, 992.3986, 167.9776),
    (50.0, 988.2208, 209.7568),
    (60.0, 983.3843, 251.5575),
    (70.0, 977.9547, 293.4013),
    (80.0, 971.9811, 335.3089),
    (90.0, 965.5006, 377.3010),
    (95.0, 962.0793, 398.3353),
    (100.0, 958.5878, 419.4736),
    (110.0, 951.1702, 461.6956),
    (120.0, 943.3064, 504.0666),
    (130.0, 935.1070, 546.7462),
];

/// kJ in a kcal: 1 Gcal = 4.1868 GJ exactly.
const KJ_PER_KCAL: f64 = 4.1868;

/// Density, t/m³, of water at `t_c`; held at the ends outside 5 to 130 °C.
pub fn density_t_m3(t_c: f64) -> f64 {
    between(t_c).0 / 1000.0
}

/// Enthalpy, Gcal/t, of water at `t_c`.
pub fn enthalpy_gcal_t(t_c: f64) -> f64 {
    between(t_c).1 / KJ_PER_KCAL / 1000.0
}

fn between(t_c: f64) -> (f64, f64) {
    let t_c = t_c.clamp(POINTS[0].0, POINTS[POINTS.len() - 1].0);
    let upper = POINTS.iter().position(|point| point.0 >= t_c).unwrap_or(1).max(1);
    let (low, high) = (POINTS[upper - 1], POINTS[upper]);
    let part = (t_c - low.0) / (high.0 - low.0);
    (low.1 + part * (high.1 - low.1), low.2 + part * (high.2 - low.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_system_gives_the_worked_heat() {
        // M1 100 t from 95 to 60 °C is 3.5057 Gcal (IAPWS-IF97 at 0.5 MPa).
        let q = 100.0 * (enthalpy_gcal_t(95.0) - enthalpy_gcal_t(60.0));
        assert!((q - 3.5057).abs() < 1e-4, "{q}");
        assert!((density_t_m3(65.0) - 0.98067).abs() < 1e-4);
    }
}
