import * as fc from "fast-check";

import type { Capture } from "../golden/capture.ts";
import captured from "../golden/captured.json" with { type: "json" };
import { HANDMADE } from "../golden/handmade.ts";

/** An attribute, and what its header says of its length if that is not the truth. */
interface Attribute {
  type: number;
  value: Uint8Array;
  claims?: number;
}

/** A message in parts, and what its header says of its length if that is not the truth. */
interface Message {
  /** nlmsg_type, nlmsg_flags, nlmsg_seq, nlmsg_pid. */
  readonly header: Uint8Array;
  /** ifinfomsg, or what is left of it. */
  info: Uint8Array;
  attributes: Attribute[];
  claims?: number;
}

/** One thing that is made odd in a datagram; `which`, `value` and `bytes` mean what the kind makes of them. */
export interface Edit {
  readonly kind: keyof typeof EDITS;
  readonly which: number;
  readonly value: number;
  readonly bytes: Uint8Array;
}

/** Longer than any datagram of an event; the real buffer has 64 KiB. */
const MOST_BYTES = 8192;
const LINKINFO = 18;
/** IFLA_UNSPEC, ADDRESS, IFNAME, MTU, MASTER, LINKINFO and neighbours, each also as the attribute that it is nested in. */
const TYPES = [0, 1, 2, 3, 4, 5, 9, 10, 11, 17, 18, 19, 0x3fff].flatMap((type) => [type, type | 0x4000, type | 0x8000]);
/** NOOP, ERROR, DONE, OVERRUN, and all of RTM_*LINK. */
const MESSAGE_TYPES = [0, 1, 2, 3, 4, 15, 16, 17, 18, 19, 20, 0xffff];

/** Real datagrams of the kernel, and those put together by hand. */
export const GOLDEN: readonly Uint8Array[] = [
  ...(captured as Capture).packets.flatMap(({ datagrams }) => datagrams),
  ...HANDMADE.map(({ hex }) => hex.join("").replaceAll(" ", "")),
].map((hex) => new Uint8Array(Buffer.from(hex, "hex")));

function take(bytes: Uint8Array): Message[] {
  const messages: Message[] = [];
  for (let rest = Buffer.from(bytes); rest.length > 0;) {
    const length = rest.readUInt32LE(0);
    const payload = rest.subarray(32, length);
    const info = new Uint8Array(rest.subarray(16, Math.min(32, length)));
    messages.push({ header: new Uint8Array(rest.subarray(4, 16)), info, attributes: takeAttributes(payload) });
    rest = rest.subarray((length + 3) & ~3);
  }
  return messages;
}

function takeAttributes(payload: Buffer): Attribute[] {
  const attributes: Attribute[] = [];
  for (let rest = payload; rest.length >= 4; rest = rest.subarray((rest.readUInt16LE(0) + 3) & ~3))
    attributes.push({ type: rest.readUInt16LE(2), value: new Uint8Array(rest.subarray(4, rest.readUInt16LE(0))) });
  return attributes;
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}

function putAttribute({ type, value, claims }: Attribute): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt16LE((claims ?? 4 + value.length) & 0xffff, 0);
  header.writeUInt16LE(type & 0xffff, 2);
  return padded(Buffer.concat([header, value]));
}

