//! Builds again when a migration is added: the macro that embeds them looks only at the files it knows.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
