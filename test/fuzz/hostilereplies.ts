import * as fc from "fast-check";

import { array, bulk, honestReply } from "./honestreply.ts";
import type { Hostility } from "./hostileserver.ts";

/** The pattern that the connector under test subscribes to. */
const PATTERN = "__keyspace@6__:PORT_TABLE|*";
const CHANNEL = "__keyspace@6__:PORT_TABLE|Ethernet0";

/** Replies that are wrong for some command or for every one, by what they are; one character for each byte. */
export const HOSTILE_REPLIES: Readonly<Record<string, string>> = {
  nothing: "",
  "an integer": ":5\r\n",
  "a negative integer": ":-1\r\n",
  "an integer of 400 digits": `:${"9".repeat(400)}\r\n`,
  "an integer without a digit": ":x\r\n",
  "a status": "+fine\r\n",
  "a string": bulk("hi"),
  "an empty string": bulk(""),
  "a string of all bytes": bulk(String.fromCharCode(...Array(256).keys())),
  nil: "$-1\r\n",
  "an array that is nil": "*-1\r\n",
  "an empty array": array(),
  "a string of length -5": "$-5\r\n",
  "an array of length -7": "*-7\r\n",
  "a string longer than there will ever be": "$99999999999\r\nabc",
  "a string longer than it says": "$2\r\nhello\r\n",
  "a string that is cut off": "$5\r\nhel",
  "an array longer than there will ever be": `*4294967295\r\n${bulk("a")}`,
  "an array of 2^32 elements": "*4294967296\r\n",
  "an array that is cut off": `*3\r\n${bulk("a")}`,
  "an array of everything": array(":1\r\n", array(array()), "$-1\r\n", "*-1\r\n", "+x\r\n", "-ERR y\r\n"),
  "an array of 100,000 empty ones": array(...Array<string>(100_000).fill("*0\r\n")),
  "arrays 20,000 deep": `${"*1\r\n".repeat(20_000)}:1\r\n`,
  "arrays 33,000 deep": `${"*1\r\n".repeat(33_000)}:1\r\n`,
  "arrays 100,000 deep": "*1\r\n".repeat(100_000),
  "an error": "-ERR no\r\n",
  "an error without a word": "-\r\n",
  "an error of the key": "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
  "an error of the server": "-LOADING Redis is loading the dataset in memory\r\n",
  "a redirection": "-MOVED 1 10.0.0.1:6379\r\n",
  "an error about scripts": "-NOSCRIPT No matching script\r\n",
  "an unknown type": "?1\r\n",
  "an HTTP answer": "HTTP/1.1 400 Bad Request\r\n\r\n",
  "bytes of zero": "\0\0\0\0\0\0\0\0",
  "all bytes": String.fromCharCode(...Array(256).keys()),
  "line ends alone": "\r\n\r\n",
  "line feeds alone": "+OK\n+OK\n",
  "a line of a megabyte without an end": `+${"x".repeat(1_000_000)}`,
  "the nil of RESP3": "_\r\n",
  "a boolean": "#t\r\n",
  "a double": ",1.5\r\n",
  "a double that is none": ",one\r\n",
  "a big number": "(3492890328409238509324850943850943825024385\r\n",
  "a verbatim string": "=7\r\ntxt:abc\r\n",
  "a verbatim string too short for its format": "=0\r\n\r\n",
  "a map": `%1\r\n${bulk("a")}${bulk("b")}`,
  "a map with a prototype": `%1\r\n${bulk("__proto__")}${array(bulk("b"))}`,
  "a map that is cut off": `%2\r\n${bulk("a")}`,
  "a set": `~1\r\n${bulk("a")}`,
  "an attribute": "|1\r\n+a\r\n+b\r\n:1\r\n",
  "a push": `>2\r\n${bulk("invalidate")}${array(bulk("a"))}`,
  "a push of a message": `>4\r\n${bulk("pmessage")}${bulk(PATTERN)}${bulk(CHANNEL)}${bulk("hset")}`,
  "an error of RESP3": "!5\r\nERR x\r\n",
  "a string in pieces": "$?\r\n;4\r\nabcd\r\n;0\r\n",
  "ten replies": "+OK\r\n".repeat(10),
  "a message": array(bulk("message"), bulk("elsewhere"), bulk("hset")),
  "a message of the pattern": array(bulk("pmessage"), bulk(PATTERN), bulk(CHANNEL), bulk("hset")),
  "a message of another pattern": array(bulk("pmessage"), bulk("*"), bulk(CHANNEL), bulk("hset")),
  "a message on a channel outside of its pattern": array(bulk("pmessage"), bulk(PATTERN), bulk("x"), bulk("hset")),
  "a message of one element": array(bulk("pmessage")),
  "a message without its text": array(bulk("pmessage"), bulk(PATTERN), bulk(CHANNEL)),
  "a message of six elements": array(bulk("pmessage"), ...Array<string>(5).fill(bulk(PATTERN))),
  "a message of nil": array(bulk("pmessage"), bulk(PATTERN), "$-1\r\n", "$-1\r\n"),
  "a message of numbers": array(bulk("pmessage"), bulk(PATTERN), ":1\r\n", ":2\r\n"),
  "a message of arrays": array(bulk("pmessage"), array(), array(), array()),
  "a subscription that nobody asked for": array(bulk("psubscribe"), bulk("other"), ":2\r\n"),
  "a subscription without a number": array(bulk("psubscribe"), bulk(PATTERN)),
  "the end of a subscription": array(bulk("punsubscribe"), bulk(PATTERN), ":0\r\n"),
  "the end of a sharded subscription": array(bulk("sunsubscribe"), bulk(PATTERN), ":0\r\n"),
  "half an answer to PING": array(bulk("pong")),
  "a cursor that never ends": array(bulk("7"), array(bulk("PORT_TABLE|Ethernet0"))),
  "a cursor that is a number": array(":7", array()),
  "a cursor without keys": array(bulk("0")),
  "a cursor with keys that are none": array(bulk("0"), array("$-1\r\n", ":1\r\n")),
  "an odd number of fields": array(bulk("a"), bulk("b"), bulk("c")),
  "fewer values than were asked for": array("$-1\r\n"),
  "more values than were asked for": array(...Array<string>(9).fill(bulk("ok"))),
};

