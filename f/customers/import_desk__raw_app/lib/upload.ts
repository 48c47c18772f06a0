// A file goes up in parts, compressed on the way if that pays. No more than a few parts are ever in memory.

/** The largest file that goes whole, in the call that begins the import. */
export const WHOLE_BYTES = 1_000_000;

const PACKED_ALREADY = /\.(xlsx|xlsm|xlsb|xls|ods|zip|gz|tgz|bz2|xz|zst|7z|rar|parquet|pdf|png|jpe?g)$/i;
const ZIP = [0x50, 0x4b];
const GZIP = [0x1f, 0x8b];

/** Whether compressing pays: not for what is compressed already, by its name or its first bytes. */
export function paysToPack(name: string, first: Uint8Array): boolean {
  const begins = (magic: number[]) => magic.every((byte, at) => first[at] === byte);
  return !PACKED_ALREADY.test(name) && !begins(ZIP) && !begins(GZIP);
}

export interface Progress {
  /** Bytes of the person's file that have arrived. */
  sent: number;
  size: number;
}

interface Upload {
  file: Blob;
  partBytes: number;
  pack: boolean;
  keepPart: (index: number, data: Uint8Array<ArrayBuffer>) => Promise<unknown>;
  onProgress: (progress: Progress) => void;
  signal: AbortSignal;
  /** Parts on their way at the same time. */
  atOnce?: number;
}

/** What was sent: as many bytes as there were after packing. */
export interface Sent {
  parts: number;
  bytes: number;
}

/** Send a file in parts. Rejects as `keepPart` or the signal does. */
export async function upload({ file, partBytes, pack, keepPart, onProgress, signal, atOnce = 2 }: Upload): Promise<Sent> {
  let read = 0;
  const counted = file.stream().pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, control) {
        read += chunk.byteLength;
        control.enqueue(chunk);
      },
    }),
  );
  const stream = pack ? counted.pipeThrough(new CompressionStream("gzip")) : counted;
  const underWay = new Set<Promise<void>>();
  let parts = 0;
  let bytes = 0;
  let sent = 0;
  const send = async (part: Uint8Array<ArrayBuffer>, index: number, upTo: number) => {
    await keepPart(index, part);
    sent = Math.max(sent, upTo);
    onProgress({ sent, size: file.size });
  };
  for await (const part of inParts(stream, partBytes, signal)) {
    bytes += part.byteLength;
    const sending = send(part, parts++, read).finally(() => underWay.delete(sending));
    sending.catch(() => undefined); // awaited below, or after the loop
    underWay.add(sending);
    if (underWay.size >= atOnce) await Promise.race(underWay);
    signal.throwIfAborted();
  }
  await Promise.all(underWay);
  signal.throwIfAborted();
  return { parts, bytes };
}

/** Yield a stream in pieces of the same size; the last may be smaller. */
export async function* inParts(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  partBytes: number,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  let part = new Uint8Array(partBytes);
  let filled = 0;
  try {
    for (;;) {
      const { value, done } = await reader.read();
      signal?.throwIfAborted();
      if (done) break;
      for (let from = 0; from < value.byteLength; ) {
        const taken = Math.min(partBytes - filled, value.byteLength - from);
        part.set(value.subarray(from, from + taken), filled);
        filled += taken;
        from += taken;
        if (filled < partBytes) continue;
        yield part;
        part = new Uint8Array(partBytes);
        filled = 0;
      }
    }
    if (filled) yield part.slice(0, filled);
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

const AT_ONCE = 0x8000; // arguments that a call may have in every browser

/** Return bytes as base64, as the server takes them in JSON. */
export function toBase64(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += AT_ONCE) {
    pieces.push(String.fromCharCode(...bytes.subarray(at, at + AT_ONCE)));
  }
  return btoa(pieces.join(""));
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
