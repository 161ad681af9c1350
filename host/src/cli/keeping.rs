//! Backup, restore and vacuum: what is done is said while it is done.

use std::io::Write;
use std::path::Path;

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

use crate::store::copy::{self, Content, Progress};

/// `uzel backup`.
pub async fn backup(database: &Path, file: &Path, force: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    let bar = bar();
    let content = copy::backup(database, file, force, &|progress| show(&bar, progress)).await;
    bar.finish_and_clear();
    let content = content?;
    writeln!(
        out,
        "backup {}: {}, schema {}, integrity and references in order",
        file.display(),
        HumanBytes(content.bytes),
        content.schema
    )?;
    print_rows(&content, out)
}

/// `uzel restore`.
pub async fn restore(file: &Path, database: &Path, out: &mut dyn Write) -> anyhow::Result<()> {
    let bar = bar();
    let restored = copy::restore(file, database, &|progress| show(&bar, progress)).await;
    bar.finish_and_clear();
    let restored = restored?;
    writeln!(
        out,
        "restored {} from {}: {}, schema {}, integrity and references in order",
        database.display(),
        file.display(),
        HumanBytes(restored.content.bytes),
        restored.content.schema
    )?;
    if let Some(aside) = &restored.aside {
        writeln!(
            out,
            "the database that was there before is kept as {}: remove it when it is not needed any more",
            aside.display()
        )?;
    }
    print_rows(&restored.content, out)
}

/// `uzel vacuum`.
pub async fn vacuum(database: &Path, out: &mut dyn Write) -> anyhow::Result<()> {
    let (before, after) = copy::vacuum(database).await?;
    writeln!(
        out,
        "{}: {} before, {} now",
        database.display(),
        HumanBytes(before),
        HumanBytes(after)
    )?;
    Ok(())
}

fn print_rows(content: &Content, out: &mut dyn Write) -> anyhow::Result<()> {
    for (table, rows) in &content.rows {
        writeln!(out, "  {table:<16} {rows:>12}")?;
    }
    Ok(())
}

/// Shown on a terminal only.
fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(bar: &ProgressBar, progress: Progress) {
    match progress {
        Progress::Copying(bytes, of) => {
            bar.set_message("copying");
            bar.set_length(of);
            bar.set_position(bytes);
        }
        Progress::Verifying => bar.set_message("verifying"),
    }
}
