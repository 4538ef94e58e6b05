//! HTTP/1.1 requests from raw bytes, to the letter of what the client should send.
//! <https://www.rfc-editor.org/rfc/rfc9112>

use tokio::{io::AsyncReadExt, net::TcpStream, time::Instant};

/// One request, head and body.
pub struct Request {
    /// Time of its first byte.
    pub arrived: Instant,
    /// `GET`, `HEAD`, `POST`.
    pub method: String,
    /// The path as sent.
    pub path: String,
    headers: Vec<(String, String)>,
    /// The body, whole.
    pub body: Vec<u8>,
}

impl Request {
    /// Returns the value of a header that may occur once, or an error if it occurs twice. `name` is in lower case.
    pub fn header(&self, name: &str) -> Result<Option<&str>, String> {
        let mut found = self.headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        match (found.next(), found.next()) {
            (value, None) => Ok(value),
            _ => Err(format!("the header {name} came twice")),
        }
    }

    /// Returns the whole request as text: its line, its headers, its body.
    pub fn text(&self) -> String {
        let headers = self.headers.iter().map(|(name, value)| format!("{name}: {value}\n"));
        let headers: String = headers.collect();
        format!("{} {}\n{headers}\n{}", self.method, self.path, String::from_utf8_lossy(&self.body))
    }

    fn parse(arrived: Instant, head: &[u8]) -> Result<Self, String> {
        let head = std::str::from_utf8(head).map_err(|_| "the head is not UTF-8")?;
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap_or_default();
        let [method, path, "HTTP/1.1"] = line.split(' ').collect::<Vec<_>>()[..] else {
            return Err(format!("not a request line of HTTP/1.1: {line:?}"));
        };
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").ok_or(format!("not a header: {line:?}"))?;
            Ok((name.to_lowercase(), value.to_owned()))
        };
        let headers = lines.map(header).collect::<Result<_, String>>()?;
        Ok(Self { arrived, method: method.into(), path: path.into(), headers, body: vec![] })
    }

    fn length(&self) -> Result<usize, String> {
        let length = self.header("content-length")?.unwrap_or("0");
        length.parse().map_err(|_| format!("not a length: {length:?}"))
    }
}

/// The next request on this connection; `None` when the client closed it before one began.
pub async fn read(stream: &mut TcpStream) -> Result<Option<Request>, String> {
    let (mut bytes, mut arrived) = (Vec::with_capacity(4096), None);
    let mut parsed: Option<(Request, usize)> = None;
    loop {
        if let (None, Some(end)) = (&parsed, bytes.windows(4).position(|four| four == b"\r\n\r\n")) {
            let request = Request::parse(arrived.unwrap_or_else(Instant::now), &bytes[..end])?;
            let whole = end + 4 + request.length()?;
            bytes.drain(..end + 4);
            parsed = Some((request, whole - end - 4));
        }
        if let Some((_, length)) = &parsed
            && bytes.len() >= *length
        {
            break;
        }
        match stream.read_buf(&mut bytes).await {
            Ok(0) | Err(_) if bytes.is_empty() && parsed.is_none() => return Ok(None),
            Ok(0) | Err(_) => return Err("the client closed within its request".into()),
            Ok(_) => arrived.get_or_insert_with(Instant::now),
        };
    }
    let Some((mut request, length)) = parsed else { return Ok(None) };
    if bytes.len() > length {
        return Err("bytes after the request, before its answer".into());
    }
    request.body = bytes;
    Ok(Some(request))
}
