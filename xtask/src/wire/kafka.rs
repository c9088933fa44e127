//! Kafka's protocol: one `Metadata` request (version 1). Its answer names the brokers that take part.

use std::io::{self, Read, Write};

use crate::probe;

const METADATA: i16 = 3;
const VERSION: i16 = 1;
const CORRELATION: i32 = 1;
const CLIENT: &str = "xtask";
/// Length, correlation and how many brokers there are: the rest of the answer is not read.
const ANSWER_BYTES: usize = 12;

/// Asks for no topic; `Ok` is a broker that the controller has let in.
pub(crate) fn ask_for_brokers(port: u16) -> io::Result<()> {
    let mut stream = probe::connect(port)?;
    stream.write_all(&request()?)?;
    let mut answer = [0; ANSWER_BYTES];
    stream.read_exact(&mut answer)?;
    takes_part(answer)
}

fn request() -> io::Result<Vec<u8>> {
    let client = u16::try_from(CLIENT.len()).map_err(io::Error::other)?.to_be_bytes();
    let mut body = [METADATA.to_be_bytes(), VERSION.to_be_bytes()].concat();
    body.extend(CORRELATION.to_be_bytes());
    body.extend(client);
    body.extend(CLIENT.as_bytes());
    body.extend(0_i32.to_be_bytes()); // no topics
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    Ok([length.to_be_bytes().as_slice(), body.as_slice()].concat())
}

fn takes_part(answer: [u8; ANSWER_BYTES]) -> io::Result<()> {
    let word =
        |from: usize| answer.get(from..).and_then(<[u8]>::first_chunk).copied().map(i32::from_be_bytes);
    if word(4) != Some(CORRELATION) {
        return Err(probe::unexpected("an answer to another request"));
    }
    if word(8).is_none_or(|brokers| brokers < 1) {
        return Err(probe::unexpected("no broker takes part yet"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(correlation: u8, brokers: u8) -> [u8; ANSWER_BYTES] {
        [0, 0, 0, 99, 0, 0, 0, correlation, 0, 0, 0, brokers]
    }

    #[test]
    fn a_broker_that_takes_part_is_ready_and_nothing_else_is() {
        assert!(takes_part(answer(1, 1)).is_ok());
        assert!(takes_part(answer(1, 0)).is_err());
        assert!(takes_part(answer(2, 1)).is_err());
    }

    #[test]
    fn the_request_is_as_long_as_it_says() {
        let request = request().unwrap();
        assert_eq!(request.first_chunk(), Some(&19_u32.to_be_bytes()));
        assert_eq!(request.len(), 4 + 19);
    }
}
