// Merges the bytes of Crest's summaries (docs/format/summary.md): the body of a
// JavaScript function of BigQuery. docs/format/sql-merge.md says what it takes,
// returns and promises. It needs no library and nothing of a browser, and is
// shorter than the 32 KiB that BigQuery allows.
//
// It does what the Go of sketchcombine/summary does (docs/summary.md), and what
// memory keeps that from: no candidate is evicted, and exact summaries stay exact.
// So bounds are those of Go or tighter, never wider.
//
// Numbers are JavaScript's, exact up to 2^53-1. No sum of bounds passes the
// total, so it is enough to refuse larger totals.

const LIGHT_BITS = 32; // of a cell at most
const MAX_CELL = 2 ** 32 - 1; // stands for "at least this much"
const MAX_CELLS = 2 ** 26;
const MAX_DEPTH = 8;
const MAX_ITEM = 1024; // bytes
const BLOCK_CELLS = 64;

// merge returns the k largest items of summaries of disjoint windows of one
// segment: {total, outside, items: [{rank, item, count, lower, upper, certain}]}.
// sketches are {shard, summary}, the latter in base64; seed is that of the hash,
// decimal or 0x and hexadecimal, null for the one that everybody knows.
function merge(sketches, k, seed) {
  k = Number(k ?? NaN);
  if (!Number.isInteger(k) || k < 1) {
    throw new Error(`merging summaries: k is not a whole number from 1`);
  }
  const hash = new SeededHash(seed ?? '0');
  const merging = new Map(); // shard to the summaries that wait for one of their size
  let total = 0;
  let shape = null; // of all light parts
  (sketches ?? []).forEach((sketch, i) => {
    const of = `merging summaries: sketches[${i}]`;
    if (sketch?.summary == null || sketch.shard == null) {
      throw new Error(`${of} has no ${sketch?.summary == null ? 'summary' : 'shard'}: leave rows without one out (IS NOT NULL)`);
    }
    const shard = String(sketch.shard);
    try {
      const s = decode(bytesOfBase64(sketch.summary), hash);
      if (s.light) shape = sameShape(shape, s.light);
      total += s.total;
      if (total > Number.MAX_SAFE_INTEGER) throw tooMuch();
      if (!merging.has(shard)) merging.set(shard, []);
      add(merging.get(shard), s, hash);
    } catch (e) {
      throw new Error(`${of}, shard ${shard}: ${e.message}`);
    }
  });
  const shards = new Map();
  for (const [shard, waiting] of merging) {
    shards.set(shard, waiting.map((w) => w.summary).reduceRight((o, s) => mergeTwo(s, o, hash)));
  }
  return topOf(shards, k, total);
}

// add merges two summaries of one window, two of two, and so on: an item is
// touched as often as the number of windows doubles, not by each of them.
function add(waiting, summary, hash) {
  let windows = 1;
  while (waiting.length > 0 && waiting[waiting.length - 1].windows === windows) {
    summary = mergeTwo(waiting.pop().summary, summary, hash);
    windows *= 2;
  }
  waiting.push({ windows, summary });
}

function sameShape(shape, light) {
  if (shape && (shape.width !== light.width || shape.depth !== light.depth)) {
    throw new Error(`a light part of ${light.depth}×${light.width} cells, not ${shape.depth}×${shape.width} as before: ` +
      'its run had another --memory, and only summaries of one size merge');
  }
  return { width: light.width, depth: light.depth };
}

function tooMuch() {
  return new Error('the total weight passes 2^53-1, up to which JavaScript counts exactly: merge fewer windows, or count in larger units');
}

// A summary is {total, threshold, light, items}. threshold is what no absent
// item's count exceeds; light is null where the summary is exact; items maps an
// item, a string of its bytes, to {count, entry, place}. place is -1 until it is
// needed: most items of a sketch are never hashed.

