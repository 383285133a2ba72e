// Frames of RFC 6455 in a stream of bytes, for whoever reads along.

const TEXT = 1;

/** Cuts a stream of bytes into frames. */
export class Frames {
  #rest = Buffer.alloc(0);

  /** The frames that are whole with these bytes. */
  *read(chunk) {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (let frame; (frame = frameAt(this.#rest)); ) {
      this.#rest = this.#rest.subarray(frame.bytes.length);
      yield frame;
    }
  }
}

/** The frame at the beginning of these bytes, if it is whole. */
function frameAt(bytes) {
  if (bytes.length < 2) return undefined;
  const size = bytes[1] & 0x7f;
  const sizeBytes = { 126: 2, 127: 8 }[size] ?? 0;
  const maskBytes = bytes[1] & 0x80 ? 4 : 0;
  const start = 2 + sizeBytes + maskBytes;
  if (bytes.length < start) return undefined;
  const length = sizeBytes === 2 ? bytes.readUInt16BE(2) : sizeBytes === 8 ? Number(bytes.readBigUInt64BE(2)) : size;
  if (bytes.length < start + length) return undefined;
  const mask = bytes.subarray(start - maskBytes, start);
  return { opcode: bytes[0] & 0x0f, mask, payload: bytes.subarray(start, start + length), bytes: bytes.subarray(0, start + length) };
}

/** The text of a frame; other frames have none. */
export function textOf({ opcode, mask, payload }) {
  if (opcode !== TEXT) return "";
  const plain = mask.length ? payload.map((byte, at) => byte ^ mask[at % 4]) : payload;
  return Buffer.from(plain).toString();
}
