// The block of columns: a line of JSON that names the sections, then the sections one after the
// other. Numbers are unsigned LEB128, texts are joined by newlines. reports/block.h writes it.

const NEWLINE = 10, decoder = new TextDecoder();

export interface BlockHeader {
  size: number;
  logs: number;
  unit: number;  // nanoseconds (or events) of one tick
  processes: number[];
  sections: [string, number][];
}

/// Texts by number. They stay bytes until one is asked for: most never are.
export class Texts {
  private starts: Uint32Array | null = null;
  private folded: { all: string; starts: Uint32Array } | null = null;
  constructor(private readonly bytes: Uint8Array, readonly size: number) {}

  at(index: number): string {
    const starts = this.starts ??= this.index();
    return decoder.decode(this.bytes.subarray(starts[index], starts[index + 1]! - 1));
  }

  /// Makes ready what the first use would make a reader wait for.
  prepare() { this.starts ??= this.index(); }

  private index() {
    const { bytes, size } = this, starts = new Uint32Array(size + 1);
    for (let i = 1, at = 0; i < size; i++) starts[i] = at = bytes.indexOf(NEWLINE, at) + 1;
    starts[size] = bytes.length + 1;
    return starts;
  }

  /// Which texts hold this one, whatever the case of its letters.
  matching(needle: string): Uint8Array {
    this.folded ??= this.fold();
    const { all, starts } = this.folded, found = new Uint8Array(this.size);
    needle = needle.toLowerCase();
    let text = 0;
    for (let at = all.indexOf(needle); at >= 0 && text < found.length;) {
      while (starts[text + 1]! <= at) text++;
      found[text] = 1;
      at = all.indexOf(needle, starts[text + 1]!);
    }
    return found;
  }

  /// All in lower case, with where each then begins.
  private fold() {
    const all = decoder.decode(this.bytes).toLowerCase(), starts = new Uint32Array(this.size + 1);
    for (let i = 1, at = 0; i < this.size; i++) starts[i] = at = all.indexOf("\n", at) + 1;
    starts[this.size] = all.length + 1;
    return { all, starts };
  }
}

export class Block {
  readonly header: BlockHeader;
  private readonly sections = new Map<string, Uint8Array>();

  constructor(bytes: Uint8Array) {
    const end = bytes.indexOf(NEWLINE);
    this.header = JSON.parse(decoder.decode(bytes.subarray(0, end)));
    let at = end + 1;
    for (const [name, length] of this.header.sections) {
      this.sections.set(name, bytes.subarray(at, at += length));
    }
  }

  private section(name: string): Uint8Array {
    const bytes = this.sections.get(name);
    if (!bytes) throw new Error(`the data has no section ${name}`);
    return bytes;
  }

  /// The numbers of a section into `out`, which has the room for just these.
  numbers<T extends Uint8Array | Uint32Array | Float64Array>(name: string, out: T): T {
    const bytes = this.section(name), size = out.length;
    for (let at = 0, index = 0; index < size; index++) {
      let byte = bytes[at++]!, value = byte & 127;
      // Whole numbers of 28 bits are made by shifts, longer ones are rare.
      for (let shift = 7; byte > 127 && shift < 28; shift += 7) {
        byte = bytes[at++]!;
        value |= (byte & 127) << shift;
      }
      for (let factor = 2 ** 28; byte > 127; factor *= 128) {
        byte = bytes[at++]!;
        value += (byte & 127) * factor;
      }
      out[index] = value;
    }
    return out;
  }

  /// Numbers of which each was written as how much it exceeds the last one.
  increasing(name: string, size: number, unit = 1): Float64Array {
    const out = this.numbers(name, new Float64Array(size));
    for (let i = 0, sum = 0; i < size; i++) out[i] = (sum += out[i]!) * unit;
    return out;
  }

  /// Texts in the order of their first use, and which one each entry has: written as the distance
  /// from the newest text, of which zero is the next new one.
  texts(name: string, size: number): { ids: Uint32Array; texts: Texts } {
    const ids = this.numbers(name, new Uint32Array(size));
    let known = 0;
    for (let i = 0; i < size; i++) ids[i] = ids[i] === 0 ? known++ : known - ids[i]!;
    return { ids, texts: new Texts(this.section(`${name}-texts`), known) };
  }
}

export async function unpack(base64: string): Promise<Block> {
  const text = base64.trim();
  const native = (Uint8Array as { fromBase64?: (text: string) => Uint8Array }).fromBase64;
  const packed = native ? native.call(Uint8Array, text) : Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([packed as BlobPart]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Block(new Uint8Array(await new Response(stream).arrayBuffer()));
}