// mergeTwo returns the sum of both, which are of no use any more. Of an item that
// one side has no counter for, the other's entry grows by what may be there.
function mergeTwo(s, o, hash) {
  const light = s.light && o.light ? s.light.plus(o.light) : s.light || o.light;
  let threshold = s.threshold;
  if (o.light) threshold += Math.min(o.threshold, o.light.ceiling());
  if (light) threshold = Math.min(threshold, light.ceiling());

  const [more, less] = s.items.size < o.items.size ? [o, s] : [s, o];
  for (const [item, x] of more.items) {
    if (!less.items.has(item)) x.entry += absentBound(less, item, x, hash);
  }
  for (const [item, y] of less.items) {
    const x = more.items.get(item);
    if (x) {
      x.count += y.count;
      x.entry += y.entry;
    } else {
      y.entry += absentBound(more, item, y, hash);
      more.items.set(item, y);
    }
  }
  return { total: s.total + o.total, threshold, light, items: more.items };
}

// absentBound is what the count of an item without a counter does not exceed.
function absentBound(s, item, x, hash) {
  if (s.threshold === 0) return 0;
  if (x.place < 0) x.place = hash.place(item);
  return Math.min(s.light.estimate(x.place), s.threshold);
}

// topOf lists the k largest of all shards, which have no item in common. What
// no other item's count exceeds is outside.
function topOf(shards, k, total) {
  let n = 0;
  let outside = 0;
  for (const s of shards.values()) {
    n += s.items.size;
    if (s.light) outside = Math.max(outside, Math.min(s.threshold, s.light.ceiling()));
  }
  // The k-th largest count first, so that few items are sorted.
  const counts = new Float64Array(n);
  let at = 0;
  for (const s of shards.values()) {
    for (const x of s.items.values()) counts[at++] = estimateOf(x);
  }
  counts.sort();
  const cut = n > k ? counts[n - k] : 0;

  const rows = [];
  for (const [shard, s] of shards) {
    for (const [item, x] of s.items) {
      const count = estimateOf(x);
      if (count >= cut) {
        rows.push({ item, count, lower: x.count, upper: x.count + x.entry, shard });
      } else {
        outside = Math.max(outside, x.count + x.entry);
      }
    }
  }
  // Strings of bytes compare as Go's do, and as BigQuery orders STRING.
  rows.sort((a, b) => b.count - a.count || (a.item < b.item ? -1 : 1));
  for (const row of rows.splice(k)) outside = Math.max(outside, row.upper);
  const items = rows.map(({ item, count, lower, upper, shard }, i) => {
    for (const [other, s] of shards) {
      if (other !== shard && s.items.has(item)) {
        throw new Error(`merging summaries: "${textOf(item)}" is in shards ${shard} and ${other}, which have no item in common: ` +
          'these rows are of runs with other --shards, or of several segments. Of one segment, give all of them shard 0');
      }
    }
    return { rank: i + 1, item: textOf(item), count, lower, upper, certain: lower >= outside };
  });
  return { total, outside, items };
}

// estimateOf is the count that is shown: of what may have come before an item was
// counted, most did.
function estimateOf(x) {
  return x.count + x.entry - Math.floor(x.entry / 8);
}

// A Light is a count-min sketch of what no candidate counts: columns of `bits` bits
// in each row, 8 at first. It folds, each two neighbours to one cell of twice
// the bits, when a cell is to pass what it holds.
class Light {
  constructor(width, depth, bits) {
    this.width = width;
    this.depth = depth;
    this.bits = bits;
    this.columns = (LIGHT_BITS / bits) * width;
    this.cells = new Uint32Array(this.columns * depth);
    this.measured = null;
  }

  // estimate bounds from above what the sketch holds of an item of this place.
  estimate(place) {
    let least = MAX_CELL;
    const step = Math.imul(place ^ (place >>> 15), 0x9e3779b1);
    for (let r = 0, v = place; r < this.depth; r++, v = (v + step) | 0) {
      const cell = this.cells[r * this.columns + multiplyHigh(v, this.columns)];
      if (cell < least) least = cell;
    }
    return least === MAX_CELL ? Infinity : least;
  }

  // peaks are the rows' largest cells, once all cells are there.
  peaks() {
    if (this.measured) return this.measured;
    const { cells, columns } = this;
    const peaks = [];
    for (let r = 0; r < this.depth; r++) {
      let most = 0;
      for (let i = r * columns; i < (r + 1) * columns; i++) {
        if (cells[i] > most) most = cells[i];
      }
      peaks.push(most);
    }
    this.measured = peaks;
    return peaks;
  }

