//! Makes cargo notice new migrations: `sqlx::migrate!` reads them while compiling.

fn main() {
    println!("cargo::rerun-if-changed=../migrations");
}
