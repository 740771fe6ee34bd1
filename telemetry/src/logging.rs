//! Purpose: where log lines go and what they look like: one JSON object per line (or a readable form on a
//! terminal), on standard error, with secrets masked.

use std::{
    io::{self, IsTerminal, Write},
    str::FromStr,
};

use tracing::Subscriber;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter, layer::SubscriberExt, registry};

use crate::redact::redact;

/// The filter of a process that was told nothing: our own steps, and only the trouble of libraries.
/// Nothing of `async_openai`: it writes out the pieces of answers that it cannot read, and our errors name that trouble.
/// Nothing of `async_nats`: it tells of every try to connect, and we tell once that the broker is away.
pub const DEFAULT_FILTER: &str = "info,sqlx=warn,hyper=warn,hyper_util=warn,h2=warn,rustls=warn,tungstenite=warn,async_openai=off,async_nats=off";

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object per line, for machines.
    Json,
    /// Coloured text, for a person at a terminal.
    Pretty,
}

impl Format {
    /// The form used when nobody chose one: readable on a terminal, JSON elsewhere.
    pub fn of_stderr() -> Self {
        if io::stderr().is_terminal() {
            Self::Pretty
        } else {
            Self::Json
        }
    }
}

/// The two words of `LOG_FORMAT`.
#[derive(Debug, thiserror::Error)]
#[error("the log format must be \"json\" or \"pretty\", not \"{0}\"")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        match text.trim().to_ascii_lowercase().as_str() {
            "json" => Ok(Self::Json),
            "pretty" => Ok(Self::Pretty),
            _ => Err(UnknownFormat(text.to_owned())),
        }
    }
}

/// What the configuration says about logging.
#[derive(Debug, Clone)]
pub struct Settings {
    /// JSON or readable.
    pub format: Format,
    /// Which events are kept, in the syntax of `RUST_LOG` (`info,em_bot=debug`); empty means [`DEFAULT_FILTER`].
    pub filter: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            format: Format::of_stderr(),
            filter: String::new(),
        }
    }
}

/// The filter text cannot be understood. A configuration error.
#[derive(Debug, thiserror::Error)]
#[error("the log filter \"{filter}\" is not valid: {reason}")]
pub struct FilterError {
    filter: String,
    reason: String,
}

/// Sends all log events of this process to standard error from now on.
///
/// A second call changes nothing: the first subscriber stays, so several bots can live in one process.
///
/// # Errors
/// [`FilterError`] names a filter that cannot be parsed; nothing is installed then.
pub fn init(settings: &Settings) -> Result<(), FilterError> {
    let subscriber = subscriber(settings, io::stderr)?;
    // An error here means that somebody (a test) was first, and that is who should get the lines.
    drop(tracing::subscriber::set_global_default(subscriber));
    Ok(())
}

/// The same subscriber over any writer, for tests that read what was logged.
///
/// # Errors
/// [`FilterError`] as in [`init`].
pub fn subscriber<W>(
    settings: &Settings,
    writer: W,
) -> Result<impl Subscriber + Send + Sync + use<W>, FilterError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let writer = Masked(writer);
    let text = if settings.filter.trim().is_empty() {
        DEFAULT_FILTER
    } else {
        settings.filter.as_str()
    };
    let filter = EnvFilter::try_new(text).map_err(|error| FilterError {
        filter: text.to_owned(),
        reason: error.to_string(),
    })?;
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    let layer: Box<dyn tracing_subscriber::Layer<_> + Send + Sync> = match settings.format {
        Format::Json => Box::new(
            layer
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .with_span_list(true),
        ),
        Format::Pretty => Box::new(layer.with_ansi(io::stderr().is_terminal())),
    };
    Ok(registry().with(filter).with(layer))
}

/// Hands out writers that mask what passes through them. A writer is the right place: it also sees the fields
/// and messages of third-party crates.
struct Masked<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Masked<W> {
    type Writer = MaskedLine<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        MaskedLine {
            line: Vec::new(),
            inner: self.0.make_writer(),
        }
    }

    fn make_writer_for(&'a self, meta: &tracing::Metadata<'_>) -> Self::Writer {
        MaskedLine {
            line: Vec::new(),
            inner: self.0.make_writer_for(meta),
        }
    }
}

