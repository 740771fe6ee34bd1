//! Purpose: a real NATS server with JetStream, for the tests of the outgoing bus: started from the program on this machine
//! (Debian: `nats-server`) on a free port with a folder of its own, and gone when the test process ends, however it does.
//! Where it is not installed, the tests say so and pass; with `EM_REQUIRE_NATS=1` they fail.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::PATIENCE;

/// Serves until standard input closes, which it does however the test process ends; then dies as by a power cut.
const SERVE: &str = r#"
"$@" </dev/null &
server=$!
read -r _ || true
kill -KILL "$server" 2>/dev/null || true
wait "$server" 2>/dev/null || true
"#;

/// A server.
#[derive(Debug)]
pub struct NatsServer {
    program: PathBuf,
    address: SocketAddr,
    folder: TempDir,
    arguments: Vec<String>,
    /// Closing the input kills it.
    running: Option<(Child, Option<ChildStdin>)>,
}

impl NatsServer {
    /// Starts one with more arguments, and waits until it answers; `None` where it is not installed.
    ///
    /// # Panics
    /// If it is installed and does not work, or if `EM_REQUIRE_NATS` is set and it is not installed.
    pub async fn start(arguments: &[&str]) -> Option<Self> {
        let mut all = vec!["-js"];
        all.extend_from_slice(arguments);
        Self::start_plain(&all).await
    }

    /// The same without JetStream.
    ///
    /// # Panics
    /// As [`Self::start`].
    pub async fn start_plain(arguments: &[&str]) -> Option<Self> {
        let Some(program) = find_program() else {
            assert!(
                !is_required(),
                "EM_REQUIRE_NATS is set, but there is no nats-server"
            );
            say_skipped();
            return None;
        };
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
        let mut server = Self {
            program,
            address: free.local_addr().expect("it has an address"),
            folder: tempfile::tempdir().expect("a temporary folder"),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            running: None,
        };
        drop(free);
        server.start_again().await;
        Some(server)
    }

    /// Where it listens, as `nats://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Where it listens, as host and port.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Kills it as `kill -9` does. What it acknowledged is in its folder.
    pub fn kill(&mut self) {
        if let Some((mut child, input)) = self.running.take() {
            drop(input);
            child.wait().expect("the shell ends");
        }
    }

    /// Starts it again after [`Self::kill`], on the same port and folder.
    pub async fn start_again(&mut self) {
        let log = self.folder.path().join("log");
        let mut child = Command::new("sh")
            .args(["-c", SERVE, "em-nats"])
            .arg(&self.program)
            .args(["-a", "127.0.0.1"])
            .args(["-p", &self.address.port().to_string()])
            .arg("-sd")
            .arg(self.folder.path())
            .arg("-l")
            .arg(&log)
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("a shell starts");
        let input = child.stdin.take();
        self.running = Some((child, input));
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while TcpStream::connect(self.address).await.is_err() {
            let is_over = tokio::time::Instant::now() > deadline;
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            assert!(!is_over, "nats-server does not answer:\n{said}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// In the search path, or where Debian puts servers, which is not in everybody's path.
#[expect(clippy::disallowed_methods, reason = "tests have no configuration file")]
fn find_program() -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/sbin", "/usr/local/bin"].map(PathBuf::from));
    let mut programs = folders.into_iter().map(|folder| folder.join("nats-server"));
    programs.find(|program| program.is_file())
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration file")]
fn is_required() -> bool {
    std::env::var("EM_REQUIRE_NATS").is_ok_and(|value| !matches!(value.as_str(), "" | "0"))
}

/// Written past the capture of test output: skipped tests must be seen.
fn say_skipped() {
    let text = "\nTests of the bus are SKIPPED: there is no nats-server (Debian: apt install nats-server).\n";
    // A closed standard error is no reason to fail.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
