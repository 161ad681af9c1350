//! What several answers to one question come to, when what the meter tells changes while it is asked.

/// Bytes in front that must be the same: start of the archive and clock.
pub const HEAD: usize = 10;

/// Values behind the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cells {
    /// Two bytes each.
    Numbers,
    /// The meter's floats.
    Floats,
}

impl Cells {
    fn width(self) -> usize {
        match self {
            Self::Numbers => 2,
            Self::Floats => 4,
        }
    }

    fn size(self, cell: &[u8]) -> f64 {
        match (self, cell) {
            (Self::Numbers, &[high, low]) => u16::from_be_bytes([high, low]).into(),
            (Self::Floats, &[a, b, c, d]) => crate::number::float([a, b, c, d]).unwrap_or(f32::MAX).into(),
            _ => 0.0,
        }
    }
}

/// Takes each value that two answers with the head of the last one agree on. Where no two agree, on a line that was never
/// disturbed the middle one of three stands for values that run on. None: ask again.
pub fn settle(answers: &[Vec<u8>], cells: Cells, is_clean: bool) -> Option<Vec<u8>> {
    let last = answers.last()?;
    let head = last.get(..HEAD)?;
    let alike: Vec<&Vec<u8>> = answers
        .iter()
        .filter(|one| one.len() == last.len() && one.starts_with(head))
        .collect();
    if alike.len() < 2 {
        return None;
    }
    let mut settled = head.to_vec();
    for start in (HEAD..last.len()).step_by(cells.width()) {
        let end = (start + cells.width()).min(last.len());
        let mut values: Vec<&[u8]> = alike.iter().filter_map(|one| one.get(start..end)).collect();
        let agreed = values
            .iter()
            .copied()
            .find(|value| values.iter().filter(|other| *other == value).count() >= 2);
        let value = match agreed {
            Some(value) => value,
            None if is_clean && values.len() >= 3 => {
                values.sort_by(|one, other| cells.size(one).total_cmp(&cells.size(other)));
                values.get(values.len() / 2).copied()?
            }
            None => return None,
        };
        settled.extend(value);
    }
    Some(settled)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Name, answers, whether the line is clean, what they come to.
    type Case = (&'static str, Vec<Vec<u8>>, bool, Option<Vec<u8>>);

    fn answer(hour: u8, values: &[u16]) -> Vec<u8> {
        let mut bytes = vec![7, 0xe8, 2, 1, 0, 7, 0xe8, 3, 21, hour];
        bytes.extend(values.iter().flat_map(|value| value.to_be_bytes()));
        bytes
    }

    #[test]
    fn a_value_needs_two_answers_or_the_middle_of_three() {
        let cases: [Case; 7] = [
            ("one", vec![answer(14, &[612])], true, None),
            (
                "two",
                vec![answer(14, &[612]), answer(14, &[612])],
                true,
                Some(answer(14, &[612])),
            ),
            (
                "two that differ",
                vec![answer(14, &[612]), answer(14, &[613])],
                true,
                None,
            ),
            (
                "three that run on",
                vec![answer(14, &[612]), answer(14, &[60_000]), answer(14, &[613])],
                true,
                Some(answer(14, &[613])),
            ),
            (
                "the same on a bad line",
                vec![answer(14, &[612]), answer(14, &[60_000]), answer(14, &[613])],
                false,
                None,
            ),
            (
                "the hour ends between them",
                vec![answer(14, &[612]), answer(15, &[612])],
                true,
                None,
            ),
            (
                "each cell for itself",
                vec![
                    answer(15, &[1, 2]),
                    answer(14, &[1, 2]),
                    answer(15, &[9, 2]),
                    answer(15, &[1, 7]),
                ],
                false,
                Some(answer(15, &[1, 2])),
            ),
        ];
        for (name, answers, is_clean, want) in cases {
            assert_eq!(settle(&answers, Cells::Numbers, is_clean), want, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_answers_panic(answers in proptest::collection::vec(proptest::collection::vec(0u8..3, 0..40), 0..5)) {
            for cells in [Cells::Numbers, Cells::Floats] {
                settle(&answers, cells, true);
            }
        }
    }
}
