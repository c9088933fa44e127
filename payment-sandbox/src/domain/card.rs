//! The cards that the sandbox knows. Their numbers are never kept or logged.

/// The longest text that is looked at: 19 digits with separators.
const LONGEST: usize = 40;

/// What a test card does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Card {
    /// 4242 4242 4242 4242: the payment succeeds.
    Succeeds,
    /// 4000 0000 0000 0002: the bank declines.
    Declines,
}

/// Why a card number is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CardRefused {
    /// Not 12 to 19 digits.
    #[error("Enter the card number: 12 to 19 digits, spaces are fine.")]
    NotANumber,
    /// No real money here.
    #[error(
        "This is a sandbox and takes test cards only: 4242 4242 4242 4242 pays, 4000 0000 0000 0002 is declined."
    )]
    NotATestCard,
}

impl Card {
    /// Reads a card number as people type it.
    pub fn parse(text: &str) -> Result<Self, CardRefused> {
        let digits: String = text.chars().take(LONGEST).filter(|c| !matches!(c, ' ' | '-')).collect();
        let is_number = (12..=19).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        match digits.as_str() {
            "4242424242424242" => Ok(Self::Succeeds),
            "4000000000000002" => Ok(Self::Declines),
            _ if is_number => Err(CardRefused::NotATestCard),
            _ => Err(CardRefused::NotANumber),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_test_cards_are_taken() {
        assert_eq!(Card::parse("4242 4242-4242 4242"), Ok(Card::Succeeds));
        assert_eq!(Card::parse("4000000000000002"), Ok(Card::Declines));
        assert_eq!(Card::parse("5555555555554444"), Err(CardRefused::NotATestCard));
        for wrong in ["", "4242", "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", "4242424242424242x", "<script>"] {
            assert_eq!(Card::parse(wrong), Err(CardRefused::NotANumber), "{wrong}");
        }
    }
}