function putMessage({ header, info, attributes, claims }: Message): Buffer {
  const payload = Buffer.concat([info, ...attributes.map(putAttribute)]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE((claims ?? 16 + payload.length) >>> 0, 0);
  return padded(Buffer.concat([length, header, payload]));
}

function pick<Item>(list: readonly Item[], which: number): Item | undefined {
  return list[which % list.length];
}

/** An edit of one message, and of one of its attributes. */
function ofMessage(edit: (message: Message, by: Edit) => void) {
  return (messages: Message[], by: Edit) => {
    const message = pick(messages, by.which);
    if (message) edit(message, by);
  };
}

function ofAttribute(edit: (attribute: Attribute, by: Edit, message: Message) => void) {
  return ofMessage((message, by) => {
    const attribute = pick(message.attributes, by.value);
    if (attribute) edit(attribute, by, message);
  });
}

const STRUCTURAL = {
  "message type": ofMessage(({ header }, { value }) => {
    Buffer.from(header.buffer).writeUInt16LE(pick(MESSAGE_TYPES, value)!);
  }),
  "message length": ofMessage((message, { value }) => (message.claims = value)),
  "message length, nearly": ofMessage((message, { value }) => {
    message.claims = putMessage({ ...message, claims: 0 }).length + (value % 9) - 4;
  }),
  "message dropped": (messages: Message[], { which }: Edit) => void messages.splice(which % (messages.length || 1), 1),
  "message repeated": (messages: Message[], { which, value }: Edit) => {
    const repeated = messages.slice(which % (messages.length || 1)).slice(0, 1);
    for (let i = value % 40; i > 0; i--) messages.push(...repeated);
  },
  "another message": (messages: Message[], { which }: Edit) => void messages.push(...take(pick(GOLDEN, which)!)),
  "ifinfomsg cut": ofMessage((message, { value }) => (message.info = message.info.slice(0, value % 17))),
  "ifinfomsg changed": ofMessage(({ info }, { value, bytes }) => {
    for (const [i, byte] of bytes.subarray(0, 4).entries()) info[(value + i) % (info.length || 1)] = byte;
  }),
  "attribute type": ofAttribute((attribute, { bytes }) => (attribute.type = pick(TYPES, bytes[0] ?? 0)!)),
  "attribute length": ofAttribute((attribute, { which, bytes }) => {
    attribute.claims = bytes.length > 1 ? bytes[0]! + 256 * (bytes[1]! % 4) : which % 12;
  }),
  "attribute length, nearly": ofAttribute((attribute, { which }) => {
    attribute.claims = 4 + attribute.value.length + (which % 9) - 4;
  }),
  "attribute value": ofAttribute((attribute, { bytes }) => (attribute.value = bytes)),
  "attribute emptied": ofAttribute((attribute) => (attribute.value = new Uint8Array(0))),
  "attribute cut": ofAttribute((attribute, { which }) => {
    attribute.value = attribute.value.slice(0, which % (attribute.value.length + 1));
  }),
  "attribute dropped": ofAttribute((attribute, _, message) => {
    message.attributes = message.attributes.filter((each) => each !== attribute);
  }),
  "attribute doubled": ofAttribute((attribute, _, message) => message.attributes.push({ ...attribute })),
  "attribute many times": ofAttribute((attribute, { which }, message) => {
    for (let i = which % 300; i > 0; i--) message.attributes.push({ ...attribute });
  }),
  "attribute added": ofMessage(({ attributes }, { value, bytes }) => {
    attributes.push({ type: pick(TYPES, value)!, value: bytes });
  }),
  "attributes in another order": ofMessage(({ attributes }) => attributes.reverse()),
  "attribute nested": ofAttribute((attribute, { which }) => {
    for (let depth = which % 5; depth >= 0; depth--) attribute.value = putAttribute({ ...attribute });
    attribute.type = LINKINFO;
  }),
  name: ofMessage(({ attributes }, { bytes }) => {
    for (const attribute of attributes) if (attribute.type === 3) attribute.value = bytes;
  }),
  kind: ofMessage(({ attributes }, { bytes }) => {
    attributes.push({ type: LINKINFO, value: putAttribute({ type: 1, value: bytes }) });
  }),
} as const satisfies Record<string, (messages: Message[], edit: Edit) => void>;

const RAW = {
  "flipped bit": (bytes: Buffer, { which, value }: Edit) => {
    if (bytes.length > 0) bytes[which % bytes.length]! ^= 1 << (value % 8);
    return bytes;
  },
  "changed bytes": (bytes: Buffer, { which, bytes: by }: Edit) => {
    Buffer.from(by).copy(bytes, which % (bytes.length + 1));
    return bytes;
  },
  "cut off": (bytes: Buffer, { value }: Edit) => bytes.subarray(0, value % (bytes.length + 1)),
  "too long": (bytes: Buffer, { bytes: by }: Edit) => Buffer.concat([bytes, by]),
  "moved over itself": (bytes: Buffer, { which, value }: Edit) =>
    bytes.copyWithin(which % (bytes.length + 1), value % (bytes.length + 1)),
} as const satisfies Record<string, (bytes: Buffer, edit: Edit) => Buffer>;

/** Every kind of edit: of the parts of a datagram before it is put together, or of its bytes. */
export const EDITS = { ...STRUCTURAL, ...RAW };

/** A datagram that was made odd. */
export function editDatagram(datagram: Uint8Array, edits: readonly Edit[]): Uint8Array<ArrayBuffer> {
  const messages = take(datagram);
  for (const edit of edits)
    if (edit.kind in STRUCTURAL) STRUCTURAL[edit.kind as keyof typeof STRUCTURAL](messages, edit);
  let bytes: Buffer = Buffer.concat(messages.map(putMessage));
  for (const edit of edits) if (edit.kind in RAW) bytes = RAW[edit.kind as keyof typeof RAW](bytes, edit);
  return new Uint8Array(bytes.subarray(0, MOST_BYTES));
}

const TEXTS = [
  "",
  "\0",
  "Ethernet0\0",
  "a\0b\0",
  "a".repeat(15),
  `${"a".repeat(15)}\0`,
  "a".repeat(16),
  "a".repeat(300),
];
const NOT_UTF8 = ["\xff\xfe\0", "\xc3", "\xed\xa0\x80\0"];
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom(...[...TEXTS, ...NOT_UTF8].map((text) => new Uint8Array(Buffer.from(text, "latin1")))),
);
const LIMITS = [0, 1, 3, 4, 5, 15, 16, 17, 20, 31, 32, 33, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
/** Any edit. */
export const anyEdit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom(...(Object.keys(EDITS) as (keyof typeof EDITS)[])),
  which: fc.nat(9999),
  value: fc.oneof(fc.constantFrom(...LIMITS), fc.nat(0xffff)),
  bytes,
});

/** Golden datagrams, made odd in up to six ways. */
export const oddDatagrams: fc.Arbitrary<Uint8Array<ArrayBuffer>> = fc
  .tuple(fc.constantFrom(...GOLDEN), fc.array(anyEdit, { maxLength: 6 }))
  .map(([golden, edits]) => editDatagram(golden, edits));
