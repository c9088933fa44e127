//! Kafka's protocol: one `CreateTopics` request (version 2), which is also the readiness check.
//!
//! A topic that exists is left as it is. Asking by the wire instead of by Kafka's own tool saves a JVM start at each `up`.

use std::io::{self, Read, Write};

use crate::{probe, settings::Topic};

const CREATE_TOPICS: i16 = 19;
const VERSION: i16 = 2;
const TOPIC_ALREADY_EXISTS: i16 = 36;
const CORRELATION: i32 = 1;
/// How long the broker may take to create them all.
const TIMEOUT_MS: i32 = 15_000;
/// An answer larger than this is not an answer to our request.
const MOST_BYTES: usize = 1024 * 1024;

/// Creates the topics that are missing and says how many those were.
pub(crate) fn create_topics(port: u16, topics: &[Topic]) -> io::Result<usize> {
    let mut stream = probe::connect(port)?;
    let request = request(topics)?;
    stream.write_all(&length(request.len())?)?;
    stream.write_all(&request)?;
    let mut size = [0; 4];
    stream.read_exact(&mut size)?;
    let size = usize::try_from(u32::from_be_bytes(size)).map_err(io::Error::other)?;
    let mut answer = vec![0; size.min(MOST_BYTES)];
    stream.read_exact(&mut answer)?;
    created(&mut answer.as_slice())
}

fn request(topics: &[Topic]) -> io::Result<Vec<u8>> {
    let mut out = [CREATE_TOPICS.to_be_bytes(), VERSION.to_be_bytes()].concat();
    out.extend(CORRELATION.to_be_bytes());
    text(&mut out, "xtask")?;
    out.extend(length(topics.len())?);
    for topic in topics {
        text(&mut out, &topic.name)?;
        out.extend(topic.partitions.to_be_bytes());
        out.extend(1_i16.to_be_bytes()); // replicas: there is one broker
        out.extend(length(0)?); // no partition is placed by hand
        let (key, value) =
            if topic.compacted { ("cleanup.policy", "compact") } else { ("retention.ms", "-1") };
        out.extend(length(2)?);
        for part in [key, value, "min.insync.replicas", "1"] {
            text(&mut out, part)?;
        }
    }
    out.extend(TIMEOUT_MS.to_be_bytes());
    out.push(0); // not only validate
    Ok(out)
}

/// Header: correlation, throttle time, count; then per topic its name, error code and error text.
fn created(answer: &mut &[u8]) -> io::Result<usize> {
    let [correlation, _throttle_ms, count] = [number(answer)?, number(answer)?, number(answer)?];
    if correlation != CORRELATION {
        return Err(probe::unexpected("an answer to another request"));
    }
    let mut new = 0;
    for _ in 0..count {
        let name = word(answer)?;
        let code = short(answer)?;
        let message = word(answer)?;
        match code {
            0 => new += 1,
            TOPIC_ALREADY_EXISTS => {}
            code => return Err(probe::unexpected(&format!("topic {name}: error {code} {message}"))),
        }
    }
    Ok(new)
}

fn text(out: &mut Vec<u8>, text: &str) -> io::Result<()> {
    out.extend(u16::try_from(text.len()).map_err(io::Error::other)?.to_be_bytes());
    out.extend(text.as_bytes());
    Ok(())
}

fn length(length: usize) -> io::Result<[u8; 4]> {
    Ok(u32::try_from(length).map_err(io::Error::other)?.to_be_bytes())
}

fn number(answer: &mut &[u8]) -> io::Result<i32> {
    let mut bytes = [0; 4];
    answer.read_exact(&mut bytes)?;
    Ok(i32::from_be_bytes(bytes))
}

fn short(answer: &mut &[u8]) -> io::Result<i16> {
    let mut bytes = [0; 2];
    answer.read_exact(&mut bytes)?;
    Ok(i16::from_be_bytes(bytes))
}

/// A string; a length below zero says that there is none.
fn word(answer: &mut &[u8]) -> io::Result<String> {
    let mut bytes = vec![0; usize::try_from(short(answer)?).unwrap_or(0)];
    answer.read_exact(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(code: i16) -> Vec<u8> {
        let mut bytes: Vec<u8> = [1_i32, 0, 1].iter().flat_map(|number| number.to_be_bytes()).collect();
        text(&mut bytes, "t").unwrap();
        bytes.extend(code.to_be_bytes());
        bytes.extend((-1_i16).to_be_bytes());
        bytes
    }

    #[test]
    fn a_topic_that_exists_is_fine_and_not_counted() {
        assert_eq!(created(&mut answer(36).as_slice()).unwrap(), 0);
        assert_eq!(created(&mut answer(0).as_slice()).unwrap(), 1);
    }

    #[test]
    fn a_refused_topic_is_named() {
        assert_eq!(created(&mut answer(42).as_slice()).unwrap_err().to_string(), "topic t: error 42 ");
    }
}
