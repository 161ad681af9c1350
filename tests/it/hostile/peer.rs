//! The other end of a hostile driver's line: it takes everything and says nothing.

use tokio::io::{AsyncReadExt as _, copy, sink};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use uzel::model::LineAddress;

async fn listen() -> (TcpListener, LineAddress) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    (listener, LineAddress::Tcp(address.to_string()))
}

/// For any number of sessions, as long as the test runs.
pub async fn silent() -> LineAddress {
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // How a connection ends is the session's matter.
            tokio::spawn(async move { copy(&mut stream, &mut sink()).await });
        }
    });
    address
}

/// For one session; tells when its first byte came.
pub async fn listening() -> (LineAddress, oneshot::Receiver<()>) {
    let (listener, address) = listen().await;
    let (told, heard) = oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        stream.read_u8().await?;
        // Nobody waits any more when the test has failed.
        let _ = told.send(());
        copy(&mut stream, &mut sink()).await
    });
    (address, heard)
}
