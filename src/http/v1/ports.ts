import type { PortState } from "../../port/state.ts";
import { decodeName, encodeName } from "../../util/ifname.ts";
import type { PortFacts, Sources } from "../sources.ts";
import { findProblems, isInSync } from "./portproblem.ts";
import type { Response } from "./schema.ts";
import { toTime, toTimeOrNull } from "./time.ts";

/** Which ports are wanted. */
export interface PortsQuery {
  /** The name of the port after which to begin, as it is shown; undefined for the first. */
  readonly after: string | undefined;
  readonly limit: number;
}

// As people count: Ethernet8 comes before Ethernet12.
const order = new Intl.Collator("en", { numeric: true });

/** A port, as one of the answer to GET /api/v1/ports. */
export function toPort(facts: PortFacts): Response<"Port"> {
  const { name, kernel, published, isAwaited, flaps, lastChangeWallMs } = facts;
  return {
    name: decodeName(name),
    admin: kernel ? upDown(kernel.admin) : null,
    oper: kernel ? upDown(kernel.oper) : null,
    mtu: kernel?.mtu ?? null,
    published: published ? toSnapshot(published) : null,
    in_sync: isInSync(facts),
    awaited: isAwaited,
    flaps_total: flaps,
    last_change: toTimeOrNull(lastChangeWallMs),
    problems: findProblems(facts),
  };
}

/** The answer to GET /api/v1/ports. */
export function toPorts(
  facts: Iterable<PortFacts>,
  { after, limit }: PortsQuery,
  nowWallMs: number,
): Response<"Ports"> {
  const all = sortPorts(facts);
  const from = after === undefined ? undefined : encodeName(after);
  const rest = from === undefined ? all : all.filter(({ name }) => compareNames(name, from) > 0);
  const piece = rest.slice(0, limit);
  const next = rest.length > limit ? decodeName(piece.at(-1)!.name) : null;
  return { time: toTime(nowWallMs), total: all.length, ports: piece.map(toPort), next };
}

/** The ports as people would order them. */
export function sortPorts(facts: Iterable<PortFacts>): PortFacts[] {
  return [...facts].sort((a, b) => compareNames(a.name, b.name));
}

/** The port that is shown under a name; undefined when there is none. */
export function findPort(sources: Pick<Sources, "port">, shown: string): PortFacts | undefined {
  return sources.port(encodeName(shown));
}

/** A state as it is published. */
export function toSnapshot({ admin, oper, mtu }: PortState): {
  admin: "up" | "down";
  oper: "up" | "down";
  mtu: number;
} {
  return { admin: upDown(admin), oper: upDown(oper), mtu };
}

function compareNames(a: string, b: string): number {
  return order.compare(a, b) || (a < b ? -1 : Number(a > b));
}

function upDown(isUp: boolean): "up" | "down" {
  return isUp ? "up" : "down";
}
