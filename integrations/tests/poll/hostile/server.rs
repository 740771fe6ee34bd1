//! Purpose: servers that no vendor runs: they answer as a closure says, never, or without an end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// A server that answers every request as `answer` says, by the number of requests so far.
pub(super) async fn answering(
    answer: impl Fn(usize, &Request) -> ResponseTemplate + Send + Sync + 'static,
) -> MockServer {
    let server = MockServer::start().await;
    let count = AtomicUsize::new(0);
    let respond = move |request: &Request| answer(count.fetch_add(1, Ordering::Relaxed) + 1, request);
    Mock::given(any()).respond_with(respond).mount(&server).await;
    server
}

/// How often it was asked.
pub(super) async fn asked(server: &MockServer) -> usize {
    server.received_requests().await.unwrap_or_default().len()
}

/// What a raw server does after a request came.
#[derive(Debug, Clone, Copy)]
pub(super) enum Manner {
    /// It says nothing, and keeps the connection.
    Silent,
    /// It begins an answer that has no end.
    Endless,
    /// It goes away in the middle of its answer.
    BreaksOff,
}

/// A server below HTTP. It stops when dropped.
pub(super) struct Raw {
    pub(super) url: String,
    asked: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Raw {
    pub(super) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                connections.spawn(serve(stream, manner));
            }
        });
        Self { url, asked, task }
    }

    /// How often somebody connected.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, manner: Manner) {
    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let mut request = vec![0; 16 * 1024];
    if stream.read(&mut request).await.is_err() {
        return;
    }
    match manner {
        Manner::Silent => std::future::pending().await,
        Manner::BreaksOff => {
            let _ = stream.write_all(HEAD).await;
            let _ = stream.write_all(b"content-length: 1000\r\n\r\n[{\"id\":").await;
        }
        Manner::Endless => {
            let _ = stream.write_all(HEAD).await;
            let _ = stream.write_all(b"connection: close\r\n\r\n[").await;
            let blanks = vec![b' '; 1 << 20];
            while stream.write_all(&blanks).await.is_ok() {}
        }
    }
}