  // ceiling bounds every estimate.
  ceiling() {
    const least = Math.min(...this.peaks());
    return least === MAX_CELL ? Infinity : least;
  }

  // plus returns the sum of both; each keeps its cells.
  plus(o) {
    const peaks = o.peaks();
    const most = Math.max(...this.peaks().map((p, r) => p + peaks[r]));
    let bits = Math.max(this.bits, o.bits);
    while (bits < LIGHT_BITS && most >= 2 ** bits) bits *= 2;
    const a = this.folded(bits).cells;
    const b = o.folded(bits).cells;
    const sum = new Light(this.width, this.depth, bits);
    for (let i = 0; i < a.length; i++) {
      const cell = a[i] + b[i];
      sum.cells[i] = cell < MAX_CELL ? cell : MAX_CELL;
    }
    return sum;
  }

  // folded has cells of so many bits: what bounds each of two items bounds either.
  folded(bits) {
    if (bits === this.bits) return this;
    const half = new Light(this.width, this.depth, 2 * this.bits);
    for (let i = 0; i < half.cells.length; i++) {
      half.cells[i] = Math.max(this.cells[2 * i], this.cells[2 * i + 1]);
    }
    return half.folded(bits);
  }
}

// decode reads a summary, as strictly as Go does: what could not have been
// written is an error. What it allocates is bounded by the length of the bytes.
function decode(bytes, hash) {
  const r = new Reader(bytes);
  if (r.length < 3 || r.byte() !== 0x43) throw corrupt(`${r.length} bytes that do not begin as a summary does`);
  const version = r.byte();
  if (version !== 1) throw corrupt(`version ${version}: this function reads version 1`);
  const kind = r.byte();
  if (kind > 1) throw corrupt(`kind ${kind} is unknown`);
  const sketched = kind === 1;

  const s = { total: r.number(2 ** 63, 'total'), threshold: 0, light: null, items: new Map() };
  if (s.total > Number.MAX_SAFE_INTEGER) throw tooMuch();
  let shape = null;
  if (sketched) {
    s.threshold = r.number(s.total, 'threshold');
    hash.verify(r.take(8, 'seed fingerprint'));
    shape = [r.number(MAX_CELLS, 'sketch width'), r.number(MAX_DEPTH, 'sketch depth'), r.number(LIGHT_BITS, 'bits of a cell')];
  }
  const { counted, largest } = readItems(r, s, sketched);
  if (sketched) s.light = readLight(r, ...shape);
  if (r.left() > 0) throw corrupt(`${r.left()} bytes too many`);
  if (!sketched && counted !== s.total) throw corrupt(`the counts add up to ${counted}, the total is ${s.total}`);
  // What is not counted bounds whatever may have been missed.
  const bound = Math.max(s.threshold, largest);
  if (bound > s.total - counted) throw corrupt(`a bound of ${bound}, but only ${s.total - counted} is not counted`);
  return s;
}

// readItems reads the candidates and returns the sum of their counts and their
// largest entry.
function readItems(r, s, sketched) {
  let counted = 0;
  let largest = 0;
  const n = r.number(Math.floor(r.left() / (sketched ? 3 : 2)), 'number of items');
  for (let i = 0; i < n; i++) {
    const item = stringOf(r.take(r.number(MAX_ITEM, 'item length'), 'item'));
    const count = r.number(s.total - counted, 'count');
    const entry = sketched ? r.number(s.total, 'entry') : 0;
    if (count === 0) throw corrupt(`a count of 0 before byte ${r.at}`);
    if (s.items.has(item)) throw corrupt(`item "${textOf(item).slice(0, 40)}" stands twice`);
    counted += count;
    if (entry > largest) largest = entry;
    s.items.set(item, { count, entry, place: -1 });
  }
  return { counted, largest };
}

