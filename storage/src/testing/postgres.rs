//! Purpose: a PostgreSQL server for tests, found or started.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use secrecy::SecretString;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};
use tokio::sync::OnceCell;
use url::Url;

use super::TEST_KEY;
use crate::{Store, StoreConfig};

/// Makes a cluster in a new folder, prints the folder, and serves until standard input closes, which it does
/// however the test process ends. `$1`: the folder of the binaries, `$2`: on or off, for fsync.
const SERVE: &str = r#"
set -e
folder=$(mktemp -d "${TMPDIR:-/tmp}/em-postgres.XXXXXX")
cleanup() { rm -rf "$folder"; }
trap cleanup EXIT
"$1/initdb" -D "$folder/data" -U em -A trust --locale=C -E UTF8 --no-sync >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
"$1/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync="$2" -c full_page_writes="$2" \
    -c max_connections=200 -c shared_buffers=128MB -c max_wal_size=4GB >>"$folder/log" 2>&1 </dev/null &
server=$!
echo "$folder"
read -r _ || true
kill -QUIT "$server" 2>/dev/null || true
wait "$server" || true
"#;

/// How long a server may take to answer after its start.
const START_DEADLINE: Duration = Duration::from_mins(1);
const START_POLL: Duration = Duration::from_millis(20);

/// Whether a private server flushes commits to disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flush {
    /// As in production: for benchmarks.
    On,
    /// Quicker: for tests.
    Off,
}

/// A server.
#[derive(Debug)]
pub struct PostgresServer {
    /// The address of its `postgres` database.
    admin: Url,
    template: OnceCell<String>,
    /// Closing the input stops a private server.
    private: Option<(Child, Option<ChildStdin>)>,
}

impl PostgresServer {
    /// The server that the tests of this process share.
    ///
    /// # Panics
    /// If there is none although `EM_REQUIRE_POSTGRES` is set.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<PostgresServer>> = OnceLock::new();
        let find = || {
            let found = from_environment().or_else(|| Self::start(Flush::Off));
            if found.is_none() {
                assert!(
                    !is_required(),
                    "EM_REQUIRE_POSTGRES is set, but there is no PostgreSQL"
                );
                say_skipped();
            }
            found
        };
        SHARED.get_or_init(find).as_ref()
    }

    /// Starts a private server; `None` where its binaries are not installed.
    ///
    /// # Panics
    /// If the binaries are there but do not work.
    pub fn start(flush: Flush) -> Option<Self> {
        let binaries = find_binaries()?;
        let fsync = if flush == Flush::On { "on" } else { "off" };
        let mut child = as_ordinary_user()
            .args(["sh", "-c", SERVE, "em-postgres"])
            .arg(&binaries)
            .arg(fsync)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .current_dir("/")
            .spawn()
            .expect("a shell starts");
        let output = child.stdout.take().expect("it is piped");
        let mut folder = String::new();
        BufReader::new(output)
            .read_line(&mut folder)
            .expect("the server says its folder");
        let folder = folder.trim();
        assert!(!folder.is_empty(), "initdb failed; its output is above");
        let mut admin = Url::parse("postgres://em@localhost/postgres").expect("it is an address");
        admin.query_pairs_mut().append_pair("host", folder);
        let input = child.stdin.take();
        Some(Self {
            admin,
            template: OnceCell::new(),
            private: Some((child, input)),
        })
    }

    /// Makes the database `name`, migrated.
    pub(super) async fn database(&self, name: String) -> OwnDatabase {
        let template = self.template.get_or_init(|| self.make_template()).await;
        self.run(&format!("CREATE DATABASE {name} TEMPLATE {template}"))
            .await;
        OwnDatabase {
            admin: self.admin.clone(),
            name,
            outlives_us: self.private.is_none(),
        }
    }

    /// Migrates one database; the others are copies of it.
    async fn make_template(&self) -> String {
        let name = format!("em_template_{}", std::process::id());
        self.run(&format!("DROP DATABASE IF EXISTS {name}")).await;
        self.run(&format!(
            "CREATE DATABASE {name} TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C' ENCODING 'UTF8'"
        ))
        .await;
        let url = SecretString::from(with_database(&self.admin, &name));
        let store = Store::open(&StoreConfig::new(Some(url), "", TEST_KEY))
            .await
            .expect("it opens");
        store.migrate().await.expect("it migrates");
        store.close().await;
        name
    }

    /// Runs a statement on the server, waiting for it to start, and for sessions that are just ending.
    async fn run(&self, sql: &str) {
        #[expect(
            clippy::disallowed_methods,
            reason = "a server's start is waited for in real time"
        )]
        let deadline = std::time::SystemTime::now() + START_DEADLINE;
        loop {
            let tried = async {
                let mut admin = PgConnection::connect(self.admin.as_str()).await?;
                sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
                    .execute(&mut admin)
                    .await?;
                admin.close().await
            };
            let Err(error) = tried.await else { return };
            #[expect(clippy::disallowed_methods, reason = "as above")]
            let is_over = std::time::SystemTime::now() > deadline;
            assert!(!is_over, "PostgreSQL does not answer: {error}");
            tokio::time::sleep(START_POLL).await;
        }
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        if let Some((child, input)) = &mut self.private {
            drop(input.take());
            // Whether the shell ended well is nothing that a test depends on.
            let _ = child.wait();
        }
    }
}

