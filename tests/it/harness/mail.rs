//! A small mail server: takes what it is given, or not, and keeps it.

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How it treats whoever comes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Takes,
    /// Answers 550 to every recipient.
    Refuses,
    /// Says nothing.
    Hangs,
}

/// One e-mail as it was sent.
#[derive(Clone, Debug)]
pub struct Mail {
    pub from: String,
    pub to: String,
    /// Headers and text, with plain line ends.
    pub text: String,
}

impl Mail {
    /// Names and values, long lines made whole.
    pub fn headers(&self) -> Vec<(String, String)> {
        let head = self.text.split_once("\n\n").map_or("", |(head, _)| head);
        let whole = head.replace("\n ", " ");
        let pairs = whole.lines().filter_map(|line| line.split_once(": "));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    pub fn header(&self, name: &str) -> String {
        let found = self.headers().into_iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value).unwrap_or_default()
    }

    pub fn body(&self) -> &str {
        self.text.split_once("\n\n").map_or("", |(_, body)| body)
    }
}

#[derive(Default)]
struct Kept {
    mails: Vec<Mail>,
    /// What was said to prove who is there.
    proofs: Vec<String>,
}

pub struct MailServer {
    pub address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
    manner: Arc<Mutex<Manner>>,
}

impl MailServer {
    pub fn start(manner: Manner) -> MailServer {
        MailServer::at(SocketAddr::from(([127, 0, 0, 1], 0)), manner, None)
    }

    /// On a port that is known already; with TLS from the first byte where it is given.
    pub fn at(address: SocketAddr, manner: Manner, tls: Option<Arc<ServerConfig>>) -> MailServer {
        let listener = TcpListener::bind(address).expect("a port");
        let address = listener.local_addr().expect("an address");
        let (kept, manner) = (Arc::default(), Arc::new(Mutex::new(manner)));
        let server = MailServer { address, kept, manner };
        let (kept, manner) = (server.kept.clone(), server.manner.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, manner) = (kept.clone(), *manner.lock().expect("not poisoned"));
                let tls = tls.clone();
                std::thread::spawn(move || match tls {
                    Some(tls) => {
                        let tls = ServerConnection::new(tls).expect("a connection");
                        converse(StreamOwned::new(tls, stream), manner, &kept)
                    }
                    None => converse(stream, manner, &kept),
                });
            }
        });
        server
    }

    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    pub fn becomes(&self, manner: Manner) {
        *self.manner.lock().expect("not poisoned") = manner;
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.kept.lock().expect("not poisoned").mails.clone()
    }

    pub fn proofs(&self) -> Vec<String> {
        self.kept.lock().expect("not poisoned").proofs.clone()
    }

    /// Takes so many that were sent to somebody off, waiting for them.
    pub async fn next(&self, to: &str, within: Duration) -> Mail {
        let until = tokio::time::Instant::now() + within;
        loop {
            {
                let mut kept = self.kept.lock().expect("not poisoned");
                if let Some(place) = kept.mails.iter().position(|mail| mail.to == to) {
                    return kept.mails.remove(place);
                }
            }
            let others: Vec<String> = self.mails().into_iter().map(|mail| mail.to).collect();
            assert!(tokio::time::Instant::now() < until, "no mail to {to}, only to {others:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The server's half of one connection.
fn converse(stream: impl Read + Write, manner: Manner, kept: &Mutex<Kept>) {
    if manner == Manner::Hangs {
        std::thread::sleep(Duration::from_secs(120));
        return;
    }
    let mut stream = BufReader::new(stream);
    let mut say = String::from("220 mail.example.org ESMTP\r\n");
    let (mut from, mut to) = (String::new(), String::new());
    loop {
        if stream.get_mut().write_all(say.as_bytes()).is_err() || stream.get_mut().flush().is_err()
        {
            return;
        }
        let Some(line) = line(&mut stream) else { return };
        let (verb, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
        say = match verb.to_ascii_uppercase().as_str() {
            "EHLO" => "250-mail.example.org\r\n250 AUTH PLAIN\r\n",
            "AUTH" => {
                kept.lock().expect("not poisoned").proofs.push(rest.to_owned());
                "235 welcome\r\n"
            }
            "MAIL" => {
                from = within_angles(rest);
                "250 well\r\n"
            }
            "RCPT" if manner == Manner::Refuses => "550 not here\r\n",
            "RCPT" => {
                to = within_angles(rest);
                "250 well\r\n"
            }
            "DATA" => {
                let _ = stream.get_mut().write_all(b"354 go on\r\n");
                let _ = stream.get_mut().flush();
                let Some(text) = text(&mut stream) else { return };
                let mail = Mail { from: from.clone(), to: to.clone(), text };
                kept.lock().expect("not poisoned").mails.push(mail);
                "250 taken\r\n"
            }
            "QUIT" => "221 bye\r\n",
            _ => "500 what?\r\n",
        }
        .to_owned();
    }
}

fn line(stream: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).ok()?;
    (read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
}

fn text(stream: &mut impl BufRead) -> Option<String> {
    let mut text = String::new();
    loop {
        let line = line(stream)?;
        if line == "." {
            return Some(text);
        }
        text.push_str(&line);
        text.push('\n');
    }
}

fn within_angles(text: &str) -> String {
    let inside = text.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or(String::new(), |(inside, _)| inside.to_owned())
}
