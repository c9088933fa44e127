//! The journal: an append-only file of JSON lines, each one decision, on disk before anybody hears of it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::domain::entry::Entry;

/// The file's name in the data folder.
const FILE: &str = "journal.jsonl";

/// The journal cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk says no.
    #[error("{0}")]
    Io(PathBuf, #[source] io::Error),
    /// Another sandbox writes to it.
    #[error("{0} is used by another process")]
    InUse(PathBuf),
    /// A line that is not the last cannot be read: not a crash, but damage.
    #[error("line {line} of {path} cannot be read")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// An entry cannot be written as JSON.
    #[error("an entry cannot be written")]
    Unwritable(#[source] serde_json::Error),
    /// It rested on what could not be written, and is undone with that.
    #[error("the decision was undone: one that it rests on could not be written")]
    Undone,
    /// The writing thread ended.
    #[error("the write was cut off")]
    CutOff(#[source] tokio::task::JoinError),
}

/// An open journal. One process writes to it.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: Arc<File>,
    length: u64,
}

impl Journal {
    /// Opens the journal in this folder, making both if need be, and gives what was written so far. A last line without
    /// its end was never answered: it is cut off.
    pub fn open(folder: &Path) -> Result<(Self, Vec<Entry>), JournalError> {
        let path = folder.join(FILE);
        let failed = |error| JournalError::Io(path.clone(), error);
        fs::create_dir_all(folder).map_err(failed)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        file.try_lock().map_err(|_| JournalError::InUse(path.clone()))?;
        let (entries, length) = read(&mut file, &path)?;
        file.set_len(length).and_then(|()| file.seek(SeekFrom::Start(length))).map_err(failed)?;
        file.sync_all().and_then(|()| File::open(folder)?.sync_all()).map_err(failed)?;
        Ok((Self { path, file: Arc::new(file), length }, entries))
    }

    /// Writes decisions, each as one line, and waits once until the disk has them. After a failure nothing of them is left.
    pub async fn append(&mut self, decisions: &[Vec<Entry>]) -> Result<(), JournalError> {
        let mut lines = Vec::new();
        for entries in decisions {
            serde_json::to_writer(&mut lines, entries).map_err(JournalError::Unwritable)?;
            lines.push(b'\n');
        }
        let (file, before) = (Arc::clone(&self.file), self.length);
        let after = before.saturating_add(u64::try_from(lines.len()).unwrap_or(u64::MAX));
        let written = tokio::task::spawn_blocking(move || write(&file, before, &lines));
        let written = written.await.map_err(JournalError::CutOff)?;
        written.map_err(|error| JournalError::Io(self.path.clone(), error))?;
        self.length = after;
        Ok(())
    }

    /// What was written so far.
    pub fn read(&self) -> Result<Vec<Entry>, JournalError> {
        let failed = |error| JournalError::Io(self.path.clone(), error);
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let (entries, _) = read(&mut file.take(self.length), &self.path)?;
        Ok(entries)
    }
}

/// The decisions whose line is whole, and how long they are together.
fn read(file: &mut impl io::Read, path: &Path) -> Result<(Vec<Entry>, u64), JournalError> {
    let mut text = Vec::new();
    file.read_to_end(&mut text).map_err(|error| JournalError::Io(path.to_owned(), error))?;
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last.saturating_add(1));
    text.truncate(whole);
    Ok((parse(path, &text)?, u64::try_from(whole).unwrap_or(u64::MAX)))
}

fn parse(path: &Path, text: &[u8]) -> Result<Vec<Entry>, JournalError> {
    let mut entries = Vec::new();
    for (at, line) in text.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty()) {
        let read = serde_json::from_slice::<Vec<Entry>>(line);
        let damaged =
            |source| JournalError::Damaged { path: path.to_owned(), line: at.saturating_add(1), source };
        entries.extend(read.map_err(damaged)?);
    }
    Ok(entries)
}

/// Writes behind what is known to be whole, whatever an earlier failure left there.
fn write(file: &File, before: u64, lines: &[u8]) -> io::Result<()> {
    let mut writer = file;
    // Also what an earlier failure could not even take back.
    let written = file
        .set_len(before)
        .and_then(|()| writer.seek(SeekFrom::Start(before)))
        .and_then(|_| writer.write_all(lines))
        .and_then(|()| writer.sync_data());
    if written.is_err() {
        // A line that was half written, or is not safe, must not be read at the next start.
        file.set_len(before)?;
    }
    written
}

#[cfg(test)]
impl Journal {
    /// From now on the disk takes what is written, or does not.
    pub(crate) fn disk_takes(&mut self, it: bool) {
        self.file = Arc::new(OpenOptions::new().read(true).write(it).open(&self.path).unwrap());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(offset_us: i64) -> Entry {
        Entry::ClockMoved { offset_us }
    }

    #[tokio::test]
    async fn what_was_written_is_read_again_without_a_line_that_was_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, entries) = Journal::open(folder.path()).unwrap();
        assert!(entries.is_empty());
        journal.append(&[vec![moved(1), moved(2)]]).await.unwrap();
        drop(journal);
        let mut file = OpenOptions::new().append(true).open(folder.path().join(FILE)).unwrap();
        file.write_all(br#"[{"entry":"clock_mov"#).unwrap();
        drop(file);
        let (mut journal, entries) = Journal::open(folder.path()).unwrap();
        assert_eq!(entries, [moved(1), moved(2)]);
        journal.append(&[vec![moved(3)], vec![moved(4)]]).await.unwrap();
        assert_eq!(journal.read().unwrap().len(), 4);
        drop(journal);
        assert_eq!(Journal::open(folder.path()).unwrap().1, [1, 2, 3, 4].map(moved));
    }

    #[tokio::test]
    async fn a_journal_has_one_writer_and_damage_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, _) = Journal::open(folder.path()).unwrap();
        assert!(matches!(Journal::open(folder.path()), Err(JournalError::InUse(_))));
        drop(journal);
        fs::write(folder.path().join(FILE), "[]\nrubbish\n[]\n").unwrap();
        assert!(matches!(Journal::open(folder.path()), Err(JournalError::Damaged { line: 2, .. })));
    }
}