function readLight(r, width, depth, bits) {
  if (width < 2 || width % 2 !== 0 || depth < 1 || depth * width > MAX_CELLS || ![8, 16, 32].includes(bits)) {
    throw corrupt(`a sketch of ${depth}×${width} cells of ${bits} bits`);
  }
  const cells = (LIGHT_BITS / bits) * width * depth;
  if (Math.ceil(cells / BLOCK_CELLS) > r.left()) throw corrupt(`a sketch of ${depth}×${width} cells in ${r.left()} bytes`);
  const light = new Light(width, depth, bits);
  for (let from = 0; from < cells; from += BLOCK_CELLS) {
    const to = Math.min(from + BLOCK_CELLS, cells);
    const at = r.at;
    const w = r.number(bits, 'bits of a cell');
    const start = r.skip(Math.ceil(((to - from) * w) / 8), 'cells');
    if (!unpack(light.cells, from, to, r.bytes, start, w)) throw corrupt(`the cells at byte ${at} are not packed with ${w} bits`);
  }
  return light;
}

// unpack reads cells of w bits, the first in the lowest bits, and tells whether
// the largest needs as many and nothing is behind the last.
function unpack(cells, from, to, bytes, start, w) {
  if (w === 0) return true;
  const mask = w === 32 ? -1 : (1 << w) - 1;
  let any = 0;
  let at = 0;
  for (let i = from; i < to; i++, at += w) {
    const k = start + (at >> 3);
    const shift = at & 7;
    let c = (bytes[k] | (bytes[k + 1] << 8) | (bytes[k + 2] << 16) | (bytes[k + 3] << 24)) >>> shift;
    if (shift + w > 32) c |= bytes[k + 4] << (32 - shift);
    c &= mask;
    cells[i] = c;
    any |= c;
  }
  const rest = at & 7;
  return 32 - Math.clz32(any) === w && (rest === 0 || bytes[start + (at >> 3)] >> rest === 0);
}

function corrupt(why) {
  return new Error(`corrupt summary: ${why}`);
}

// A Reader reads bytes from the first to the last, but for the padding.
class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.length = bytes.length - PADDING;
    this.at = 0;
  }

  left() {
    return this.length - this.at;
  }

  byte() {
    return this.bytes[this.at++];
  }

  // skip passes n bytes and returns where they begin.
  skip(n, what) {
    if (n > this.left()) throw corrupt(`${what} at byte ${this.at} is cut short`);
    this.at += n;
    return this.at - n;
  }

  take(n, what) {
    const from = this.skip(n, what);
    return this.bytes.subarray(from, from + n);
  }

  // number reads a varint of at most 63 bits that is as short as can be. Over
  // 2^53 it is not exact, but as large as it is.
  number(limit, what) {
    const from = this.at;
    let value = 0;
    for (let scale = 1; this.at < this.length && this.at < from + 9; scale *= 128) {
      const b = this.bytes[this.at++];
      value += (b & 0x7f) * scale;
      if (b < 0x80) {
        if (value > limit || (b === 0 && scale > 1)) break;
        return value;
      }
    }
    throw corrupt(`${what} at byte ${from} is not a number up to ${limit}`);
  }
}

const BASE64 = new Int8Array(128).fill(-1);
Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/').forEach((c, value) => {
  BASE64[c.charCodeAt(0)] = value;
});

// PADDING is so many zeros that a cell can be read as part of 5 bytes.
const PADDING = 4;

// bytesOfBase64 is what BigQuery made the text of, BYTES come as base64, and
// the padding.
function bytesOfBase64(text) {
  let end = text.length;
  while (end > text.length - 2 && text[end - 1] === '=') end--;
  const bytes = new Uint8Array(((end * 6) >> 3) + PADDING);
  let seen = 0; // less than 0 after a character that is none of base64
  let bits = 0;
  for (let i = 0, to = 0; i < end; i++) {
    const code = text.charCodeAt(i);
    const value = code < 128 ? BASE64[code] : -1;
    seen |= value;
    bits = (bits << 6) | value;
    if ((i & 3) !== 0) bytes[to++] = bits >> (6 - 2 * (i & 3));
  }
  if (text.length % 4 !== 0 || seen < 0) throw new Error('the summary is not BYTES, which come as base64');
  return bytes;
}

