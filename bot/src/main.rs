//! Purpose: the program. Everything is in the library, so that tests can start the whole bot.

fn main() -> std::process::ExitCode {
    em_bot::cli::main()
}
