//! The hosts of files of both fakes: they serve what people attached, and can redirect, lie about a size and hang.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A file that a user attached.
#[derive(Clone, Debug)]
pub struct CdnFile {
    pub name: &'static str,
    pub mime: &'static str,
    pub bytes: Vec<u8>,
    pub fault: CdnFault,
}

/// A fault that the reader of a file meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CdnFault {
    None,
    /// The response redirects to this address.
    Redirect(String),
    /// More bytes come than were announced, without a length.
    Endless,
    /// The response is a page that asks to sign in.
    Page,
    /// No byte comes.
    Silent,
    /// Half of the bytes come, and no more.
    Half,
}

impl CdnFile {
    pub fn new(name: &'static str, mime: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name, mime, bytes: bytes.into(), fault: CdnFault::None }
    }

    pub fn with(self, fault: CdnFault) -> Self {
        Self { fault, ..self }
    }

    /// The head of the response, which announces all bytes.
    fn head(&self) -> String {
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.mime,
            self.bytes.len()
        )
    }

    /// Serves the file and closes the connection.
    pub async fn serve(&self, stream: &mut TcpStream) {
        let _ = match &self.fault {
            CdnFault::None => stream.write_all(&[self.head().as_bytes(), &self.bytes].concat()).await,
            CdnFault::Silent => Ok(()),
            CdnFault::Half => {
                let half = &self.bytes[..self.bytes.len() / 2];
                stream.write_all(&[self.head().as_bytes(), half].concat()).await
            }
            CdnFault::Redirect(to) => {
                let head = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
                stream.write_all(head.as_bytes()).await
            }
            CdnFault::Endless => {
                let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
                let _ = stream.write_all(head).await;
                // until the reader has had enough
                while stream.write_all(&[b'x'; 8_192]).await.is_ok() {}
                Ok(())
            }
            CdnFault::Page => {
                let page = "<html>Sign in</html>";
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{page}",
                    page.len()
                );
                stream.write_all(head.as_bytes()).await
            }
        };
        if matches!(self.fault, CdnFault::Silent | CdnFault::Half) {
            // until the reader gives up
            let _ = stream.read_u8().await;
        }
        let _ = stream.shutdown().await;
    }
}
