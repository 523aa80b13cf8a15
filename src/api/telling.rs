//! An answer in pieces, as what it tells becomes durable. Whoever does not read it holds nothing
//! up: the rest is not told, and the answer ends as one that was broken off.

use crate::adapter::answer::Batch;
use crate::adapter::manifest::Manner;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use actix_web::{Error, HttpResponse, error};
use std::time::Duration;
use tokio::sync::mpsc;

/// Pieces that wait for their reader.
const PIECES: usize = 16;
/// Longest wait for a reader.
const PATIENCE: Duration = Duration::from_secs(5);

enum Piece {
    Text(Bytes),
    End,
}

/// The writing end.
pub(super) struct Telling(Option<mpsc::Sender<Piece>>);

impl Telling {
    /// An answer with status 207, and where its pieces are put.
    pub(super) fn begin(manner: Manner) -> (Telling, HttpResponse) {
        let (pieces, mut reader) = mpsc::channel::<Piece>(PIECES);
        let mut over = false;
        let stream = futures::stream::poll_fn(move |context| {
            if over {
                return std::task::Poll::Ready(None);
            }
            reader.poll_recv(context).map(|piece| match piece {
                Some(Piece::Text(text)) => Some(Ok::<Bytes, Error>(text)),
                Some(Piece::End) => {
                    over = true;
                    None
                }
                None => {
                    over = true;
                    Some(Err(error::ErrorInternalServerError("the answer is not whole")))
                }
            })
        });
        let mut response = HttpResponse::build(StatusCode::MULTI_STATUS);
        response.content_type(Batch::content_type(manner));
        (Telling(Some(pieces)), response.streaming(stream))
    }

    pub(super) async fn say(&mut self, text: Vec<u8>) {
        if !text.is_empty() {
            self.put(Piece::Text(text.into())).await;
        }
    }

    pub(super) async fn end(mut self) {
        self.put(Piece::End).await;
    }

    async fn put(&mut self, piece: Piece) {
        let Some(pieces) = &self.0 else { return };
        let put = tokio::time::timeout(PATIENCE, pieces.send(piece)).await;
        if !matches!(put, Ok(Ok(()))) {
            self.0 = None;
        }
    }
}
