//! Which model of `driver.toml` answers.

use uzel_driver_sdk::Failure;

use crate::ident::Ident;

/// Any meter of modes A to C.
pub const ANY: &str = "iec-meter";
/// EMH LZQJ and its kin: load profile and log with eight digits of status.
pub const EMH: &str = "emh-lzqj";
/// Whoever sends telegrams by itself.
pub const P1: &str = "p1-meter";

/// The model of a meter that was asked.
///
/// # Errors
/// [`Failure::WrongDevice`] for families whose addresses mean something else: they must not be read as if they were OBIS.
pub fn of(ident: &Ident) -> Result<&'static str, Failure> {
    let maker = ident.maker.to_ascii_uppercase();
    let begins = |names: &[&str]| names.iter().any(|name| ident.name.starts_with(name));
    // Volume correctors EK2xx and TC2xx of the LIS-200 family number their values in their own way.
    if maker == "ELS" && begins(&["EK", "TC"]) {
        let text = format!(
            "{} of the LIS-200 family answered: its registers are not OBIS",
            ident.text()
        );
        return Err(Failure::WrongDevice(text));
    }
    Ok(if maker == "EMH" && begins(&["LZQJ", "MLZQJ", "DIZ", "LZM"]) {
        EMH
    } else {
        ANY
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_of_its_own_addresses_is_refused() {
        let told = |line| of(&Ident::parse(line).unwrap());
        assert_eq!(told("/EMH5\\@LZQJL0013F").unwrap(), EMH);
        assert_eq!(told("/LGZ4ZMD120").unwrap(), ANY);
        let refused = told("/Els6\\2EK280");
        assert!(
            matches!(&refused, Err(Failure::WrongDevice(text)) if text.contains("Els6EK280")),
            "{refused:?}"
        );
    }
}
