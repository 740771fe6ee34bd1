//! Purpose: a real Chromium without a window, driven from tests over `WebDriver` (<https://www.w3.org/TR/webdriver2/>).
//!
//! The few calls needed are a page of code; they go over plain HTTP to a `chromedriver` on this machine, so no client
//! library with TLS is wanted. Each browser has its own empty profile and goes away when dropped.

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

/// How long something may take to appear on the page.
const PATIENCE: Duration = Duration::from_secs(15);
/// Pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(40);
/// How long one answer of the driver may take.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);
/// The name of an element's id in answers, fixed by the standard.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Keys that are not characters, with their `WebDriver` code points.
const KEYS: &[(&str, char)] = &[
    ("Enter", '\u{E007}'),
    ("Escape", '\u{E00C}'),
    ("Tab", '\u{E004}'),
    ("ArrowUp", '\u{E013}'),
    ("ArrowDown", '\u{E015}'),
];

/// Why the browser did not do it.
#[derive(Debug)]
pub struct BrowserError(String);

impl fmt::Display for BrowserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BrowserError {}

impl From<std::io::Error> for BrowserError {
    fn from(error: std::io::Error) -> Self {
        Self(format!("the browser's driver cannot be reached: {error}"))
    }
}

/// A headless Chromium with one tab.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    profile: tempfile::TempDir,
}

impl Browser {
    /// A browser for a test; `None`, said loudly, where there is none on the machine. With `EM_REQUIRE_BROWSER=1` that
    /// is a failure.
    ///
    /// # Panics
    /// If there is no browser and one is required.
    pub async fn for_test() -> Option<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a switch of the tests, not a setting of the program"
        )]
        let is_required = std::env::var("EM_REQUIRE_BROWSER").is_ok_and(|value| value == "1");
        match Self::start().await {
            Ok(browser) => Some(browser),
            Err(error) => {
                assert!(!is_required, "{error}");
                eprintln!("SKIPPED: a browser test, because {error}");
                None
            }
        }
    }

    /// Starts a browser with an empty profile and a window of 1280 by 900.
    ///
    /// # Errors
    /// Chromium or chromedriver is missing, or does not start.
    pub async fn start() -> Result<Self, BrowserError> {
        blocking(Self::launch).await
    }

    fn launch() -> Result<Self, BrowserError> {
        let chromium = on_path(&["chromium", "chromium-browser", "google-chrome", "chrome"])?;
        let driver = on_path(&["chromedriver"])?;
        let profile = tempfile::tempdir()?;
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let port = announced_port(&mut driver).inspect_err(|_| drop(driver.kill()))?;
        let mut browser = Self {
            driver,
            port,
            session: String::new(),
            profile,
        };
        let profile = format!("--user-data-dir={}", browser.profile.path().display());
        let arguments = FLAGS
            .iter()
            .copied()
            .chain([profile.as_str()])
            .collect::<Vec<_>>();
        let options = json!({"binary": chromium, "args": arguments});
        let wanted = json!({"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}});
        let session = exchange(browser.port, "POST", "/session", &wanted)?;
        session["sessionId"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut browser.session);
        Ok(browser)
    }

    /// Opens an address.
    pub async fn goto(&self, address: &str) -> Result<(), BrowserError> {
        self.post("url", json!({"url": address})).await.map(drop)
    }

    /// Sets the size of the window in pixels.
    pub async fn resize(&self, width: u32, height: u32) -> Result<(), BrowserError> {
        self.post("window/rect", json!({"width": width, "height": height}))
            .await
            .map(drop)
    }

    /// Types text into an element, as a keyboard would.
    pub async fn type_into(&self, css: &str, text: &str) -> Result<(), BrowserError> {
        let element = self.element(css).await?;
        self.post(&format!("element/{element}/value"), json!({"text": text}))
            .await
            .map(drop)
    }

    /// Presses a key in an element: a name such as `Enter`, `Escape`, `ArrowUp`, or a character.
    pub async fn press(&self, css: &str, key: &str) -> Result<(), BrowserError> {
        let code = KEYS
            .iter()
            .find(|(name, _)| *name == key)
            .map(|(_, code)| code.to_string());
        self.type_into(css, code.as_deref().unwrap_or(key)).await
    }

    /// Clicks an element, which must be visible.
    pub async fn click(&self, css: &str) -> Result<(), BrowserError> {
        let element = self.element(css).await?;
        self.post(&format!("element/{element}/click"), json!({}))
            .await
            .map(drop)
    }

    /// The visible text of the first element that matches; empty when there is none.
    pub async fn text(&self, css: &str) -> Result<String, BrowserError> {
        let found = self
            .run(
                "return document.querySelector(arguments[0])?.innerText ?? ''",
                json!([css]),
            )
            .await?;
        Ok(found.as_str().unwrap_or_default().to_owned())
    }

    /// Runs JavaScript in the page (the body of a function) and returns what it returns.
    pub async fn run(&self, script: &str, arguments: Value) -> Result<Value, BrowserError> {
        self.post("execute/sync", json!({"script": script, "args": arguments}))
            .await
    }

    /// Waits until the text of an element contains `needle`.
    ///
    /// # Errors
    /// It did not within 15 seconds; the error holds the text that was there.
    pub async fn wait_for_text(&self, css: &str, needle: &str) -> Result<(), BrowserError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = self.text(css).await?;
            if text.contains(needle) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(BrowserError(format!(
                    "{css} never showed {needle:?}; it showed:\n{text}"
                )));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until what a script returns (see [`Browser::run`]) is as wanted, and returns that.
    ///
    /// # Errors
    /// It was not within 15 seconds; the error holds what there was.
    pub async fn wait_for(
        &self,
        script: &str,
        is_wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value, BrowserError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.run(script, json!([])).await?;
            if is_wanted(&found) {
                return Ok(found);
            }
            if Instant::now() > deadline {
                return Err(BrowserError(format!("{script} only gave {found}")));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Writes a picture of the window as PNG.
    pub async fn screenshot(&self, path: impl AsRef<Path>) -> Result<(), BrowserError> {
        let (port, path) = (self.port, path.as_ref().to_owned());
        let at = format!("/session/{}/screenshot", self.session);
        blocking(move || {
            let picture = exchange(port, "GET", &at, &Value::Null)?;
            let picture = BASE64
                .decode(picture.as_str().unwrap_or_default())
                .map_err(|error| BrowserError(format!("the browser sent no picture: {error}")))?;
            Ok(std::fs::write(path, picture)?)
        })
        .await
    }

    /// The id of the first element that matches, once there is one.
    async fn element(&self, css: &str) -> Result<String, BrowserError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self
                .post("element", json!({"using": "css selector", "value": css}))
                .await
            {
                Ok(found) => return Ok(found[ELEMENT].as_str().unwrap_or_default().to_owned()),
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    async fn post(&self, command: &str, body: Value) -> Result<Value, BrowserError> {
        let (port, at) = (self.port, format!("/session/{}/{command}", self.session));
        blocking(move || exchange(port, "POST", &at, &body)).await
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends Chromium when asked to go; killed at once it would leave it behind.
        let _ = exchange(self.port, "GET", "/shutdown", &Value::Null);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// No window, no calls home, nothing shared with a person's own browser.
const FLAGS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=1280,900",
];

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BrowserError> + Send + 'static,
) -> Result<T, BrowserError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| BrowserError(error.to_string()))?
}

fn on_path(names: &[&str]) -> Result<PathBuf, BrowserError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let candidates = names
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)));
    candidates.into_iter().find(|file| file.is_file()).ok_or_else(|| {
        let wanted = names.join(" or ");
        BrowserError(format!(
            "{wanted} is not installed (Debian: apt-get install chromium chromium-driver)"
        ))
    })
}

