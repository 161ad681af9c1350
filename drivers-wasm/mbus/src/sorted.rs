//! A map in a sorted vector. The maps of a readout have some hundred entries at most, and each kind of tree map would add
//! six kilobytes to the component.

/// Keys in order, each with its value.
#[derive(Debug, Clone)]
pub struct Sorted<K, V>(Vec<(K, V)>);

impl<K: Ord, V> Sorted<K, V> {
    /// The value of a key, made by `new` where there is none yet.
    pub fn entry(&mut self, key: K, new: impl FnOnce() -> V) -> &mut V {
        let at = match self.0.binary_search_by(|(known, _)| known.cmp(&key)) {
            Ok(at) => at,
            Err(at) => {
                self.0.insert(at, (key, new()));
                at
            }
        };
        &mut self.0[at].1
    }

    /// In the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = &(K, V)> {
        self.0.iter()
    }

    /// In the order of the keys.
    pub fn into_vec(self) -> Vec<(K, V)> {
        self.0
    }
}

impl<K, V> Default for Sorted<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_once_and_in_order() {
        let mut map = Sorted::default();
        for key in [3, 1, 2, 3, 1, 3] {
            *map.entry(key, || 0) += 1;
        }
        assert_eq!(map.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(map.into_vec(), [(1, 2), (2, 1), (3, 3)]);
    }
}