/// One test's database.
#[derive(Debug)]
pub(super) struct OwnDatabase {
    admin: Url,
    name: String,
    /// It is on a server that outlives the tests, so it must be dropped.
    outlives_us: bool,
}

impl OwnDatabase {
    pub(super) fn url(&self) -> String {
        with_database(&self.admin, &self.name)
    }
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        if !self.outlives_us {
            return;
        }
        let (admin, name) = (self.admin.clone(), self.name.clone());
        let drop_it = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                let Ok(mut admin) = PgConnection::connect(admin.as_str()).await else {
                    return;
                };
                let sql = AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
                // A left-over test database is a nuisance, not a failure.
                let _ = sqlx::raw_sql(sql).execute(&mut admin).await;
            });
        };
        let _ = std::thread::spawn(drop_it).join();
    }
}

fn with_database(admin: &Url, name: &str) -> String {
    let mut url = admin.clone();
    url.set_path(name);
    url.to_string()
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration file")]
fn from_environment() -> Option<PostgresServer> {
    let url = std::env::var("TEST_DATABASE_URL")
        .ok()
        .filter(|url| !url.is_empty())?;
    let admin = Url::parse(&url).expect("TEST_DATABASE_URL is an address");
    Some(PostgresServer {
        admin,
        template: OnceCell::new(),
        private: None,
    })
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration file")]
fn is_required() -> bool {
    std::env::var("EM_REQUIRE_POSTGRES").is_ok_and(|value| !matches!(value.as_str(), "" | "0"))
}

/// Written past the capture of test output: a skipped half of the tests must be seen.
fn say_skipped() {
    let text = "\nPostgreSQL tests are SKIPPED: no TEST_DATABASE_URL, and initdb is neither in PATH nor under \
                /usr/lib/postgresql (Debian: apt install postgresql).\n";
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// The folder that holds `initdb` and `postgres`, the newest version first.
#[expect(clippy::disallowed_methods, reason = "tests have no configuration file")]
fn find_binaries() -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    versions.sort();
    folders.extend(versions.into_iter().rev());
    folders
        .into_iter()
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

/// PostgreSQL refuses to run as root; Debian's package makes the user `postgres`.
fn as_ordinary_user() -> Command {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    if !is_root {
        return Command::new("env");
    }
    let mut command = Command::new("setpriv");
    command.args([
        "--reuid=postgres",
        "--regid=postgres",
        "--clear-groups",
        "env",
        "TMPDIR=/tmp",
    ]);
    command
}
