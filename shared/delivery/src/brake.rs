/// Stops a consumer that refuses record after record: then the reader is broken, not the records.
#[derive(Debug, Clone)]
pub struct RejectBrake {
    limit: u32,
    in_a_row: u32,
}

impl RejectBrake {
    /// Stops at the `limit`-th refusal without a handled record in between.
    pub const fn new(limit: u32) -> Self {
        Self { limit, in_a_row: 0 }
    }

    /// A record was handled: the refusals before it were the records' own fault. Once stopped it stays stopped.
    pub const fn handled(&mut self) {
        if !self.is_stopped() {
            self.in_a_row = 0;
        }
    }

    /// A record was refused. True when the consumer has to stop.
    pub const fn rejected(&mut self) -> bool {
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.is_stopped()
    }

    /// Whether the limit is reached.
    pub const fn is_stopped(&self) -> bool {
        self.in_a_row >= self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_refusals_in_a_row_stop_the_consumer() {
        let mut brake = RejectBrake::new(3);
        assert!(!brake.rejected());
        assert!(!brake.rejected());
        brake.handled();
        assert!(!brake.rejected());
        assert!(!brake.rejected());
        assert!(brake.rejected());
        brake.handled();
        assert!(brake.is_stopped());
    }
}
