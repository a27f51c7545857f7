import { NLA_TYPE_MASK, nlattr } from "../../ffi/linux/netlink.ts";
import { DecodeError } from "./error.ts";
import { align, LITTLE_ENDIAN } from "./message.ts";

/** Receives one attribute: its type without flags, and where its value begins and ends in the buffer. */
export type AttributeVisitor = (type: number, start: number, end: number) => void;

/**
 * Calls `visit` for every attribute between `start` and `end`, as RTA_OK and RTA_NEXT do.
 * Up to three bytes of padding after the last one are allowed; throws DecodeError for anything else that does not fit.
 */
export function walkAttributes(view: DataView, start: number, end: number, visit: AttributeVisitor): void {
  let at = start;
  while (end - at >= nlattr.size) {
    const size = view.getUint16(at + nlattr.offset.nla_len, LITTLE_ENDIAN);
    if (size < nlattr.size || size > end - at) {
      throw new DecodeError("attribute", `an attribute of ${size} bytes where ${end - at} are left`);
    }
    visit(view.getUint16(at + nlattr.offset.nla_type, LITTLE_ENDIAN) & NLA_TYPE_MASK, at + nlattr.size, at + size);
    at += align(size);
  }
}

/** A 32-bit value; throws DecodeError when the attribute is shorter. */
export function attributeU32(view: DataView, start: number, end: number): number {
  if (end - start < 4) throw new DecodeError("attribute", `${end - start} bytes are too few for 32 bits`);
  return view.getUint32(start, LITTLE_ENDIAN);
}

/** The bytes up to the first NUL, one character for each byte (latin1), so that every name has one spelling. */
export function attributeText(bytes: Uint8Array, start: number, end: number): string {
  let hash = 0;
  let at = start;
  for (; at < end && bytes[at] !== 0; at++) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
  if (at - start > LONGEST_KNOWN) return makeText(bytes, start, at);
  const slot = hash & (KNOWN - 1);
  const known = knownTexts[slot];
  if (known !== undefined && isText(known, bytes, start, at)) return known;
  return (knownTexts[slot] = makeText(bytes, start, at));
}

/** Texts come again and again: to find one among those that came before is cheaper than to make and to hash it anew. */
const KNOWN = 8192;
const LONGEST_KNOWN = 32;
const knownTexts: (string | undefined)[] = Array.from({ length: KNOWN });

function isText(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

function makeText(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}

/** An attribute with its header, padded to the alignment. */
export function encodeAttribute(type: number, value: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(align(nlattr.size + value.length));
  const view = new DataView(bytes.buffer);
  view.setUint16(nlattr.offset.nla_len, nlattr.size + value.length, LITTLE_ENDIAN);
  view.setUint16(nlattr.offset.nla_type, type, LITTLE_ENDIAN);
  bytes.set(value, nlattr.size);
  return bytes;
}
