//! HTTP/1.1 responses as they come: where a body begins and ends, however it is framed.

/// Headers that are read of a response.
const MOST_HEADERS: usize = 64;

/// Where in a response we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Head,
    Length(u64),
    ChunkHead,
    Chunk(u64),
    ChunkEnd,
    UntilClose,
}

/// What reading came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The response goes on.
    More,
    /// It is over, and the connection can be used again or not.
    Done(Connection),
    /// It is not HTTP.
    Bad,
}

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// It stays open.
    Kept,
    /// The other side closes it.
    Closing,
}

/// A response that is being read.
#[derive(Clone, Copy, Debug)]
pub struct Response {
    place: Place,
    /// Its status; 0 before it is known.
    pub status: u16,
    connection: Connection,
}

impl Response {
    /// Before its first byte.
    pub fn new() -> Self {
        Self {
            place: Place::Head,
            status: 0,
            connection: Connection::Kept,
        }
    }

    /// Takes what it can from the front of `input` and hands the body's bytes to `sink`.
    pub fn read(&mut self, input: &mut Vec<u8>, mut sink: impl FnMut(u16, &[u8])) -> Progress {
        let (mut at, progress) = (0, self.walk(input, &mut sink));
        let progress = progress.map_or(Progress::Bad, |(read, progress)| {
            at = read;
            progress
        });
        if at == input.len() {
            input.clear();
        } else {
            input.drain(..at);
        }
        progress
    }

    /// How many bytes were read, and what they came to.
    fn walk(
        &mut self,
        input: &[u8],
        sink: &mut impl FnMut(u16, &[u8]),
    ) -> Option<(usize, Progress)> {
        let mut at = 0;
        loop {
            let rest = &input[at..];
            match self.place {
                Place::Head => match self.head(rest)? {
                    Some(read) => at += read,
                    None => return Some((at, Progress::More)),
                },
                Place::Length(0) => return Some((at, Progress::Done(self.connection))),
                Place::Length(left) | Place::Chunk(left) => {
                    let here = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    if here == 0 {
                        return Some((at, Progress::More));
                    }
                    sink(self.status, &rest[..here]);
                    at += here;
                    self.place = match (self.place, left - here as u64) {
                        (Place::Chunk(_), 0) => Place::ChunkEnd,
                        (Place::Chunk(_), left) => Place::Chunk(left),
                        (_, left) => Place::Length(left),
                    };
                }
                Place::ChunkHead => match httparse::parse_chunk_size(rest).ok()? {
                    httparse::Status::Partial => return Some((at, Progress::More)),
                    httparse::Status::Complete((read, 0)) => {
                        if rest.len() < read + 2 {
                            return Some((at, Progress::More));
                        }
                        return Some((at + read + 2, Progress::Done(self.connection)));
                    }
                    httparse::Status::Complete((read, length)) => {
                        at += read;
                        self.place = Place::Chunk(length);
                    }
                },
                Place::ChunkEnd => {
                    if rest.len() < 2 {
                        return Some((at, Progress::More));
                    }
                    at += 2;
                    self.place = Place::ChunkHead;
                }
                Place::UntilClose => {
                    sink(self.status, rest);
                    return Some((input.len(), Progress::More));
                }
            }
        }
    }

    /// Whether the end of the connection is the end of the response.
    pub fn ends_by_closing(&self) -> bool {
        self.place == Place::UntilClose
    }

    /// Reads the head: how many bytes it has; `None` inside when it goes on, outside when it is broken.
    fn head(&mut self, input: &[u8]) -> Option<Option<usize>> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let read = match response.parse(input).ok()? {
            httparse::Status::Complete(read) => read,
            httparse::Status::Partial => return Some(None),
        };
        self.status = response.code?;
        if self.status == 100 {
            return Some(Some(read));
        }
        self.place = Place::UntilClose;
        for header in response.headers.iter() {
            let value = std::str::from_utf8(header.value).ok()?.trim();
            if header.name.eq_ignore_ascii_case("content-length") {
                self.place = Place::Length(value.parse().ok()?);
            } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
                self.place = Place::ChunkHead;
            } else if header.name.eq_ignore_ascii_case("connection")
                && value.eq_ignore_ascii_case("close")
            {
                self.connection = Connection::Closing;
            }
        }
        Some(Some(read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Status, body, and how it ended, with the text cut at every place.
    fn read(text: &str) -> (u16, String, Progress) {
        let whole = cut_at(text, text.len());
        for cut in 0..text.len() {
            assert_eq!(cut_at(text, cut), whole, "cut at {cut}");
        }
        whole
    }

    fn cut_at(text: &str, cut: usize) -> (u16, String, Progress) {
        let (mut response, mut body, mut input) = (Response::new(), Vec::new(), Vec::new());
        let mut progress = Progress::More;
        for piece in [&text[..cut], &text[cut..]] {
            input.extend_from_slice(piece.as_bytes());
            if progress == Progress::More {
                progress = response.read(&mut input, |_, bytes| body.extend_from_slice(bytes));
            }
        }
        (response.status, String::from_utf8(body).unwrap(), progress)
    }

    #[test]
    fn bodies_end_where_they_say() {
        let kept = Progress::Done(Connection::Kept);
        let closing = Progress::Done(Connection::Closing);
        let told = read("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
        assert_eq!(told, (200, "hello".to_owned(), kept));
        let told = read("HTTP/1.1 500 no\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(told, (500, String::new(), closing));
        let told = read(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
             5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n",
        );
        assert_eq!(told, (200, "hello world".to_owned(), kept));
    }

    #[test]
    fn what_is_not_http_is_bad() {
        assert_eq!(cut_at("\0\0\0\0\r\n\r\n", 8).2, Progress::Bad);
    }
}