/// Collects one event and passes it on masked, in one write, when it is dropped: a secret that arrives in two
/// pieces is still seen whole, and lines of several threads do not mix.
struct MaskedLine<W: Write> {
    line: Vec<u8>,
    inner: W,
}

impl<W: Write> Write for MaskedLine<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write> Drop for MaskedLine<W> {
    fn drop(&mut self) {
        let line = String::from_utf8_lossy(&self.line);
        // There is nowhere to report that standard error is gone.
        drop(self.inner.write_all(redact(&line).as_bytes()));
        drop(self.inner.flush());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;
    use crate::redact::tests::EXAMPLES;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: Format, filter: &str, work: impl FnOnce()) -> String {
        let lines = Lines::default();
        let sink = lines.clone();
        let settings = Settings {
            format,
            filter: filter.to_owned(),
        };
        let subscriber = subscriber(&settings, move || sink.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, work);
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn json_line_carries_the_fields_of_every_enclosing_span() {
        let text = logged(Format::Json, "info", || {
            let outer = tracing::info_span!("command", command = "triage", slack.user = "U1");
            let _outer = outer.enter();
            let inner = tracing::info_span!("query", event.id = "evt_1");
            let _inner = inner.enter();
            tracing::info!(rows = 3, "listed");
        });
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["message"], "listed");
        assert_eq!(line["rows"], 3);
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["spans"][0]["slack.user"], "U1");
        assert_eq!(line["spans"][1]["event.id"], "evt_1");
    }

    #[test]
    fn every_secret_is_masked_in_message_fields_spans_and_debug_values() {
        for (name, example, secret) in EXAMPLES {
            for format in [Format::Json, Format::Pretty] {
                let text = logged(format, "trace", || {
                    let span = tracing::info_span!("call", header = *example);
                    let _span = span.enter();
                    tracing::info!(display = %example, debug = ?example, nested = ?Some(vec![*example]), "{example}");
                });
                assert!(!text.contains(secret), "{name} ({format:?}) leaks: {text}");
                assert!(text.contains("[redacted]"), "{name}: {text}");
                if format == Format::Json {
                    let parsed: Result<Value, _> = serde_json::from_str(&text);
                    assert!(parsed.is_ok(), "{name} breaks the JSON: {text}");
                }
            }
        }
    }

    #[test]
    fn field_named_like_a_secret_is_masked_whatever_its_value() {
        for format in [Format::Json, Format::Pretty] {
            let text = logged(format, "info", || {
                tracing::info!(slack.token = "plainword", tokens = 7, "x");
            });
            assert!(!text.contains("plainword"), "{text}");
            assert!(text.contains('7'), "{text}");
        }
    }

    #[test]
    fn secret_written_in_pieces_is_masked() {
        let sink = Lines::default();
        let made = sink.clone();
        let masked = Masked(move || made.clone());
        let mut writer = masked.make_writer();
        for byte in b"sent with xoxb-12345678901-abcdefABCDEF today\n" {
            writer.write_all(&[*byte]).unwrap();
        }
        drop(writer);
        assert_eq!(
            String::from_utf8(sink.0.lock().unwrap().clone()).unwrap(),
            "sent with xoxb-[redacted] today\n"
        );
    }

    #[test]
    fn filter_hides_what_it_should_and_an_unreadable_one_is_named() {
        let text = logged(Format::Json, "warn", || {
            tracing::info!("quiet");
            tracing::warn!("loud");
        });
        assert!(text.contains("loud") && !text.contains("quiet"));
        let settings = Settings {
            format: Format::Json,
            filter: "em_bot=louder".to_owned(),
        };
        let Err(error) = subscriber(&settings, io::sink) else {
            panic!("accepted")
        };
        assert!(error.to_string().contains("em_bot=louder"));
    }

    #[test]
    fn format_is_one_of_two_words() {
        assert_eq!("JSON".parse::<Format>().unwrap(), Format::Json);
        assert_eq!("pretty".parse::<Format>().unwrap(), Format::Pretty);
        assert!("xml".parse::<Format>().unwrap_err().to_string().contains("xml"));
    }

    #[test]
    fn initialising_twice_is_harmless() {
        init(&Settings::default()).unwrap();
        init(&Settings::default()).unwrap();
    }
}