/** The commands of the daemon, and what may come before any. */
export const COMMANDS: readonly string[] =
  "connect COMMAND HELLO SELECT PING HSET HGET HMGET HGETALL KEYS SCAN HLEN HEXISTS EVALSHA CONFIG PSUBSCRIBE".split(
    " ",
  );

/**
 * True for bytes at which the Redis client itself hangs or takes all memory, whatever is done here:
 * lengths that are no number, and arrays of a million elements and more that are made before they arrive.
 */
export function isBeyondTheClient(bytes: string): boolean {
  return /[$=!*~%>](-?\d*([^\d\r-]|$)|\d{6,9}\r)/.test(bytes);
}

const text = fc.oneof(
  fc.string({ unit: "binary-ascii", maxLength: 20 }),
  fc.constantFrom("0", "7", PATTERN, CHANNEL, "pmessage"),
);
const { reply } = fc.letrec<{ reply: string }>((tie) => ({
  reply: fc.oneof(
    { maxDepth: 4, depthIdentifier: "reply" },
    text.map(bulk),
    fc.integer().map((number) => `:${number}\r\n`),
    fc.constantFrom("+OK\r\n", "-ERR x\r\n", "$-1\r\n", "*-1\r\n", "_\r\n", "#f\r\n", ",0.5\r\n", "(12\r\n"),
    fc.array(tie("reply"), { maxLength: 4 }).map((items) => array(...items)),
    fc.array(tie("reply"), { maxLength: 4 }).map((items) => `>${items.length}\r\n${items.join("")}`),
    fc
      .array(fc.tuple(tie("reply"), tie("reply")), { maxLength: 2 })
      .map((pairs) => `%${pairs.length}\r\n${pairs.flat().join("")}`),
  ),
}));
const whole = fc.oneof(reply, fc.constantFrom(...Object.values(HOSTILE_REPLIES).filter((each) => each.length < 1000)));
const damaged = fc.tuple(whole, fc.nat(), fc.nat(255), fc.nat(2)).map(([bytes, at, byte, length]) => {
  const cut = at % (bytes.length + 1);
  return bytes.slice(0, cut) + String.fromCharCode(byte) + bytes.slice(cut + length);
});
const cutOff = fc.tuple(whole, fc.nat()).map(([bytes, at]) => bytes.slice(0, at % (bytes.length + 1)));
const noise = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString("latin1"));

/** Bytes in the place of a reply. */
export const hostileBytes: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: whole },
  { weight: 2, arbitrary: damaged },
  { weight: 1, arbitrary: cutOff },
  { weight: 1, arbitrary: noise },
);

/** Anything that a server can do wrong once it speaks. */
export const hostilities: fc.Arbitrary<Hostility> = fc
  .record({
    to: fc.constantFrom(...COMMANDS),
    place: fc.constantFrom("instead", "before", "after"),
    bytes: hostileBytes,
    piece: fc.constantFrom(0, 0, 1, 2, 7),
    afterwards: fc.constantFrom("goes on", "goes on", "is closed", "is reset", "is silent"),
  })
  .filter(({ to, bytes }) => {
    const answer = honestReply([to]);
    return !isBeyondTheClient(`${bytes}${answer}`) && !isBeyondTheClient(`${answer}${bytes}`);
  });
