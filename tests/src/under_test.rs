//! Purpose: the whole program, exactly as `em-agent` runs it, for tests that kill it.

fn main() -> std::process::ExitCode {
    em_bot::cli::main()
}
