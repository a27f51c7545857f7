import { enterNetworkNamespace } from "../../ffi/libc.ts";
import { IFF } from "../../ffi/linux/if.ts";
import { formatValue } from "../log/escape.ts";
import { LinkIntake } from "../rtnetlink/intake.ts";
import type { Link } from "../rtnetlink/link.ts";
import { systemClock } from "../util/clock.ts";
import { decodeName } from "../util/ifname.ts";
import { toJsonLine } from "../util/jsonline.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { isReaderGone, outputFailure } from "./output.ts";
import type { MonitorOptions } from "./parse.ts";
import { openSource } from "./sources.ts";

/** Room for queued messages, in bytes; a slow reader of the output must not cost events at once. */
const RECEIVE_BUFFER_BYTES = 16_777_216;
/** Output that may wait for its reader, in bytes; beyond that events are dropped, as the kernel does. */
const MOST_UNREAD_BYTES = 16_777_216;
const BUDGET = { datagrams: 1000, ms: 100 };

/** Prints link events, one a line, until it is told to stop or a recording ends. Throws SystemError, Failure. */
export async function runMonitor({ json, source: choice, namespace }: MonitorOptions): Promise<ExitCode> {
  if (namespace) enterNetworkNamespace(`/var/run/netns/${namespace}`);
  const source = openSource(choice);
  const end = Promise.withResolvers<void>();
  process.on("SIGINT", end.resolve).on("SIGTERM", end.resolve);
  process.stdout.on("error", (error) => (isReaderGone(error) ? end.resolve() : end.reject(outputFailure(error))));
  const format = json ? formatJson : formatText;
  let choked = false;
  const print = (line: string): void => {
    if (process.stdout.writableLength < MOST_UNREAD_BYTES) process.stdout.write(`${line}\n`);
    else if (!choked) tellLoss("the reader is too slow");
    choked = process.stdout.writableLength >= MOST_UNREAD_BYTES;
  };
  using intake = new LinkIntake(
    source,
    RECEIVE_BUFFER_BYTES,
    systemClock,
    BUDGET,
    {
      onLink: (link, deleted) => print(format(link, deleted, new Date(intake.wallMs ?? Date.now()))),
      onLoss: tellLoss,
      onEmpty: () => {},
      onPublish: () => {},
      onBroken: end.reject,
    },
    { address: true },
  );
  intake.drain();
  await Promise.race([end.promise, source.ended ?? end.promise]);
  await new Promise<void>((resolve) => process.stdout.end(resolve)); // what was written has to come out
  return EXIT.ok;
}

function tellLoss(reason: string): void {
  process.stderr.write(`portsyncd monitor: events were lost (${reason})\n`);
}

function flagNames(flags: number): string[] {
  return Object.entries(IFF).flatMap(([name, bit]) => ((flags & bit) !== 0 ? [name] : []));
}

function upDown(flags: number, bit: number): "up" | "down" {
  return (flags & bit) !== 0 ? "up" : "down";
}

/** An event as one JSON object; what the message does not say is null. */
export function formatJson(link: Link, deleted: boolean, time: Date): string {
  return toJsonLine({
    event: deleted ? "del" : "new",
    ifindex: link.ifindex,
    ifname: decodeName(link.name),
    flags: flagNames(link.flags),
    admin: upDown(link.flags, IFF.UP),
    oper: upDown(link.flags, IFF.RUNNING),
    mtu: link.mtu ?? null,
    master: link.master || null,
    kind: link.kind || null,
    address: link.address || null,
    time: time.toISOString(),
  });
}

/** An event as one line for people. */
export function formatText(link: Link, deleted: boolean, time: Date): string {
  const words = [
    time.toISOString(),
    deleted ? "del" : "new",
    `${link.ifindex}:`,
    formatValue(decodeName(link.name)),
    `admin ${upDown(link.flags, IFF.UP)}`,
    `oper ${upDown(link.flags, IFF.RUNNING)}`,
    ...(link.mtu === undefined ? [] : [`mtu ${link.mtu}`]),
    ...(link.master === 0 ? [] : [`master ${link.master}`]),
    ...(link.kind === "" ? [] : [`kind ${formatValue(link.kind)}`]),
    ...(link.address === "" ? [] : [`address ${link.address}`]),
    `<${flagNames(link.flags).join(",")}>`,
  ];
  return words.join(" ");
}
