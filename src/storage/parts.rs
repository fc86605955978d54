//! Calls of many jobs, cut into parts of bounded size.

/// The items in parts of at most `most` items and, but where one alone is larger, `most_bytes` bytes.
pub(super) fn parts<T>(items: &[T], most: usize, most_bytes: usize, size: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let mut parts = Vec::with_capacity(items.len() / most.max(1) + 1);
    let mut rest = items;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fitting = rest.iter().take(most).take_while(|item| {
            bytes += size(item);
            bytes <= most_bytes
        });
        let (part, more) = rest.split_at(fitting.count().max(1));
        parts.push(part);
        rest = more;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn parts_keep_the_order_and_both_bounds() {
        let sizes = [1, 2, 3, 9, 1, 1, 1, 1];
        let cut = parts(&sizes, 3, 5, |size| *size);
        assert_eq!(cut, [&[1, 2][..], &[3], &[9], &[1, 1, 1], &[1]]);
        assert!(parts(&[0; 0], 3, 5, |size| *size).is_empty());
    }
}
