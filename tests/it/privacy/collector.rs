//! A stand-in for a trace collector: keeps every byte it is sent and answers as OTLP/HTTP does.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

pub struct Collector {
    pub url: String,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Collector {
    pub async fn start() -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let into = bytes.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let into = into.clone();
                tokio::spawn(async move {
                    let mut buffer = vec![0; 64 * 1024];
                    while let Ok(read) = stream.read(&mut buffer).await {
                        if read == 0 {
                            return;
                        }
                        into.lock().expect("not poisoned").extend_from_slice(&buffer[..read]);
                        // Headers and body of a small batch come together.
                        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
                        let _ = stream.write_all(answer.as_bytes()).await;
                    }
                });
            }
        });
        Collector { url, bytes }
    }

    pub fn received(&self) -> Vec<u8> {
        self.bytes.lock().expect("not poisoned").clone()
    }
}
