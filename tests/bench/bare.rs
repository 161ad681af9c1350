//! Prepared inserts through SQLite's C interface, with nothing in between: what the store is compared with.
#![allow(
    unsafe_code,
    reason = "the comparison is with SQLite itself; each call says why it holds"
)]

use std::ffi::{CStr, CString, c_char, c_int};
use std::path::Path;
use std::ptr::null_mut;

use anyhow::{Context as _, Result, bail};
use libsqlite3_sys as sqlite;
use uzel::model::Record;

/// A database file with the store's tables `record` and `value`, and a statement for each.
pub struct Bare {
    record: Statement,
    value: Statement,
    /// Closed last: it must have no statements then.
    database: Database,
}

struct Database(*mut sqlite::sqlite3);

struct Statement(*mut sqlite::sqlite3_stmt);

impl Bare {
    /// Makes the file with the tables of the file `like`; set up as the store sets up its own, but for foreign keys,
    /// which are not checked.
    pub fn open(file: &Path, like: &Path) -> Result<Self> {
        let database = Database::open(file)?;
        database.execute("pragma journal_mode = wal")?;
        database.execute("pragma synchronous = full")?;
        database.execute("pragma foreign_keys = off")?;
        database.execute("pragma wal_autocheckpoint = 8192")?;
        database.execute("pragma cache_size = -65536")?;
        let schema = Database::open(like)?;
        let tables =
            schema.prepare("select sql from sqlite_schema where tbl_name in ('record', 'value') and sql <> ''")?;
        while let Some(sql) = tables.next_text(&schema)? {
            database.execute(&sql)?;
        }
        let record = database.prepare(
            "insert into record (id, device_id, kind, starts_at, ends_at, label, length_s, version, current, session_id,
                 received_at) values (?, ?, 'hourly', ?, ?, ?, null, 1, 1, ?, ?)",
        )?;
        let value = database.prepare("insert into value (record_id, series_id, value) values (?, ?, ?)")?;
        Ok(Self {
            record,
            value,
            database,
        })
    }

    /// Runs a statement without parameters.
    pub fn execute(&self, sql: &str) -> Result<()> {
        self.database.execute(sql)
    }

    /// Inserts a row of `record`.
    pub fn insert_record(&mut self, id: i64, device: i64, record: &Record) -> Result<()> {
        let label = record.label.map(|label| label.to_string()).unwrap_or_default();
        let statement = &self.record;
        statement.bind(1, id)?;
        statement.bind(2, device)?;
        statement.bind(3, record.starts_at.as_second())?;
        statement.bind(4, record.ends_at.as_second())?;
        statement.bind_text(5, &label)?;
        statement.bind(6, device)?;
        statement.bind(7, record.ends_at.as_second())?;
        statement.run(&self.database)
    }

    /// Inserts a row of `value`.
    pub fn insert_value(&mut self, record: i64, series: i64, value: f64) -> Result<()> {
        let statement = &self.value;
        statement.bind(1, record)?;
        statement.bind(2, series)?;
        statement.bind_double(3, value)?;
        statement.run(&self.database)
    }
}

impl Database {
    fn open(file: &Path) -> Result<Self> {
        let name = CString::new(file.to_string_lossy().as_bytes())?;
        let mut database = null_mut();
        // SAFETY: the name ends with a zero, and SQLite writes the handle, also when it fails.
        let code = unsafe { sqlite::sqlite3_open(name.as_ptr(), &raw mut database) };
        let database = Self(database);
        database.judge(code, "open")?;
        Ok(database)
    }

    fn execute(&self, sql: &str) -> Result<()> {
        let text = CString::new(sql)?;
        // SAFETY: the handle is open, the text ends with a zero, and nothing is asked for beside it.
        let code = unsafe { sqlite::sqlite3_exec(self.0, text.as_ptr(), None, null_mut(), null_mut()) };
        self.judge(code, sql)
    }

    fn prepare(&self, sql: &str) -> Result<Statement> {
        let text = CString::new(sql)?;
        let mut statement = null_mut();
        // SAFETY: the handle is open, and -1 says that the text ends with a zero.
        let code = unsafe { sqlite::sqlite3_prepare_v2(self.0, text.as_ptr(), -1, &raw mut statement, null_mut()) };
        self.judge(code, sql)?;
        Ok(Statement(statement))
    }

    fn judge(&self, code: c_int, what: &str) -> Result<()> {
        if code == sqlite::SQLITE_OK || code == sqlite::SQLITE_DONE {
            return Ok(());
        }
        // SAFETY: the message belongs to the open handle and is copied before anything else is called.
        let message = unsafe { CStr::from_ptr(sqlite::sqlite3_errmsg(self.0)) };
        bail!("{what}: {}", message.to_string_lossy())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // SAFETY: this closes the handle once, and its statements are gone.
        unsafe { sqlite::sqlite3_close(self.0) };
    }
}

impl Statement {
    fn bind(&self, place: c_int, number: i64) -> Result<()> {
        // SAFETY: the statement is prepared and does not run.
        check(unsafe { sqlite::sqlite3_bind_int64(self.0, place, number) })
    }

    fn bind_double(&self, place: c_int, number: f64) -> Result<()> {
        // SAFETY: as above.
        check(unsafe { sqlite::sqlite3_bind_double(self.0, place, number) })
    }

    fn bind_text(&self, place: c_int, text: &str) -> Result<()> {
        let (bytes, length) = (text.as_ptr().cast::<c_char>(), c_int::try_from(text.len())?);
        // SAFETY: the bytes are as many as said, and SQLite copies them before the call ends.
        check(unsafe { sqlite::sqlite3_bind_text(self.0, place, bytes, length, sqlite::SQLITE_TRANSIENT()) })
    }

    fn run(&self, database: &Database) -> Result<()> {
        // SAFETY: the statement is prepared and has its parameters.
        let code = unsafe { sqlite::sqlite3_step(self.0) };
        // SAFETY: as above; what went wrong is in the code of the step.
        unsafe { sqlite::sqlite3_reset(self.0) };
        database.judge(code, "insert")
    }

    /// The first column of the next row.
    fn next_text(&self, database: &Database) -> Result<Option<String>> {
        // SAFETY: the statement is prepared.
        let code = unsafe { sqlite::sqlite3_step(self.0) };
        if code != sqlite::SQLITE_ROW {
            return database.judge(code, "read").map(|()| None);
        }
        // SAFETY: there is a row; its text stays until the next step and is copied here.
        let text = unsafe {
            let text = sqlite::sqlite3_column_text(self.0, 0);
            (!text.is_null()).then(|| CStr::from_ptr(text.cast()).to_string_lossy().into_owned())
        };
        text.context("the column has a text").map(Some)
    }
}

impl Drop for Statement {
    fn drop(&mut self) {
        // SAFETY: the statement is ended once.
        unsafe { sqlite::sqlite3_finalize(self.0) };
    }
}

fn check(code: c_int) -> Result<()> {
    if code == sqlite::SQLITE_OK {
        Ok(())
    } else {
        bail!("bind a parameter: code {code}")
    }
}
