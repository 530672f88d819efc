//! An upstream that says exactly the bytes a test wants, for what no simulated provider does.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

/// A plain upstream on loopback.
pub struct Plain {
    address: SocketAddr,
}

impl Plain {
    /// Reads each request to its end and hands the connection over.
    pub async fn serve(answer: impl AsyncFn(TcpStream) + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Arc::new(answer);
        actix_web::rt::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let answer = Arc::clone(&answer);
                actix_web::rt::spawn(async move {
                    let mut request = Vec::new();
                    while !request.ends_with(b"}") {
                        if socket.read_buf(&mut request).await.unwrap() == 0 {
                            return;
                        }
                    }
                    answer(socket).await;
                });
            }
        });
        Self { address }
    }

    /// The catalog rows of its one free model, `plain-model`.
    pub fn overlay(&self) -> String {
        format!(
            "[[provider]]\nname = \"plain\"\ndialect = \"openai\"\nbase_url = \"http://{}/v1\"\n\
             [[model]]\nid = \"plain-model\"\nprovider = \"plain\"\nupstream = \"x\"\n\
             tier = \"economy\"\nfree = true\ncontext_window = 8192\nmax_output = 1024\n",
            self.address
        )
    }
}