// stringOf makes a string of bytes, a character each: it compares as they do.
function stringOf(bytes) {
  return String.fromCharCode.apply(null, bytes);
}

// textOf decodes such a string as UTF-8. A byte that is none becomes U+FFFD.
function textOf(item) {
  let text = '';
  for (let i = 0; i < item.length;) {
    const b = item.charCodeAt(i);
    const more = b < 0x80 ? 0 : b >> 5 === 6 ? 1 : b >> 4 === 14 ? 2 : b >> 3 === 30 ? 3 : -1;
    let code = more === 0 ? b : b & (0x3f >> more);
    for (let j = 1; j <= more; j++) {
      const next = item.charCodeAt(i + j);
      code = next >> 6 === 2 ? (code << 6) | (next & 0x3f) : NaN;
      if (code !== code) break;
    }
    const least = [0, 0x80, 0x800, 0x10000][more];
    const valid = code >= least && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    text += String.fromCodePoint(valid ? code : 0xfffd);
    i += valid ? more + 1 : 1;
  }
  return text;
}

// multiplyHigh is the upper half of the product of two numbers of 32 bits.
function multiplyHigh(a, b) {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const low = a1 * b0 + ((a0 * b0) >>> 16);
  const middle = a0 * b1 + (low & 0xffff);
  return a1 * b1 + Math.floor(low / 65536) + Math.floor(middle / 65536);
}

// A Word is 64 bits in two halves; its methods change it. BigInt would be ten
// times slower.
class Word {
  constructor(hi, lo) {
    this.hi = hi | 0;
    this.lo = lo | 0;
  }

  plus(o) {
    const lo = (this.lo >>> 0) + (o.lo >>> 0);
    this.hi = (this.hi + o.hi + (lo > 0xffffffff ? 1 : 0)) | 0;
    this.lo = lo | 0;
    return this;
  }

  times(o) {
    this.hi = (multiplyHigh(this.lo, o.lo) + Math.imul(this.hi, o.lo) + Math.imul(this.lo, o.hi)) | 0;
    this.lo = Math.imul(this.lo, o.lo);
    return this;
  }

  xor(o) {
    this.hi ^= o.hi;
    this.lo ^= o.lo;
    return this;
  }

  rotate(n) {
    const { hi, lo } = this;
    this.hi = (hi << n) | (lo >>> (32 - n));
    this.lo = (lo << n) | (hi >>> (32 - n));
    return this;
  }

  set(hi, lo) {
    this.hi = hi | 0;
    this.lo = lo | 0;
    return this;
  }

  copy() {
    return new Word(this.hi, this.lo);
  }

  // read takes 8 bytes of a string of bytes, little-endian.
  read(item, i) {
    return this.set(halfAt(item, i + 4), halfAt(item, i));
  }

  // round is that of XXH64; it changes v, too.
  round(v) {
    return this.plus(v.times(PRIME2)).rotate(31).times(PRIME1);
  }
}

const PRIME1 = new Word(0x9e3779b1, 0x85ebca87);
const PRIME2 = new Word(0xc2b2ae3d, 0x27d4eb4f);
const PRIME3 = new Word(0x165667b1, 0x9e3779f9);
const PRIME4 = new Word(0x85ebca77, 0xc2b2ae63);
const PRIME5 = new Word(0x27d4eb2f, 0x165667c5);

// A SeededHash is XXH64 under a seed.
class SeededHash {
  constructor(seed) {
    if (!/^(0x[0-9a-f]{1,16}|[0-9]{1,20})$/i.test(seed) || BigInt(seed) >> 64n) {
      throw new Error('merging summaries: the seed is not a number from 0 to 2^64-1, decimal or hexadecimal with 0x');
    }
    const value = BigInt(seed);
    this.seed = new Word(Number(value >> 32n), Number(value & 0xffffffffn));
  }

