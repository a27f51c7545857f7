/** Text as a bulk string of RESP2. */
export function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

/** Replies, put together by their caller, as an array of RESP2. */
export function array(...items: readonly string[]): string {
  return `*${items.length}\r\n${items.join("")}`;
}

/** What a Redis with nothing in it answers to the commands of the daemon: in RESP2, but for HELLO 3. */
export function honestReply(command: readonly string[]): string {
  const [verb = "", ...args] = command;
  const answers: Readonly<Record<string, () => string>> = {
    COMMAND: () => array(array(bulk("hello"))),
    HELLO: () => `%1\r\n${bulk("proto")}:3\r\n`,
    SELECT: () => "+OK\r\n",
    PING: () => "+PONG\r\n",
    ECHO: () => bulk(args[0] ?? ""),
    HGET: () => "$-1\r\n",
    HMGET: () => array(...args.slice(1).map(() => "$-1\r\n")),
    HGETALL: () => array(),
    KEYS: () => array(bulk("PORT|Ethernet0")),
    SCAN: () => array(bulk("0"), array()),
    HLEN: () => ":0\r\n",
    HEXISTS: () => ":0\r\n",
    HSET: () => ":1\r\n",
    DEL: () => ":0\r\n",
    EVALSHA: () => "$-1\r\n",
    EVAL: () => "$-1\r\n",
    CONFIG: () => array(bulk(args[1] ?? ""), bulk("AKE")),
    PSUBSCRIBE: () => array(bulk("psubscribe"), bulk(args[0] ?? ""), ":1\r\n"),
  };
  return answers[verb]?.() ?? `-ERR unknown command '${verb}'\r\n`;
}
