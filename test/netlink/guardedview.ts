/** A DataView that throws when anything before `start` or from `end` on is read: a decoder may not look there. */
export class GuardedView extends DataView<ArrayBuffer> {
  readonly #start: number;
  readonly #end: number;

  constructor(bytes: Uint8Array<ArrayBuffer>, start: number, end: number) {
    super(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#start = start;
    this.#end = end;
  }

  #guard(at: number, size: number): void {
    if (at < this.#start || at + size > this.#end) throw new Error(`a read of ${size} bytes at ${at}`);
  }

  override getUint8(at: number): number {
    this.#guard(at, 1);
    return super.getUint8(at);
  }

  override getUint16(at: number, littleEndian?: boolean): number {
    this.#guard(at, 2);
    return super.getUint16(at, littleEndian);
  }

  override getUint32(at: number, littleEndian?: boolean): number {
    this.#guard(at, 4);
    return super.getUint32(at, littleEndian);
  }

  override getInt32(at: number, littleEndian?: boolean): number {
    this.#guard(at, 4);
    return super.getInt32(at, littleEndian);
  }
}