  // verify checks that a summary was made under this seed.
  verify(fingerprint) {
    if (!this.fingerprint) this.fingerprint = fingerprintOf(this.seed);
    const found = hexOf(fingerprint);
    if (found !== this.fingerprint) {
      throw new Error(`made under another hash seed: its fingerprint is ${found}, the one of the seed given is ${this.fingerprint}. ` +
        'Give the seed of the run that wrote it (--hash_seed_file), and merge only summaries of one seed');
    }
  }

  // place is the upper half of the hash of an item, a string of its bytes.
  place(item) {
    const { seed } = this;
    const n = item.length;
    let i = 0;
    const h = seed.copy().plus(PRIME5);
    const x = new Word(0, 0);
    if (n >= 32) {
      const v1 = seed.copy().plus(PRIME1).plus(PRIME2);
      const v2 = seed.copy().plus(PRIME2);
      const v3 = seed.copy();
      const v4 = seed.copy().plus(new Word(~PRIME1.hi, -PRIME1.lo));
      for (; i + 32 <= n; i += 32) {
        v1.round(x.read(item, i));
        v2.round(x.read(item, i + 8));
        v3.round(x.read(item, i + 16));
        v4.round(x.read(item, i + 24));
      }
      h.set(0, 0).plus(v1.copy().rotate(1)).plus(v2.copy().rotate(7)).plus(v3.copy().rotate(12)).plus(v4.copy().rotate(18));
      for (const v of [v1, v2, v3, v4]) h.xor(x.set(0, 0).round(v)).times(PRIME1).plus(PRIME4);
    }
    h.plus(x.set(0, n));
    const acc = new Word(0, 0);
    for (; i + 8 <= n; i += 8) h.xor(acc.set(0, 0).round(x.read(item, i))).rotate(27).times(PRIME1).plus(PRIME4);
    if (i + 4 <= n) {
      h.xor(x.set(0, halfAt(item, i)).times(PRIME1)).rotate(23).times(PRIME2).plus(PRIME3);
      i += 4;
    }
    for (; i < n; i++) h.xor(x.set(0, item.charCodeAt(i)).times(PRIME5)).rotate(11).times(PRIME1);
    h.lo ^= h.hi >>> 1; // h ^= h >> 33
    h.times(PRIME2);
    h.xor(x.set(h.hi >>> 29, (h.hi << 3) | (h.lo >>> 29))); // h ^= h >> 29
    return h.times(PRIME3).hi >>> 0;
  }
}

function halfAt(item, i) {
  return item.charCodeAt(i) | (item.charCodeAt(i + 1) << 8) | (item.charCodeAt(i + 2) << 16) | (item.charCodeAt(i + 3) << 24);
}

// The constants of SHA-256, of FIPS 180-4.
const SHA256_START = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];
const SHA256_ROUNDS = [
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

// fingerprintOf is the first 8 bytes, in hexadecimal, of SHA-256 of a text and the
// seed: one block.
function fingerprintOf(seed) {
  const block = new DataView(new ArrayBuffer(64));
  const text = 'crest summary seed ';
  for (let i = 0; i < text.length; i++) block.setUint8(i, text.charCodeAt(i));
  block.setUint32(text.length, seed.lo, true);
  block.setUint32(text.length + 4, seed.hi, true);
  block.setUint8(text.length + 8, 0x80);
  block.setUint32(60, (text.length + 8) * 8);

  const rotate = (x, n) => (x >>> n) | (x << (32 - n));
  const w = [];
  let [a, b, c, d, e, f, g, h] = SHA256_START;
  for (let t = 0; t < 64; t++) {
    if (t < 16) {
      w.push(block.getInt32(4 * t));
    } else {
      const [x, y] = [w[t - 15], w[t - 2]];
      w.push((w[t - 16] + w[t - 7] + (rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3)) + (rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10))) | 0);
    }
    const t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + SHA256_ROUNDS[t] + w[t];
    const t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    [a, b, c, d, e, f, g, h] = [(t1 + t2) | 0, a, b, c, (d + t1) | 0, e, f, g];
  }
  const sum = new DataView(new ArrayBuffer(8));
  sum.setInt32(0, a + SHA256_START[0]);
  sum.setInt32(4, b + SHA256_START[1]);
  return hexOf(new Uint8Array(sum.buffer));
}

function hexOf(bytes) {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}
