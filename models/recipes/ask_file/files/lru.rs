//! A cache that forgets what was used least recently, with a limit on bytes.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Entries older than this are gone even if there is room.
const MAX_AGE: Duration = Duration::from_secs(15 * 60);

/// One value may take at most this share of the room.
const LARGEST_SHARE: f64 = 0.125;

#[derive(Debug, PartialEq)]
pub enum Refused {
    TooLarge { bytes: usize, limit: usize },
    Sealed,
}

struct Entry {
    bytes: Vec<u8>,
    born: Instant,
    touched: u64,
}

pub struct Cache {
    room: usize,
    used: usize,
    clock: u64,
    sealed: bool,
    entries: HashMap<String, Entry>,
    pub hits: u64,
    pub misses: u64,
}

impl Cache {
    pub fn with_room(room: usize) -> Self {
        assert!(room >= 4096, "a cache needs 4 KiB at least");
        Cache { room, used: 0, clock: 0, sealed: false, entries: HashMap::new(), hits: 0, misses: 0 }
    }

    /// The bytes under a key, unless they are too old.
    pub fn get(&mut self, key: &str) -> Option<&[u8]> {
        self.clock += 1;
        let stale = self.entries.get(key).map_or(false, |e| e.born.elapsed() > MAX_AGE);
        if stale {
            self.forget(key);
        }
        match self.entries.get_mut(key) {
            Some(entry) => {
                entry.touched = self.clock;
                self.hits += 1;
                Some(&entry.bytes)
            }
            None => {
                self.misses += 1;
                None
            }
        }
    }

    /// Keep bytes, making room if need be.
    pub fn put(&mut self, key: String, bytes: Vec<u8>) -> Result<(), Refused> {
        if self.sealed {
            return Err(Refused::Sealed);
        }
        let limit = (self.room as f64 * LARGEST_SHARE) as usize;
        if bytes.len() > limit {
            return Err(Refused::TooLarge { bytes: bytes.len(), limit });
        }
        self.forget(&key);
        while self.used + bytes.len() > self.room {
            self.evict();
        }
        self.used += bytes.len();
        self.clock += 1;
        let entry = Entry { bytes, born: Instant::now(), touched: self.clock };
        self.entries.insert(key, entry);
        Ok(())
    }

    /// No more writes; reads go on. Used while a snapshot is taken.
    pub fn seal(&mut self) {
        self.sealed = true;
    }

    fn forget(&mut self, key: &str) {
        if let Some(old) = self.entries.remove(key) {
            self.used -= old.bytes.len();
        }
    }

    // Linear on purpose: below ten thousand entries a heap was slower.
    fn evict(&mut self) {
        let oldest = self.entries.iter().min_by_key(|(_, e)| e.touched).map(|(k, _)| k.clone());
        if let Some(key) = oldest {
            self.forget(&key);
        }
    }

    pub fn hit_rate(&self) -> f64 {
        let all = self.hits + self.misses;
        if all == 0 { 0.0 } else { self.hits as f64 / all as f64 }
    }
}
