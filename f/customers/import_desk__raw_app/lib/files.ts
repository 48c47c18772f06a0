// A file that comes in pieces. Pure but for the fetching, which is passed in.

import type { Piece } from "../types";

export interface Fetched {
  filename: string;
  type: string;
  parts: Uint8Array[];
}

/** Fetch all pieces of a file; `told` hears how much of it is here, from 0 to 1, null if nobody knows. */
export async function fetchPieces(
  get: (offset: number) => Promise<Piece>,
  told: (share: number | null) => void,
): Promise<Fetched> {
  const parts: Uint8Array[] = [];
  let received = 0;
  let offset = 0;
  for (;;) {
    const piece = await get(offset);
    const part = bytesOf(piece.data);
    parts.push(part);
    received += part.length;
    told(piece.size ? Math.min(1, received / piece.size) : null);
    if (piece.next === null) return { filename: piece.filename, type: piece.content_type, parts };
    // A server that does not go on would be asked for ever.
    if (piece.next <= offset) throw new Error(`The file does not go on after ${offset} bytes.`);
    offset = piece.next;
  }
}

function bytesOf(base64: string): Uint8Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
