//! Another way to carry frames than a socket: for simulations, in which relays live in the same program.
//! It dials nothing and reads no frame; the dial policy has been asked before it is.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_wsocket::Message;
use futures_channel::mpsc;
use futures_util::{Sink, SinkExt, StreamExt};
use nostr::util::BoxedFuture;
use nostr_sdk::pool::transport::error::TransportError;
use nostr_sdk::pool::transport::websocket::{WebSocketSink, WebSocketStream};

use crate::frame::frame_fits;
use crate::socket::DialFault;

/// One WebSocket frame, as far as relays use them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A message in the language of NIP-01.
    Text(String),
    /// RFC 6455 §5.5.2.
    Ping(Vec<u8>),
    /// RFC 6455 §5.5.3.
    Pong(Vec<u8>),
}

/// An open connection, as the client holds it. It is lost when the other end of either channel is dropped.
#[derive(Debug)]
pub struct Line {
    /// What the client says.
    pub to_relay: mpsc::Sender<Frame>,
    /// What the relay says.
    pub from_relay: mpsc::Receiver<Frame>,
}

/// Opens connections to relays.
pub trait Wire: fmt::Debug + Send + Sync {
    /// Connects to a relay, named as it was dialled.
    ///
    /// # Errors
    /// Why there is no connection, in words.
    fn connect<'a>(&'a self, relay: &'a str) -> BoxedFuture<'a, Result<Line, String>>;
}

/// Connects over `wire` and speaks in the pool's own types.
pub(crate) async fn connect(wire: &dyn Wire, relay: &str) -> Result<(WebSocketSink, WebSocketStream), TransportError> {
    let line = wire.connect(relay).await.map_err(|why| TransportError::backend(DialFault::Wire(why)))?;
    let frames_in = line.from_relay.filter_map(|frame| {
        std::future::ready(match frame {
            Frame::Text(text) if !frame_fits(text.as_bytes()) => None,
            Frame::Text(text) => Some(Ok(Message::Text(text))),
            Frame::Ping(bytes) => Some(Ok(Message::Ping(bytes))),
            Frame::Pong(bytes) => Some(Ok(Message::Pong(bytes))),
        })
    });
    Ok((Box::new(FramesOut(line.to_relay)), Box::pin(frames_in)))
}

struct FramesOut(mpsc::Sender<Frame>);

impl Sink<Message> for FramesOut {
    type Error = TransportError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready_unpin(cx).map_err(TransportError::backend)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Self::Error> {
        let frame = match message {
            Message::Text(text) => Frame::Text(text),
            Message::Ping(bytes) => Frame::Ping(bytes),
            Message::Pong(bytes) => Frame::Pong(bytes),
            _ => return Ok(()),
        };
        self.0.start_send_unpin(frame).map_err(TransportError::backend)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_flush_unpin(cx).map_err(TransportError::backend)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_close_unpin(cx).map_err(TransportError::backend)
    }
}
