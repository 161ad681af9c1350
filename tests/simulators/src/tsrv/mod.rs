//! Simulated ТСРВ of Взлёт (`docs/protocols/vzlet-tsrv.md`): ТСРВ-024М and 024М+ with two heat systems, ТСРВ-034 with one,
//! ТСРВ-043 with two, ТСРВ-023 with one.
//!
//! A record has the last second of its interval as its time; the truth names the end. An hour without power has no record,
//! and a question for it is answered with zeros. In the truth `input` is the heat system and the names are those of the
//! maker; an НС has the number of the maker's list, above 100 000 that of an input bit.

mod builder;
mod device;
mod field;
mod history;
mod journal;
mod name;
mod record;
mod register;
mod truth;

pub use builder::TsrvBuilder;
pub use device::Tsrv;
pub use history::TsrvHistory;
pub use name::TsrvModel;