/// The driver prints which port it took.
fn announced_port(driver: &mut Child) -> Result<u16, BrowserError> {
    let stdout = driver
        .stdout
        .take()
        .ok_or_else(|| BrowserError("chromedriver has no output".into()))?;
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        let port = line
            .rsplit_once("successfully on port ")
            .and_then(|(_, port)| port.trim_end_matches('.').parse().ok());
        if let Some(port) = port {
            return Ok(port);
        }
    }
    let _ = driver.wait();
    Err(BrowserError("chromedriver ended before it took a port".into()))
}

/// One request to the driver; the `value` of its answer.
fn exchange(port: u16, method: &str, path: &str, body: &Value) -> Result<Value, BrowserError> {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let answer = read_body(BufReader::new(stream))?;
    let mut parsed: Value =
        serde_json::from_slice(&answer).map_err(|error| BrowserError(format!("{method} {path}: {error}")))?;
    let value = parsed["value"].take();
    match value["error"].as_str() {
        Some(error) => Err(BrowserError(format!(
            "{method} {path}: {error}: {}",
            value["message"]
        ))),
        None => Ok(value),
    }
}

/// The body of an answer; the driver keeps the connection open, so its length is what ends it.
fn read_body(mut answer: impl BufRead) -> Result<Vec<u8>, BrowserError> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if answer.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    answer.read_exact(&mut body)?;
    Ok(body)
}
