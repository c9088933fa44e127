//! Statements that go out as one packet, and a transaction of such packets.

use futures::TryStreamExt as _;
use sqlx::{
    AssertSqlSafe, Either, Executor as _, MySql, MySqlConnection, MySqlPool, mysql::MySqlRow,
    pool::PoolConnection,
};

use super::{DbError, Text, error::classify_commit};

/// Statements that go out together. The server carries them out one after the other and stops at the first that fails.
#[derive(Debug, Default)]
pub struct Packet {
    sql: Text,
    statements: usize,
}

/// What one statement answered.
#[derive(Debug, Default)]
pub struct Reply {
    /// Its rows.
    pub rows: Vec<MySqlRow>,
    /// How many rows it has made, changed (or found as they should be) or deleted.
    pub affected: u64,
}

impl Packet {
    /// Adds a statement; answers which one of the packet it is.
    pub fn add(&mut self, statement: &Text) -> usize {
        self.sql.append(statement).push(";\n");
        let index = self.statements;
        self.statements = self.statements.saturating_add(1);
        index
    }

    /// Whether there is nothing to send.
    pub const fn is_empty(&self) -> bool {
        self.statements == 0
    }

    /// Sends it and answers what every statement did, in their order.
    pub async fn run(self, conn: &mut MySqlConnection) -> Result<Vec<Reply>, DbError> {
        let mut replies = Vec::with_capacity(self.statements);
        if self.is_empty() {
            return Ok(replies);
        }
        let sql = AssertSqlSafe(self.sql.into_string());
        let mut stream = conn.fetch_many(sqlx::raw_sql(sql));
        let mut reply = Reply::default();
        while let Some(next) = stream.try_next().await? {
            match next {
                Either::Right(row) => reply.rows.push(row),
                Either::Left(done) => {
                    reply.affected = done.rows_affected();
                    replies.push(std::mem::take(&mut reply));
                }
            }
        }
        Ok(replies)
    }
}

/// A connection for reading. Who gives up in the middle takes it along: handed on, it would first have to say all that it has not
/// said, and one whose server is gone says nothing for a long time and is missing in its pool. Closed, it is for five seconds.
#[derive(Debug)]
pub struct Reading {
    conn: PoolConnection<MySql>,
    ended: bool,
}

impl Reading {
    /// On a connection of the pool.
    pub async fn on(pool: &MySqlPool) -> Result<Self, DbError> {
        Ok(Self { conn: pool.acquire().await?, ended: false })
    }

    /// The connection, as sqlx wants it.
    pub fn conn(&mut self) -> &mut MySqlConnection {
        &mut self.conn
    }

    /// All that was asked is answered, be it by a refusal.
    pub fn end(mut self) {
        self.ended = true;
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if !self.ended {
            self.conn.close_on_drop();
        }
    }
}

/// A transaction of packets: BEGIN goes out with the first one. Dropped before its end, it takes its connection along, and the
/// server rolls back.
#[derive(Debug)]
pub struct PacketTx {
    conn: PoolConnection<MySql>,
    begun: bool,
    ended: bool,
}

impl PacketTx {
    /// On a connection of the pool. Nothing is sent yet.
    pub async fn on(pool: &MySqlPool) -> Result<Self, DbError> {
        Ok(Self { conn: pool.acquire().await?, begun: false, ended: false })
    }

    /// The same, and BEGIN is sent at once: for who reads before it writes.
    pub async fn begin(pool: &MySqlPool) -> Result<Self, DbError> {
        let mut tx = Self::on(pool).await?;
        // First: given up in the middle, nobody knows where the connection stands.
        tx.begun = true;
        tx.conn.execute("begin").await?;
        Ok(tx)
    }

    /// The connection inside the transaction, as sqlx wants it.
    pub fn conn(&mut self) -> &mut MySqlConnection {
        &mut self.conn
    }

    /// Sends a packet.
    pub async fn run(&mut self, packet: Packet) -> Result<Vec<Reply>, DbError> {
        if self.begun {
            return packet.run(&mut self.conn).await;
        }
        self.begun = true;
        let mut first = Packet::default();
        first.add(&Text::new("begin"));
        first.sql.append(&packet.sql);
        first.statements = first.statements.saturating_add(packet.statements);
        let mut replies = first.run(&mut self.conn).await?;
        replies.drain(..1);
        Ok(replies)
    }

    /// Commits. `CommitUnknown` when the answer was lost.
    pub async fn commit(mut self) -> Result<(), DbError> {
        self.conn.execute("commit").await.map_err(classify_commit)?;
        self.ended = true;
        Ok(())
    }

    /// Rolls back.
    pub async fn rollback(mut self) -> Result<(), DbError> {
        self.conn.execute("rollback").await?;
        self.ended = true;
        Ok(())
    }
}

impl Drop for PacketTx {
    fn drop(&mut self) {
        if self.begun && !self.ended {
            self.conn.close_on_drop();
        }
    }
}
