//! The three HeavyKeeper sketches of the `heavykeeper` crate, on String.
//!
//! `heavykeeper-peer SKETCH ITEMS BUDGET SEED PARTS…`, where SKETCH is `topk`,
//! `bucketed` or `cuckoo`, reads items, one a line, and for each number of parts
//! prints a JSON line; see "The contract of a sketch peer" in bench/README.md.

use heavykeeper::{BucketedTopK, CuckooTopK, TopK};
use std::time::Instant;

/// Rounds: at least so many, and as many more as fit in so many seconds.
const ROUNDS: usize = 3;
const ROUND_TIME: f64 = 1.0;
/// Twice the list that is asked for: what each part lists decides what a merge can find.
const TOP: usize = 200;
const DECAY: f64 = 0.95;
const CELL: usize = 16;

/// What the three sketches have in common.
trait Sketch: Sized {
    /// Cells in one bucket (or at one column of all rows).
    const CELLS: usize;
    fn new(width: usize, seed: u64) -> Self;
    fn add(&mut self, item: &str);
    fn merge(&mut self, other: &Self) -> Result<(), String>;
    fn rows(&self) -> Vec<(String, u64)>;
    fn bytes(&self) -> usize;
}

macro_rules! sketch {
    ($kind:ident, depth $depth:expr, cells $cells:expr) => {
        impl Sketch for $kind<String> {
            const CELLS: usize = $cells;
            fn new(width: usize, seed: u64) -> Self {
                $kind::with_seed(TOP, width, $depth, DECAY, seed)
            }
            fn add(&mut self, item: &str) {
                $kind::add(self, item, 1)
            }
            fn merge(&mut self, other: &Self) -> Result<(), String> {
                $kind::merge(self, other).map_err(|e| e.to_string())
            }
            fn rows(&self) -> Vec<(String, u64)> {
                self.list().into_iter().map(|n| (n.item, n.count)).collect()
            }
            fn bytes(&self) -> usize {
                self.mem_bytes(String::capacity)
            }
        }
    };
}

// The shapes that the crate's own comparison uses.
sketch!(TopK, depth 2, cells 2);
sketch!(BucketedTopK, depth 4, cells 4);
sketch!(CuckooTopK, depth 4, cells 5);

/// The power of two whose memory is nearest to the budget; the crate asks for a
/// power of two for speed.
fn width<S: Sketch>(budget: usize) -> usize {
    let list = S::new(1, 0).bytes();
    let columns = budget.saturating_sub(list).max(1) as f64 / (S::CELLS * CELL) as f64;
    1 << columns.log2().round() as u32
}

fn median(mut took: Vec<f64>) -> f64 {
    took.sort_by(f64::total_cmp);
    took[took.len() / 2]
}

fn run<S: Sketch>(stream: &[String], budget: usize, seed: u64, parts: usize) -> Result<(), String> {
    let width = width::<S>(budget);
    let (mut add, mut merge) = (vec![], vec![]);
    let mut result = S::new(width, seed);
    while add.len() < ROUNDS || add.iter().sum::<f64>() < ROUND_TIME {
        let start = Instant::now();
        let mut summaries: Vec<S> = (0..parts)
            .map(|part| {
                let mut s = S::new(width, seed);
                for item in &stream[stream.len() * part / parts..stream.len() * (part + 1) / parts] {
                    s.add(item);
                }
                s
            })
            .collect();
        add.push(start.elapsed().as_secs_f64());

        let start = Instant::now();
        let mut whole = S::new(width, seed);
        for summary in &summaries {
            whole.merge(summary)?;
        }
        merge.push(start.elapsed().as_secs_f64());
        result = if parts == 1 { summaries.remove(0) } else { whole };
    }
    let rows: Vec<_> = result
        .rows()
        .into_iter()
        .map(|(item, count)| serde_json::json!({"item": item, "count": count}))
        .collect();
    let line = serde_json::json!({
        "parts": parts,
        "bytes": result.bytes(),
        "add_seconds": median(add),
        "merge_seconds": median(merge),
        "bounds": false,
        "rows": rows,
    });
    println!("{line}");
    Ok(())
}

fn main() -> Result<(), String> {
    let args: Vec<String> = std::env::args().collect();
    let [_, sketch, file, budget, seed, parts @ ..] = &args[..] else {
        return Err("usage: heavykeeper-peer topk|bucketed|cuckoo ITEMS BUDGET SEED PARTS...".into());
    };
    let number = |text: &String| text.parse::<usize>().map_err(|e| format!("{text}: {e}"));
    let text = std::fs::read_to_string(file).map_err(|e| format!("reading {file}: {e}"))?;
    let stream: Vec<String> = text.lines().map(String::from).collect();
    for parts in parts {
        let (budget, seed, parts) = (number(budget)?, number(seed)? as u64, number(parts)?);
        match sketch.as_str() {
            "topk" => run::<TopK<String>>(&stream, budget, seed, parts)?,
            "bucketed" => run::<BucketedTopK<String>>(&stream, budget, seed, parts)?,
            "cuckoo" => run::<CuckooTopK<String>>(&stream, budget, seed, parts)?,
            other => return Err(format!("no sketch {other}: there are topk, bucketed and cuckoo")),
        }
    }
    Ok(())
}
