//! TLS: certificates of unknown issuers, additional roots, and the reasons that the operator reads.

use std::io::{Read as _, Write as _};

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer},
};

use super::*;

/// An issuer, and a server on "localhost" whose certificate is changed by `change`.
struct TlsServer {
    base: String,
    root: CertificateDer<'static>,
}

/// Starts a server that lists its models over TLS.
fn tls_server(change: impl Fn(&mut CertificateParams)) -> TlsServer {
    let issuer = {
        let mut params = CertificateParams::new([]).expect("no names");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate")
    };
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    change(&mut params);
    let certificate = params.signed_by(&key, &issuer).expect("a certificate");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the defaults")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
        );
    let config = Arc::new(config.expect("a pair"));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).expect("a connection");
            let mut stream = StreamOwned::new(connection, socket.expect("a client"));
            let mut request = [0; 4096];
            if stream.read(&mut request).is_ok_and(|read| read > 0) {
                let _ = stream.write_all(&answer("200 OK", "application/json", MODELS));
            }
        }
    });
    TlsServer { base: format!("https://localhost:{port}/v1"), root: issuer.der().clone() }
}

async fn check(base: &str, roots: Vec<CertificateDer<'static>>) -> Check {
    let provider = Provider::new("p", base.parse().expect("a URL"), None).trusting(roots);
    let settings = Settings { model: "org/name".into(), ..Settings::default() };
    OpenAiModel::new(card(), Arc::new(provider), settings).check().await
}

fn reason(check: Check) -> String {
    match check {
        Check::Unreachable(why) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_root_of_the_operator_is_trusted() {
    let server = tls_server(|_| {});
    assert_eq!(check(&server.base, vec![server.root.clone()]).await, Check::NoKey);
    let why = reason(check(&server.base, vec![]).await);
    assert!(
        why.contains("unknown issuer") && why.contains("SSL_CERT_FILE") && why.contains("ca_file"),
        "{why}"
    );
}

#[tokio::test]
async fn the_fault_of_a_certificate_is_named() {
    let expired = tls_server(|params| params.not_after = date_time_ymd(2020, 1, 1));
    let why = reason(check(&expired.base, vec![expired.root.clone()]).await);
    assert!(why.contains("has expired"), "{why}");
    let other = tls_server(|params| {
        params.subject_alt_names =
            CertificateParams::new(["other.test".to_owned()]).expect("a name").subject_alt_names;
    });
    let why = reason(check(&other.base, vec![other.root.clone()]).await);
    assert!(why.contains("another host name"), "{why}");
}

#[tokio::test]
async fn other_reasons_are_named() {
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let why = reason(check(&format!("http://{closed}/v1"), vec![]).await);
    assert!(why.starts_with("connection refused"), "{why}");
    let why = reason(check("http://no-such-host.invalid/v1", vec![]).await);
    assert!(why.contains("DNS"), "{why}");
    let plain = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = plain.local_addr().expect("an address");
    TaskTracker::new().spawn(async move {
        let (mut socket, _) = plain.accept().await.expect("a connection");
        socket.read_u8().await.expect("a byte");
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("the client reads");
        request(&mut socket).await;
    });
    let why = reason(check(&format!("https://{address}/v1"), vec![]).await);
    assert!(why.contains("https"), "{why}");
    let broken = script(vec![answer("503 Service Unavailable", "text/plain", "x")]).await;
    assert_eq!(reason(check(&broken.base, vec![]).await), "HTTP 503: x");
    let moved = b"HTTP/1.1 301 Moved\r\nlocation: https://new.test/v1/models\r\ncontent-length: 0\r\n\r\n";
    let moved = script(vec![moved.to_vec()]).await;
    let want = "HTTP 301: redirected; set base_url = \"https://new.test/v1\"";
    assert_eq!(reason(check(&moved.base, vec![]).await), want);
}
