//! Lists in statements: bound, and of few lengths, since each length is a statement of its own to the server.

use sqlx::{Encode, MySql, QueryBuilder, Type};

/// `(?, ?, …)` with the values bound.
pub fn push_list<T>(sql: &mut QueryBuilder<MySql>, values: impl IntoIterator<Item = T>)
where
    T: for<'q> Encode<'q, MySql> + Type<MySql> + Send + 'static,
{
    sql.push("(");
    let mut list = sql.separated(", ");
    for value in values {
        list.push_bind(value);
    }
    sql.push(")");
}

/// The values, the last one repeated up to a power of two: lists of up to 512 values then need ten prepared statements, not
/// 512 that drive each other (and those of requests) out of a connection's cache. Only for `in`, where a repeat means nothing.
pub fn padded<T: Copy>(values: &[T]) -> impl Iterator<Item = T> {
    let missing = values.len().next_power_of_two().saturating_sub(values.len());
    let last = values.last().copied();
    values.iter().copied().chain(last.into_iter().cycle().take(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_padded_list_means_the_same_and_has_one_of_few_lengths() {
        let of = |n: usize| padded(&(0..n).collect::<Vec<_>>()).collect::<Vec<_>>();
        assert_eq!(of(0), [0_usize; 0]);
        assert_eq!(of(1), [0]);
        assert_eq!(of(3), [0, 1, 2, 2]);
        assert_eq!(of(4), [0, 1, 2, 3]);
        assert_eq!(of(500).len(), 512);
    }
}
